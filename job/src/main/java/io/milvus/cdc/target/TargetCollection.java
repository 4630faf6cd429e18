package io.milvus.cdc.target;

import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Index;
import io.milvus.cdc.catalog.v1.Partition;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.SourceName;
import io.milvus.cdc.target.TargetConnection.Place;
import io.milvus.cdc.target.TargetException.Kind;
import io.milvus.cdc.task.Selection.Name;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.ConsistencyLevel;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.CreateIndexRequest;
import io.milvus.grpc.DeleteRequest;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.IDs;
import io.milvus.grpc.IndexDescription;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.UpsertRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import milvus.proto.msg.Msg;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The copy of one source collection on the target.
 *
 * <p>Every method may be repeated, after success and after failure at any point: it compares what
 * is there with what is wanted. Used by one thread at a time.
 */
final class TargetCollection implements LaneWork {

  private static final Logger LOG = LoggerFactory.getLogger(TargetCollection.class);

  private static final String DEFAULT_PARTITION = "_default";

  /** Of a collection, in characters: Milvus 2.3 to 2.5 allow 255 unless they are set otherwise. */
  private static final int LONGEST_NAME = 255;

  /** Names are given up within milliseconds, unless two collections wait for each other's. */
  private static final Duration PATIENCE_FOR_A_NAME = Duration.ofSeconds(2);

  private final long collectionId;
  private final TargetConnection connection;
  private final TargetTuning tuning;
  private final SideBySide calls;

  private CollectionState state = CollectionState.getDefaultInstance();
  private CollectionSchema schema = CollectionSchema.getDefaultInstance();
  private Place place = new Place("", "");

  /** What the source calls it: known before it is on the target, and when it cannot be there. */
  private Optional<StoppedCollection.Name> sourceName = Optional.empty();

  private final Set<String> partitions = new HashSet<>();

  /** Source ids whose drop was applied, as long as the metadata still lists them. */
  private final Set<Long> droppedPartitions = new HashSet<>();

  /** Since when another copy has had the wanted name, without a break. */
  private Optional<Instant> blockedSince = Optional.empty();

  /** Why the copy has not got the wanted name, or not all aliases. */
  private Optional<String> lacking = Optional.empty();

  private boolean loadPending;

  /** The newest creation or renaming, while the target has not said that it is done. */
  private Optional<Move> unanswered = Optional.empty();

  /** A creation or renaming of the copy. */
  private record Move(Place to, Request request) {

    @FunctionalInterface
    interface Request {
      void on(TargetClient client) throws TargetException;
    }
  }

  TargetCollection(
      long collectionId, TargetConnection connection, TargetTuning tuning, SideBySide calls) {
    this.collectionId = collectionId;
    this.connection = connection;
    this.tuning = tuning;
    this.calls = calls;
  }

  @Override
  public int apply(SourceEvent event) throws TargetException {
    if (event instanceof CollectionSeen seen) {
      return apply(withoutOrigin(seen.state()));
    } else if (event instanceof CollectionGone gone) {
      return drop(gone);
    } else if (event instanceof LogMessage message
        && message.header().kind() == LogMessageHeader.Kind.DROP_PARTITION) {
      return dropPartition(message);
    } else if (event instanceof LogMessage message
        && message.header().kind() == LogMessageHeader.Kind.FLUSH) {
      return flush();
    } else if (event instanceof CollectionStopped stopped) {
      throw new TargetException(Kind.PERMANENT, stopped.reason());
    }
    return 0;
  }

  /** A source that was a target itself has the property that tells whose copies its own are. */
  private static CollectionState withoutOrigin(CollectionState state) {
    return state.containsProperties(TargetConnection.ORIGIN_PROPERTY)
        ? state.toBuilder().removeProperties(TargetConnection.ORIGIN_PROPERTY).build()
        : state;
  }

  /** One that the target's rate limit refuses is left out: waiting for it would hold up rows. */
  private int flush() throws TargetException {
    boolean flushed = connection.client().flush(place.database(), place.name());
    if (!flushed) {
      LOG.debug("The target's rate limit refused a flush, it is left out: collection={}", place);
    }
    return flushed ? 1 : 0;
  }

