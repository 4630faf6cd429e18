package io.milvus.cdc.target;

import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Index;
import io.milvus.cdc.catalog.v1.Load;
import io.milvus.cdc.catalog.v1.Partition;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.target.TargetConnection.Place;
import io.milvus.cdc.target.TargetException.Kind;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import milvus.proto.msg.Msg;

/**
 * The copy of one source collection on the target.
 *
 * <p>Every method may be repeated, after success and after failure at any point: it compares what
 * is there with what is wanted. Used by one thread at a time.
 */
final class TargetCollection implements LaneWork {

  private static final String DEFAULT_PARTITION = "_default";

  private final long collectionId;
  private final TargetConnection connection;

  private CollectionState state = CollectionState.getDefaultInstance();
  private CollectionSchema schema = CollectionSchema.getDefaultInstance();
  private Place place = new Place("", "");
  private final Set<String> partitions = new HashSet<>();
  private final Map<String, Long> appliedIndexIds = new HashMap<>();
  private Load appliedLoad = Load.getDefaultInstance();

  TargetCollection(long collectionId, TargetConnection connection) {
    this.collectionId = collectionId;
    this.connection = connection;
  }

  @Override
  public int apply(SourceEvent event) throws TargetException {
    if (event instanceof CollectionSeen seen) {
      return apply(seen.state());
    } else if (event instanceof CollectionGone) {
      return drop();
    } else if (event instanceof LogMessage message
        && message.header().kind() == LogMessageHeader.Kind.DROP_PARTITION) {
      return dropPartition(message);
    } else if (event instanceof CollectionStopped stopped) {
      throw new TargetException(Kind.PERMANENT, stopped.reason());
    }
    return 0;
  }

  @Override
  public RowBatch newBatch() {
    return new RowBatch(primaryKey().getName(), hasPartitionKey());
  }

  /**
   * Makes the target's collection look like the source's: creates what is missing, renames, drops
   * indexes that are no more, loads, releases.
   *
   * @return how many operations it took
   */
  private int apply(CollectionState wanted) throws TargetException {
    TargetClient client = connection.client();
    CollectionSchema wantedSchema = parseSchema(wanted);
    Place wantedPlace = new Place(wanted.getDatabase(), wanted.getName());
    int operations = 0;

    Optional<Place> present = connection.copyOf(collectionId);
    if (present.isPresent() && !present.get().equals(wantedPlace)) {
      operations += rename(client, present.get(), wantedPlace);
    }
    Optional<DescribeCollectionResponse> found =
        client.describeCollection(wantedPlace.database(), wantedPlace.name());
    if (found.isEmpty()) {
      client.createDatabaseIfAbsent(wantedPlace.database());
      client.createCollection(creation(wanted, wantedSchema));
      operations++;
    } else {
      operations += adopt(client, found.get(), wantedSchema, wantedPlace);
    }
    connection.copied(collectionId, wantedPlace);
    state = wanted;
    schema = wantedSchema;
    place = wantedPlace;

    operations += createPartitions(client);
    operations += applyIndexesAndLoad(client);
    return operations;
  }