  @Override
  public Optional<String> lacking() {
    return lacking;
  }

  @Override
  public boolean isLoadPending() {
    return loadPending;
  }

  @Override
  public Optional<StoppedCollection.Name> collection() {
    return sourceName;
  }

  @Override
  public RowBatch newBatch() {
    return new RowBatch(new RowFormat(schema), tuning);
  }

  /**
   * Makes the target's collection look like the source's: creates what is missing, renames, drops
   * indexes that are no more, loads, releases.
   *
   * <p>Only its name or an alias may be {@link #lacking}, while the copy of another collection of
   * the source has it: that one's next step, which frees the name, may stand behind a checkpoint
   * that waits for this one.
   *
   * @return how many operations it took
   */
  private int apply(CollectionState wanted) throws TargetException {
    Place wantedPlace = new Place(wanted.getDatabase(), wanted.getName());
    Name onSource = SourceName.of(wanted);
    sourceName =
        Optional.of(new StoppedCollection.Name(onSource.database(), onSource.collection()));
    CollectionSchema wantedSchema = parseSchema(wanted);
    TargetClient client = connection.client();
    int operations = 0;

    Place freePlace = freePlace(client, wantedPlace);
    if (unanswered.filter(move -> !move.to().equals(freePlace)).isPresent()) {
      settle(client);
    }
    Optional<Place> present = connection.locate(collectionId);
    if (present.isPresent() && !present.get().equals(freePlace)) {
      operations += rename(client, present.get(), freePlace);
    }
    Optional<DescribeCollectionResponse> found =
        client.describeCollection(freePlace.database(), freePlace.name());
    requireRelease(client, wantedSchema, freePlace);
    if (found.isEmpty()) {
      create(client, wanted, wantedSchema, freePlace);
      operations++;
    } else {
      operations += adopt(client, found.get(), wantedSchema, freePlace);
    }
    unanswered = Optional.empty();
    connection.copied(collectionId, freePlace);
    state = wanted;
    schema = wantedSchema;
    place = freePlace;

    List<KeyValuePair> properties =
        found.map(DescribeCollectionResponse::getPropertiesList).orElse(List.of());
    if (found.isPresent()) {
      operations += applyProperties(client, properties);
    }
    operations += createPartitions(client);
    operations += applyIndexesAndLoad(client);
    TargetAliases aliases = new TargetAliases(connection, place);
    operations += aliases.apply(state.getAliasesList());
    lacking = lacking.or(aliases::lacking);
    return operations;
  }

  private static void requireRelease(TargetClient client, CollectionSchema wanted, Place at)
      throws TargetException {
    NeededRelease needed = NeededRelease.of(wanted);
    if (!needed.isTheFirst()) {
      needed.check(at.toString(), client.version());
    }
  }

  /** Creates the copy, and makes sure that the target has left out nothing of its schema. */
  private void create(
      TargetClient client, CollectionState wanted, CollectionSchema wantedSchema, Place at)
      throws TargetException {
    client.createDatabaseIfAbsent(at.database());
    CreateCollectionRequest request = creation(wanted, wantedSchema, at);
    move(client, new Move(at, open -> open.createCollection(request)));
    Optional<DescribeCollectionResponse> created =
        client.describeCollection(at.database(), at.name());
    if (created.isPresent()) {
      SchemaFit.checkCreated(at.toString(), wantedSchema, created.get().getSchema());
    }
  }

  private int rename(TargetClient client, Place from, Place to) throws TargetException {
    int operations = 1;
    TargetAliases aliases = new TargetAliases(connection, from);
    if (from.database().equals(to.database())) {
      // Milvus gives no collection a name that is an alias, be it its own.
      operations += aliases.giveUp(to.name());
    } else {
      client.createDatabaseIfAbsent(to.database());
      // Milvus moves no collection that has an alias.
      operations += aliases.apply(List.of());
    }
    move(client, renaming(from, to));
    return operations;
  }

  private static Move renaming(Place from, Place to) {
    return new Move(
        to,
        client -> client.renameCollection(from.database(), from.name(), to.database(), to.name()));
  }

  private void move(TargetClient client, Move move) throws TargetException {
    unanswered = Optional.of(move);
    move.request().on(client);
    connection.copied(collectionId, move.to());
    unanswered = Optional.empty();
  }

  /**
   * Waits for a creation or renaming that the target may still do although its answer was lost: one
   * that is done after the copy was dropped, or made elsewhere, would leave a second. The target
   * does such requests one after the other (Milvus 2.3 to 2.5), so when it has answered the same
   * one again, the first is over.
   */
  private void settle(TargetClient client) throws TargetException {
    if (unanswered.isEmpty()) {
      return;
    }
    Move move = unanswered.get();
    try {
      move.request().on(client);
    } catch (TargetException e) {
      if (e.kind().mayBeAway()) {
        throw e;
      }
      LOG.debug("A repeated request is refused, as it should be when the first was done", e);
    }
    connection.copied(collectionId, move.to());
    unanswered = Optional.empty();
  }

  /**
   * Where the copy is to be now: where it is wanted, unless the copy of another collection of the
   * source is there for longer than a moment. That one may be waiting for this one's name, as when
   * two collections have swapped theirs, so this one gives up its own too. Each lane moves nothing
   * but its own copy, because the others may be writing to theirs.
   *
   * @throws TargetException while it is to be waited
   */
  private Place freePlace(TargetClient client, Place wanted) throws TargetException {
    Optional<DescribeCollectionResponse> occupier =
        client.describeCollection(wanted.database(), wanted.name());
    Optional<String> origin =
        occupier
            .flatMap(TargetConnection::origin)
            .filter(other -> !other.equals(connection.originOf(collectionId)));
    if (origin.isEmpty()) {
      blockedSince = Optional.empty();
      lacking = Optional.empty();
      return wanted;
    }
    TargetException taken = taken(occupier.get(), wanted);
    if (!connection.isOfTheSource(origin.get()) || !hasWaitedForAName()) {
      throw taken;
    }
    Place aside = aside(wanted);
    lacking = Optional.of(taken.getMessage() + "; until then it is " + aside);
    return aside;
  }

  private Place aside(Place wanted) {
    String suffix = asideSuffix();
    String name = wanted.name();
    int most = LONGEST_NAME - suffix.length();
    return new Place(wanted.database(), name.substring(0, Math.min(name.length(), most)) + suffix);
  }

  private String asideSuffix() {
    return "_cdc_" + collectionId;
  }

  private boolean hasWaitedForAName() {
    Instant now = Instant.now();
    blockedSince = blockedSince.or(() -> Optional.of(now));
    return now.isAfter(blockedSince.get().plus(PATIENCE_FOR_A_NAME));
  }

  private TargetException taken(DescribeCollectionResponse occupier, Place name) {
    return TargetConnection.wait(
        "the target's "
            + name
            + " is "
            + TargetConnection.origin(occupier)
                .map(origin -> "the copy of another source collection (" + origin + ")")
                .orElse("not a copy made by a task")
            + ", wanted is "
            + connection.originOf(collectionId)
            + "; it waits until that one is dropped or renamed on the target");
  }

  private int adopt(
      TargetClient client,
      DescribeCollectionResponse found,
      CollectionSchema wantedSchema,
      Place wantedPlace)
      throws TargetException {
    Optional<String> origin = TargetConnection.origin(found);
    String ownOrigin = connection.originOf(collectionId);
    if (origin.isPresent() && !origin.get().equals(ownOrigin)) {
      throw taken(found, wantedPlace);
    }
    SchemaFit.check(wantedPlace.toString(), wantedSchema, found.getSchema());
    if (origin.isPresent()) {
      return 0;
    }
    client.setProperties(
        wantedPlace.database(),
        wantedPlace.name(),
        Map.of(TargetConnection.ORIGIN_PROPERTY, ownOrigin));
    return 1;
  }