  private int rename(TargetClient client, Place from, Place to) throws TargetException {
    if (client.describeCollection(to.database(), to.name()).isPresent()) {
      throw TargetConnection.wait(
          "the target has another collection at "
              + to
              + ", so the copy at "
              + from
              + " cannot be renamed to it yet");
    }
    client.createDatabaseIfAbsent(to.database());
    client.renameCollection(from.database(), from.name(), to.database(), to.name());
    connection.copied(collectionId, to);
    return 1;
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
      throw TargetConnection.wait(
          "the target's "
              + wantedPlace
              + " is the copy of another source collection ("
              + origin.get()
              + ", wanted is "
              + ownOrigin
              + "); it waits until that one is dropped or renamed, or drop it on the target"
              + " yourself");
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

  private CreateCollectionRequest creation(CollectionState wanted, CollectionSchema wantedSchema) {
    CreateCollectionRequest.Builder request =
        CreateCollectionRequest.newBuilder()
            .setDbName(wanted.getDatabase())
            .setCollectionName(wanted.getName())
            .setSchema(withoutAutoId(wanted.getName(), wantedSchema).toByteString())
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
    int operations = 0;
    for (Partition partition : state.getPartitionsList()) {
      operations += createPartition(client, partition.getName());
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

  private int applyIndexesAndLoad(TargetClient client) throws TargetException {
    int operations = 0;
    boolean loadChanges = !state.getLoad().equals(appliedLoad);
    boolean loaded = loadState(client) != LoadState.LoadStateNotLoad;
    if (loaded && (!state.hasLoad() || (loadChanges && appliedLoad.getReplicas() > 0))) {
      client.releaseCollection(place.database(), place.name());
      loaded = false;
      operations++;
    }
    operations += applyIndexes(client);
    if (state.hasLoad() && !loaded) {
      Load load = state.getLoad();
      if (load.getPartitionsCount() == 0) {
        client.loadCollection(place.database(), place.name(), load.getReplicas());
      } else {
        client.loadPartitions(
            place.database(), place.name(), load.getPartitionsList(), load.getReplicas());
      }
      operations++;
    }
    appliedLoad = state.getLoad();
    return operations;
  }

  private LoadState loadState(TargetClient client) throws TargetException {
    return client.loadState(place.database(), place.name(), List.of());
  }

  private int applyIndexes(TargetClient client) throws TargetException {
    int operations = 0;
    Map<String, Index> wanted = new HashMap<>();
    state.getIndexesList().forEach(index -> wanted.put(index.getName(), index));
    Set<String> present = new HashSet<>();
    for (IndexDescription index : client.indexes(place.database(), place.name())) {
      Index match = wanted.get(index.getIndexName());
      if (match != null
          && match.getField().equals(index.getFieldName())
          && appliedIndexIds.getOrDefault(match.getName(), match.getId()) == match.getId()) {
        present.add(index.getIndexName());
        appliedIndexIds.put(match.getName(), match.getId());
      } else {
        client.dropIndex(
            place.database(), place.name(), index.getFieldName(), index.getIndexName());
        operations++;
      }
    }
    for (Index index : state.getIndexesList()) {
      if (!present.contains(index.getName())) {
        CreateIndexRequest.Builder request =
            CreateIndexRequest.newBuilder()
                .setDbName(place.database())
                .setCollectionName(place.name())
                .setFieldName(index.getField())
                .setIndexName(index.getName());
        new TreeMap<>(index.getParamsMap())
            .forEach((key, value) -> request.addExtraParams(property(key, value)));
        client.createIndex(request.build());
        appliedIndexIds.put(index.getName(), index.getId());
        operations++;
      }
    }
    return operations;
  }

  @Override
  public void write(RowBatch batch) throws TargetException {
    try {
      write(connection.client(), batch);
    } catch (TargetException e) {
      if (e.kind() == Kind.NOT_FOUND && !exists()) {
        throw new TargetException(
            Kind.PERMANENT,
            "somebody dropped the collection on the target; drop what is left of it there and"
                + " create the task anew to copy it again",
            e);
      }
      throw e;
    }
  }

  private void write(TargetClient client, RowBatch batch) throws TargetException {
    for (Map.Entry<String, List<IDs>> deletes : batch.deletesByPartition().entrySet()) {
      String partition = deletes.getKey();
      if (!partition.isEmpty() && !partitions.contains(partition)) {
        continue; // Its rows went with it.
      }
      for (String expression : DeleteExpression.of(primaryKey().getName(), deletes.getValue())) {
        client.delete(
            DeleteRequest.newBuilder()
                .setDbName(place.database())
                .setCollectionName(place.name())
                .setPartitionName(partition)
                .setExpr(expression)
                .build());
      }
    }
    for (String partition : batch.insertPartitions()) {
      createPartition(client, partition);
      RowBatch.Rows rows = batch.rows(partition);
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
    if (name.equals(DEFAULT_PARTITION) || !partitions.contains(name)) {
      return 0;
    }
    TargetClient client = connection.client();
    boolean loaded =
        client.loadState(place.database(), place.name(), List.of(name))
            != LoadState.LoadStateNotLoad;
    if (loaded) {
      client.releasePartitions(place.database(), place.name(), List.of(name));
    }
    client.dropPartition(place.database(), place.name(), name);
    partitions.remove(name);
    boolean recreated =
        state.getPartitionsList().stream()
            .anyMatch(
                partition ->
                    partition.getName().equals(name) && partition.getId() != drop.getPartitionID());
    return 1 + (recreated ? createPartition(client, name) : 0);
  }

  /**
   * Drops the copy, wherever it is; nothing else.
   *
   * @return how many operations it took
   */
  private int drop() throws TargetException {
    TargetClient client = connection.client();
    Optional<Place> present = connection.copyOf(collectionId);
    if (present.isEmpty()) {
      return 0;
    }
    String database = present.get().database();
    String name = present.get().name();
    Optional<String> origin =
        client.describeCollection(database, name).flatMap(TargetConnection::origin);
    boolean own = origin.isPresent() && origin.get().equals(connection.originOf(collectionId));
    if (own) {
      client.dropCollection(database, name);
    }
    connection.dropped(collectionId);
    return own ? 1 : 0;
  }

  private boolean exists() throws TargetException {
    return connection.client().describeCollection(place.database(), place.name()).isPresent();
  }

  private FieldSchema primaryKey() {
    for (FieldSchema field : schema.getFieldsList()) {
      if (field.getIsPrimaryKey()) {
        return field;
      }
    }
    throw new IllegalStateException("no primary key in the schema of " + this);
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
    if (!place.name().isEmpty()) {
      parts.add(place.toString());
    }
    parts.add("source id " + collectionId);
    return "collection " + String.join(", ", parts);
  }
}