  private CreateCollectionRequest creation(
      CollectionState wanted, CollectionSchema wantedSchema, Place at) {
    CreateCollectionRequest.Builder request =
        CreateCollectionRequest.newBuilder()
            .setDbName(at.database())
            .setCollectionName(at.name())
            .setSchema(withoutAutoId(at.name(), wantedSchema).toByteString())
            .setShardsNum(wanted.getShardsCount())
            .setConsistencyLevel(ConsistencyLevel.forNumber(wanted.getConsistencyLevel()));
    new TreeMap<>(wanted.getPropertiesMap())
        .forEach((key, value) -> request.addProperties(property(key, value)));
    request.addProperties(
        property(TargetConnection.ORIGIN_PROPERTY, connection.originOf(collectionId)));
    if (hasPartitionKey(wantedSchema)) {
      request.setNumPartitions(wanted.getPartitionsCount());
    }
    return request.build();
  }

  /** The source's keys are written, so the target must not make its own. */
  private static CollectionSchema withoutAutoId(String name, CollectionSchema schema) {
    CollectionSchema.Builder copy = schema.toBuilder().setName(name).clearFields();
    for (FieldSchema field : schema.getFieldsList()) {
      copy.addFields(field.toBuilder().setAutoID(false));
    }
    return copy.build();
  }

  private static KeyValuePair property(String key, String value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(value).build();
  }

  private int createPartitions(TargetClient client) throws TargetException {
    partitions.clear();
    partitions.addAll(client.partitions(place.database(), place.name()));
    if (hasPartitionKey()) {
      return 0;
    }
    droppedPartitions.retainAll(
        state.getPartitionsList().stream().map(Partition::getId).collect(Collectors.toSet()));
    int operations = 0;
    for (Partition partition : state.getPartitionsList()) {
      if (!droppedPartitions.contains(partition.getId())) {
        operations += createPartition(client, partition.getName());
      }
    }
    return operations;
  }

  private int createPartition(TargetClient client, String partition) throws TargetException {
    if (partition.isEmpty() || partitions.contains(partition)) {
      return 0;
    }
    client.createPartition(place.database(), place.name(), partition);
    partitions.add(partition);
    return 1;
  }

  /** Properties of the source that are not so on the target, and the reverse. */
  private int applyProperties(TargetClient client, List<KeyValuePair> present)
      throws TargetException {
    Map<String, String> changed = new TreeMap<>(state.getPropertiesMap());
    Set<String> superfluous = new TreeSet<>();
    for (KeyValuePair property : present) {
      if (!changed.remove(property.getKey(), property.getValue())
          && !state.containsProperties(property.getKey())
          && !property.getKey().equals(TargetConnection.ORIGIN_PROPERTY)) {
        superfluous.add(property.getKey());
      }
    }
    int operations = 0;
    if (!changed.isEmpty()) {
      client.setProperties(place.database(), place.name(), changed);
      operations++;
    }
    if (!superfluous.isEmpty()) {
      client.removeProperties(place.database(), place.name(), superfluous);
      operations++;
    }
    return operations;
  }

  private int applyIndexesAndLoad(TargetClient client) throws TargetException {
    LoadedPart loaded = new LoadedPart(client, place, partitions);
    int operations = loaded.releaseWhatIsNotWanted(state);
    Map<String, Index> missing = new TreeMap<>();
    state.getIndexesList().forEach(index -> missing.put(index.getName(), index));
    for (IndexDescription present : client.indexes(place.database(), place.name())) {
      Index wanted = missing.get(present.getIndexName());
      if (wanted != null && isSame(wanted, present)) {
        missing.remove(wanted.getName());
      } else {
        // Milvus drops no index of a collection that is loaded.
        operations += loaded.release();
        client.dropIndex(
            place.database(), place.name(), present.getFieldName(), present.getIndexName());
        operations++;
      }
    }
    for (Index index : missing.values()) {
      client.createIndex(creation(index));
      operations++;
    }
    return operations + load(loaded);
  }

  private int load(LoadedPart loaded) throws TargetException {
    int operations = loaded.loadWhatIsWanted(state);
    loadPending = loaded.isPending();
    return operations;
  }

  private static boolean isSame(Index wanted, IndexDescription present) {
    Map<String, String> parameters = new HashMap<>();
    present.getParamsList().forEach(pair -> parameters.put(pair.getKey(), pair.getValue()));
    return wanted.getField().equals(present.getFieldName())
        && parameters.entrySet().containsAll(wanted.getParamsMap().entrySet());
  }

  private CreateIndexRequest creation(Index index) {
    CreateIndexRequest.Builder request =
        CreateIndexRequest.newBuilder()
            .setDbName(place.database())
            .setCollectionName(place.name())
            .setFieldName(index.getField())
            .setIndexName(index.getName());
    new TreeMap<>(index.getParamsMap())
        .forEach((key, value) -> request.addExtraParams(property(key, value)));
    return request.build();
  }

  @Override
  public void write(RowBatch batch) throws TargetException {
    try {
      write(connection.client(), batch);
    } catch (TargetException e) {
      notFound(e);
      throw e;
    }
  }

  /**
   * Makes sure that a call which was told that something is not there can succeed when it is
   * repeated.
   *
   * @throws TargetException when it cannot, because somebody dropped what is written to
   */
  private void notFound(TargetException answer) throws TargetException {
    if (answer.kind() != Kind.NOT_FOUND) {
      return;
    }
    if (!exists()) {
      throw droppedBySomebody("the collection", answer);
    }
    TargetClient client = connection.client();
    Set<String> present = client.partitions(place.database(), place.name());
    for (String partition : partitions) {
      if (!present.contains(partition)) {
        throw droppedBySomebody("partition " + partition, answer);
      }
    }
    // Milvus 2.3: a proxy that was asked for the collection while a partition was being created may
    // keep for good that the partition is not there. It forgets that when the collection is
    // altered.
    client.setProperties(
        place.database(),
        place.name(),
        Map.of(TargetConnection.ORIGIN_PROPERTY, connection.originOf(collectionId)));
  }

  private static TargetException droppedBySomebody(String what, TargetException answer) {
    return new TargetException(
        Kind.PERMANENT,
        "somebody dropped "
            + what
            + " on the target; drop what is left of it there and create the task anew to copy it"
            + " again",
        answer);
  }

  private void write(TargetClient client, RowBatch batch) throws TargetException {
    for (Map.Entry<String, List<IDs>> deletes : batch.deletesByPartition().entrySet()) {
      String partition = deletes.getKey();
      if (!partition.isEmpty() && !partitions.contains(partition)) {
        continue; // Its rows went with it.
      }
      for (DeleteExpression expression :
          DeleteExpression.of(batch.primaryKey(), deletes.getValue())) {
        client.delete(
            DeleteRequest.newBuilder()
                .setDbName(place.database())
                .setCollectionName(place.name())
                .setPartitionName(partition)
                .setExpr(expression.text())
                .build(),
            expression.keys());
      }
    }
    List<RowBatch.Part> parts = batch.parts();
    for (RowBatch.Part part : parts) {
      for (String partition : part.partitions()) {
        createPartition(client, partition);
      }
    }
    calls.makeAll(
        parts.stream().<SideBySide.Call>map(part -> () -> write(client, part, batch)).toList());
  }

  private void write(TargetClient client, RowBatch.Part part, RowBatch batch)
      throws TargetException {
    for (String partition : part.partitions()) {
      RowBatch.Rows rows = part.rows(partition);
      if (batch.upsert()) {
        client.upsert(
            UpsertRequest.newBuilder()
                .setDbName(place.database())
                .setCollectionName(place.name())
                .setPartitionName(partition)
                .addAllFieldsData(rows.columns())
                .setNumRows(rows.count())
                .build());
      } else {
        client.insert(
            InsertRequest.newBuilder()
                .setDbName(place.database())
                .setCollectionName(place.name())
                .setPartitionName(partition)
                .addAllFieldsData(rows.columns())
                .setNumRows(rows.count())
                .build());
      }
    }
  }

  /**
   * Drops a partition, unless the source has a newer one of that name without which the target
   * would be incomplete: then it is emptied by being dropped and created again.
   *
   * @return how many operations it took
   */
  private int dropPartition(LogMessage message) throws TargetException {
    Msg.DropPartitionRequest drop;
    try {
      drop = Msg.DropPartitionRequest.parseFrom(message.payload());
    } catch (InvalidProtocolBufferException e) {
      throw new TargetException(
          Kind.PERMANENT, message.header().position() + " is not a readable DropPartition", e);
    }
    String name = drop.getPartitionName();
    droppedPartitions.add(drop.getPartitionID());
    if (name.equals(DEFAULT_PARTITION)) {
      return 0;
    }
    try {
      return dropPartition(name);
    } catch (TargetException e) {
      notFound(e);
      throw e;
    }
  }

  private int dropPartition(String name) throws TargetException {
    TargetClient client = connection.client();
    partitions.clear();
    partitions.addAll(client.partitions(place.database(), place.name()));
    int operations = 0;
    if (partitions.contains(name)) {
      boolean loaded =
          client.loadState(place.database(), place.name(), List.of(name))
              != LoadState.LoadStateNotLoad;
      if (loaded) {
        client.releasePartitions(place.database(), place.name(), List.of(name));
      }
      client.dropPartition(place.database(), place.name(), name);
      partitions.remove(name);
      operations++;
    }
    boolean recreated =
        state.getPartitionsList().stream()
            .anyMatch(
                partition ->
                    partition.getName().equals(name)
                        && !droppedPartitions.contains(partition.getId()));
    if (recreated) {
      operations += createPartition(client, name);
      operations += load(new LoadedPart(client, place, partitions));
    }
    return operations;
  }

  /**
   * Drops the copy of a collection that was followed, wherever it is; of another one only where the
   * task writes to; nothing else.
   *
   * @return how many operations it took
   */
  private int drop(CollectionGone gone) throws TargetException {
    TargetClient client = connection.client();
    settle(client);
    Optional<Place> present = connection.locate(collectionId);
    if (present.isEmpty()) {
      return 0;
    }
    String database = present.get().database();
    String name = present.get().name();
    Optional<String> origin =
        client.describeCollection(database, name).flatMap(TargetConnection::origin);
    boolean isCopy = origin.filter(connection.originOf(collectionId)::equals).isPresent();
    boolean own = isCopy && (gone.wasFollowed() || canBeOwn(present.get()));
    if (own) {
      new TargetAliases(connection, present.get()).apply(List.of());
      client.dropCollection(database, name);
    }
    if (own || !isCopy) { // Else it may be told yet that it was followed.
      connection.dropped(collectionId);
    }
    return own ? 1 : 0;
  }

  /** Also under the name that it has while another copy has its own. */
  private boolean canBeOwn(Place copy) {
    String suffix = asideSuffix();
    return connection.canBeOwn(copy)
        || (copy.name().endsWith(suffix)
            && connection.canBeOwn(
                new Place(
                    copy.database(),
                    copy.name().substring(0, copy.name().length() - suffix.length()))));
  }

  private boolean exists() throws TargetException {
    return connection.client().describeCollection(place.database(), place.name()).isPresent();
  }

  private boolean hasPartitionKey() {
    return hasPartitionKey(schema);
  }

  private static boolean hasPartitionKey(CollectionSchema schema) {
    return schema.getFieldsList().stream().anyMatch(FieldSchema::getIsPartitionKey);
  }

  private CollectionSchema parseSchema(CollectionState wanted) throws TargetException {
    try {
      return CollectionSchema.parseFrom(wanted.getSchema());
    } catch (InvalidProtocolBufferException e) {
      throw new TargetException(
          Kind.PERMANENT, "the source's metadata holds no readable schema for " + this, e);
    }
  }

  /** Database, name and id, for messages to people. */
  @Override
  public String toString() {
    List<String> parts = new ArrayList<>();
    sourceName.ifPresent(known -> parts.add(known.database() + "." + known.collection()));
    parts.add("source id " + collectionId);
    return "collection " + String.join(", ", parts);
  }
}
