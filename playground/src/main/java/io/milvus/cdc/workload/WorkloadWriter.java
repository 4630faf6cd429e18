package io.milvus.cdc.workload;

import static io.milvus.cdc.workload.SourceCalls.pair;

import io.milvus.cdc.compare.Polling;
import io.milvus.cdc.workload.AllTypes.KeyKind;
import io.milvus.cdc.workload.AllTypes.VectorKind;
import io.milvus.cdc.workload.LiveCollection.Batch;
import io.milvus.grpc.ConsistencyLevel;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.MutationResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** One thread of a {@link RandomWorkload}, with what exists of its own making. */
final class WorkloadWriter {

  private static final int MOST_ROWS = 10_000;
  private static final int MOST_PARTITIONS = 6;
  private static final int MOST_DATABASES = 3;
  private static final int SHARED_KEYS = 200;
  private static final int DRAWS = Stream.of(Operation.values()).mapToInt(Operation::weight).sum();

  /** As users of 2.3 give them; those that need a GPU or a disk are left out. */
  private static final List<List<KeyValuePair>> FLOAT_INDEXES =
      List.of(
          index("FLAT", "L2", ""),
          index("IVF_FLAT", "IP", "{\"nlist\": 16}"),
          index("IVF_SQ8", "COSINE", "{\"nlist\": 16}"),
          index("IVF_PQ", "L2", "{\"nlist\": 16, \"m\": 4, \"nbits\": 8}"),
          index("SCANN", "L2", "{\"nlist\": 16, \"with_raw_data\": true}"),
          index("AUTOINDEX", "IP", ""),
          List.of(pair("index_type", "IVF_FLAT"), pair("metric_type", "L2"), pair("nlist", "8")),
          index("HNSW", "COSINE", "{\"M\": 8, \"efConstruction\": 32}"));

  private static final List<List<KeyValuePair>> BINARY_INDEXES =
      List.of(
          index("BIN_FLAT", "SUPERSTRUCTURE", ""),
          index("BIN_FLAT", "HAMMING", ""),
          index("BIN_IVF_FLAT", "JACCARD", "{\"nlist\": 16}"));

  private static final List<String> NUMBERS =
      List.of("int8", "int16", "int32", "int64", "float", "double");

  private final SourceCalls calls;
  private final int number;
  private final String prefix;
  private final List<String> databases;
  private final int mostCollections;
  private final LiveCollection shared;
  private final Journal journal;
  private final Map<Operation, Long> counts = new EnumMap<>(Operation.class);
  private final Random random;
  private final List<LiveCollection> collections = new ArrayList<>();
  private final SortedSet<String> ownDatabases = new TreeSet<>();
  private final Deque<String> droppedDatabases = new ArrayDeque<>();
  private int names;
  private long rowsWritten;
  private int mark;
  private int steps;
  private String doing = "nothing";
  private Optional<Upsert> unanswered = Optional.empty();

  /** The rows of an upsert: those with a key from one number up to another. */
  private record Upsert(LiveCollection collection, long from, long to) {}

  WorkloadWriter(
      SourceCalls calls,
      long seed,
      int number,
      List<String> databases,
      int mostCollections,
      LiveCollection shared,
      Journal journal) {
    this.calls = calls;
    this.number = number;
    this.prefix = "s" + seed + "_w" + number + "_";
    this.databases = databases;
    this.mostCollections = mostCollections;
    this.shared = shared;
    this.journal = journal;
    this.random = new Random(seed * 1_000_003 + number);
  }

  /** What the first writer begins with: each kind of operation, and each kind of index. */
  void open() {
    if (number > 0) {
      createCollection();
      return;
    }
    String database = createDatabase();
    LiveCollection numbers =
        create(databases.get(0), newName("c"), AllTypes.of(KeyKind.INT64, VectorKind.FLOAT));
    LiveCollection texts =
        create(
            databases.get(0),
            newName("c"),
            AllTypes.of(KeyKind.VARCHAR, VectorKind.BINARY).withDynamicField());
    createIndexes(numbers, FLOAT_INDEXES);
    createIndexes(texts, BINARY_INDEXES);
    String partition = newName("p");
    createPartition(numbers, partition);
    insert(numbers, LiveCollection.DEFAULT_PARTITION, 300);
    insert(numbers, partition, 200);
    load(numbers);
    upsert(numbers);
    deleteByKeys(numbers);
    deleteInPartition(numbers);
    deleteByField(numbers);
    flush(numbers);
    createAlias(numbers);
    alterAlias(numbers, texts);
    dropAlias(texts);
    alter(numbers);
    releasePartition(numbers, partition);
    loadPartition(numbers, partition);
    release(numbers);
    recreatePartition(numbers, partition);
    dropPartition(numbers, partition);
    rename(numbers);
    move(numbers, database);
    upsertShared();
    deleteShared();
    recreate(texts);
    drop(numbers);
    dropDatabase(database);
  }

  /**
   * What every writer ends with: all its rows can be read, once their collection is loaded, and all
   * its properties are in etcd.
   */
  void close() {
    // Milvus 2.3 keeps changed properties in memory until it writes the collection for a rename.
    collections.stream().filter(c -> c.hasUnwrittenProperties).forEach(this::rename);
    collections.stream().filter(c -> !c.hasVectorIndex()).forEach(this::createVectorIndex);
  }

  private void createIndexes(LiveCollection collection, List<List<KeyValuePair>> vectorIndexes) {
    for (List<KeyValuePair> parameters : vectorIndexes) {
      if (collection.hasVectorIndex()) {
        dropIndex(collection, AllTypes.VECTOR);
      }
      createVectorIndex(collection, parameters);
    }
    while (!unindexed(collection).isEmpty()) {
      createScalarIndex(collection);
    }
  }

  /** One operation that is possible now. */
  void step() {
    steps++;
    while (!attempt(draw())) {
      doing = "drawing again";
    }
  }

  private Operation draw() {
    int drawn = random.nextInt(DRAWS);
    for (Operation operation : Operation.values()) {
      drawn -= operation.weight();
      if (drawn < 0) {
        return operation;
      }
    }
    throw new AssertionError("The weights are " + DRAWS);
  }

  private boolean attempt(Operation operation) {
    return switch (operation) {
      case CREATE_DATABASE -> {
        boolean isPossible = ownDatabases.size() < MOST_DATABASES;
        if (isPossible) {
          createDatabase();
        }
        yield isPossible;
      }
      case DROP_DATABASE -> {
        Optional<String> empty =
            ownDatabases.stream()
                .filter(name -> collections.stream().noneMatch(c -> c.database.equals(name)))
                .findFirst();
        empty.ifPresent(this::dropDatabase);
        yield empty.isPresent();
      }
      case CREATE_COLLECTION -> {
        boolean isPossible = collections.size() < mostCollections;
        if (isPossible) {
          createCollection();
        }
        yield isPossible;
      }
      case DROP_COLLECTION -> with(c -> collections.size() > 2, this::drop);
      case RECREATE_COLLECTION -> with(c -> true, this::recreate);
      case RENAME_COLLECTION -> with(c -> true, this::rename);
      case MOVE_COLLECTION ->
          with(
              c -> databases.size() + ownDatabases.size() > 1,
              c -> move(c, pick(allDatabases().filter(d -> !d.equals(c.database)).toList())));
      case ALTER_COLLECTION -> with(c -> true, this::alter);
      case CREATE_PARTITION ->
          with(
              c -> !c.types.hasPartitionKey() && c.partitions.size() < MOST_PARTITIONS,
              c -> createPartition(c, newName("p")));
      case DROP_PARTITION -> with(c -> c.partitions.size() > 1, c -> dropPartition(c, added(c)));
      case RECREATE_PARTITION ->
          with(c -> c.partitions.size() > 1, c -> recreatePartition(c, added(c)));
      case INSERT ->
          with(c -> rows(c) < MOST_ROWS, c -> insert(c, anyPartition(c), numberOfRows()));
      case UPSERT -> with(c -> c.types.key() != KeyKind.AUTO_ID && hasRows(c), this::upsert);
      case DELETE_BY_KEYS -> with(this::hasRows, this::deleteByKeys);
      case DELETE_IN_PARTITION ->
          with(c -> !c.types.hasPartitionKey() && hasRows(c), this::deleteInPartition);
      case DELETE_BY_FIELD ->
          with(
              c -> c.isLoaded() && c.isLoadedCompletely() && !integers(c).isEmpty(),
              this::deleteByField);
      case CREATE_VECTOR_INDEX -> with(c -> !c.hasVectorIndex(), this::createVectorIndex);
      case CREATE_SCALAR_INDEX -> with(c -> !unindexed(c).isEmpty(), this::createScalarIndex);
      case DROP_INDEX ->
          with(c -> !c.indexes.isEmpty(), c -> dropIndex(c, pick(c.indexes.keySet())));
      case LOAD_COLLECTION -> with(c -> c.hasVectorIndex() && !c.isLoaded(), this::load);
      case RELEASE_COLLECTION -> with(LiveCollection::isLoaded, this::release);
      case LOAD_PARTITION ->
          with(
              c ->
                  !c.types.hasPartitionKey()
                      && c.hasVectorIndex()
                      && !c.loadedPartitions.containsAll(c.partitions),
              c ->
                  loadPartition(
                      c,
                      pick(
                          c.partitions.stream()
                              .filter(p -> !c.loadedPartitions.contains(p))
                              .toList())));
      case RELEASE_PARTITION ->
          with(
              c -> !c.loadedPartitions.isEmpty(),
              c -> releasePartition(c, pick(c.loadedPartitions)));
      case CREATE_ALIAS -> with(c -> c.aliases.size() < 2, this::createAlias);
      case ALTER_ALIAS ->
          with(
              c -> !c.aliases.isEmpty() && neighbours(c).findAny().isPresent(),
              c -> alterAlias(c, pick(neighbours(c).toList())));
      case DROP_ALIAS -> with(c -> !c.aliases.isEmpty(), this::dropAlias);
      case FLUSH -> with(c -> true, this::flush);
      case UPSERT_SHARED -> {
        upsertShared();
        yield true;
      }
      case DELETE_SHARED -> {
        deleteShared();
        yield true;
      }
    };
  }

  private boolean with(Predicate<LiveCollection> isPossible, Consumer<LiveCollection> action) {
    List<LiveCollection> possible = collections.stream().filter(isPossible).toList();
    if (possible.isEmpty()) {
      return false;
    }
    action.accept(pick(possible));
    return true;
  }

  private String createDatabase() {
    boolean isAgain = !droppedDatabases.isEmpty() && random.nextBoolean();
    String name = isAgain ? droppedDatabases.remove() : newName("db");
    does(Operation.CREATE_DATABASE, name);
    calls.createDatabase(name);
    ownDatabases.add(name);
    return name;
  }

  private void dropDatabase(String name) {
    does(Operation.DROP_DATABASE, name);
    calls.dropDatabase(name);
    ownDatabases.remove(name);
    droppedDatabases.add(name);
  }

  private void createCollection() {
    create(pick(allDatabases().toList()), newName("c"), someTypes());
  }

  private AllTypes someTypes() {
    AllTypes types =
        AllTypes.of(pick(List.of(KeyKind.values())), pick(List.of(VectorKind.values())));
    types = random.nextInt(5) < 2 ? types.withDynamicField() : types;
    types = random.nextInt(5) < 1 ? types.withPartitionKey() : types;
    return switch (random.nextInt(3)) {
      case 0 -> types;
      case 1 -> types.withScalars(name -> random.nextBoolean());
      default -> types.withScalars(name -> name.equals("int16"));
    };
  }

  private LiveCollection create(String database, String name, AllTypes types) {
    LiveCollection collection =
        new LiveCollection(
            database,
            name,
            types,
            1 + random.nextInt(4),
            types.hasPartitionKey() ? 1 + random.nextInt(8) : 0,
            random.nextBoolean()
                ? List.of()
                : List.of(pair("collection.ttl.seconds", Integer.toString(timeToLive()))),
            random.nextInt(3) - 1L);
    does(Operation.CREATE_COLLECTION, collection + " with " + types.scalars());
    calls.create(
        collection,
        pick(
            List.of(
                ConsistencyLevel.Strong,
                ConsistencyLevel.Session,
                ConsistencyLevel.Bounded,
                ConsistencyLevel.Eventually)));
    collections.add(collection);
    return collection;
  }

  /** Seconds, far longer than any run. */
  private int timeToLive() {
    return 1_000_000 + random.nextInt(1_000_000);
  }

  private void drop(LiveCollection collection) {
    does(Operation.DROP_COLLECTION, collection);
    calls.drop(collection);
    collections.remove(collection);
  }

  private void recreate(LiveCollection collection) {
    does(Operation.RECREATE_COLLECTION, collection);
    calls.drop(collection);
    collections.remove(collection);
    create(collection.database, collection.name, someTypes());
  }

  private void rename(LiveCollection collection) {
    String name = newName("c");
    does(Operation.RENAME_COLLECTION, collection + " to " + name);
    calls.rename(collection, collection.database, name);
    collection.name = name;
    collection.hasUnwrittenProperties = false;
  }

  private void move(LiveCollection collection, String database) {
    while (!collection.aliases.isEmpty()) {
      dropAlias(collection);
    }
    does(Operation.MOVE_COLLECTION, collection + " to " + database);
    calls.rename(collection, database, collection.name);
    collection.database = database;
    collection.hasUnwrittenProperties = false;
  }

  private void alter(LiveCollection collection) {
    does(Operation.ALTER_COLLECTION, collection);
    if (random.nextBoolean()) {
      calls.alter(collection, "collection.ttl.seconds", Integer.toString(timeToLive()));
    } else {
      calls.alter(collection, "note", "Altered \"" + random.nextInt() + "\"");
    }
    collection.hasUnwrittenProperties = true;
  }

  private void createPartition(LiveCollection collection, String partition) {
    does(Operation.CREATE_PARTITION, collection + " " + partition);
    calls.createPartition(collection, partition);
    collection.partitions.add(partition);
    if (collection.isLoadedAsWhole) {
      collection.loadedPartitions.add(partition);
    }
  }

  private void dropPartition(LiveCollection collection, String partition) {
    if (collection.isLoaded()) {
      releasePartition(collection, partition);
    }
    does(Operation.DROP_PARTITION, collection + " " + partition);
    calls.dropPartition(collection, partition);
    collection.partitions.remove(partition);
    collection.batches.removeIf(batch -> batch.partition().equals(partition));
  }

  private void recreatePartition(LiveCollection collection, String partition) {
    does(Operation.RECREATE_PARTITION, collection + " " + partition);
    dropPartition(collection, partition);
    createPartition(collection, partition);
    insert(collection, partition, 1 + random.nextInt(50));
  }

  private int numberOfRows() {
    return 1 + random.nextInt(random.nextInt(10) == 0 ? 2_000 : 50);
  }

  private void insert(LiveCollection collection, String partition, int rows) {
    long from = collection.nextNumber;
    does(Operation.INSERT, rows + " rows into " + collection + " " + partition);
    MutationResult result = calls.insert(collection, partition, from, from + rows, ++mark);
    written(rows);
    collection.nextNumber += rows;
    collection.batches.add(
        new Batch(
            partition,
            collection.types.key() == KeyKind.AUTO_ID
                ? List.copyOf(result.getIDs().getIntId().getDataList())
                : LongStream.range(from, from + rows).boxed().toList()));
  }

  private void upsert(LiveCollection collection) {
    Batch batch = pick(collection.batches);
    int size = batch.keys().size();
    int first = random.nextInt(size);
    long from = batch.keys().get(first);
    int rows = 1 + random.nextInt(size - first);
    does(Operation.UPSERT, rows + " rows from " + from + " in " + collection);
    upsert(new Upsert(collection, from, from + rows), batch.partition(), ++mark);
  }

  private void upsert(Upsert upsert, String partition, int mark) {
    unanswered = Optional.of(upsert);
    calls.upsert(upsert.collection(), partition, upsert.from(), upsert.to(), mark);
    unanswered = Optional.empty();
    written((int) (upsert.to() - upsert.from()));
  }

  /**
   * Returns when the source answers. Deletes the rows of an upsert that was not answered: a source
   * that dies in the middle of one keeps the old rows beside the new ones, and which of them a
   * reader gets is open.
   */
  void mend() {
    List<String> unused = calls.databases();
    unanswered.ifPresent(
        upsert ->
            calls.delete(
                upsert.collection(),
                "",
                upsert
                    .collection()
                    .types
                    .expression(LongStream.range(upsert.from(), upsert.to()))));
  }

  private void deleteByKeys(LiveCollection collection) {
    String expression = someKeys(collection, pick(collection.batches));
    does(Operation.DELETE_BY_KEYS, collection + " " + expression);
    calls.delete(collection, "", expression);
  }

  private void deleteInPartition(LiveCollection collection) {
    Batch batch = pick(collection.batches);
    String expression = someKeys(collection, batch);
    does(Operation.DELETE_IN_PARTITION, collection + " " + batch.partition() + " " + expression);
    calls.delete(collection, batch.partition(), expression);
  }

  private String someKeys(LiveCollection collection, Batch batch) {
    int most = 1 + random.nextInt(50);
    LongStream keys =
        random.ints(most, 0, batch.keys().size()).distinct().mapToLong(batch.keys()::get);
    return collection.types.expression(keys);
  }

  private void deleteByField(LiveCollection collection) {
    waitUntilLoaded(collection);
    String field = pick(integers(collection));
    String expression =
        field.equals(AllTypes.PARTITION_KEY) ? field + " == " + random.nextInt(7) : field + " == 0";
    does(Operation.DELETE_BY_FIELD, collection + " " + expression);
    calls.delete(collection, "", expression);
  }

  private void waitUntilLoaded(LiveCollection collection) {
    if (!Polling.until(() -> calls.loadState(collection) == LoadState.LoadStateLoaded)) {
      throw new IllegalStateException(collection + " is not loaded after a minute");
    }
  }

  private void createVectorIndex(LiveCollection collection) {
    createVectorIndex(
        collection,
        pick(collection.types.vector() == VectorKind.FLOAT ? FLOAT_INDEXES : BINARY_INDEXES));
  }

  private void createVectorIndex(LiveCollection collection, List<KeyValuePair> parameters) {
    does(Operation.CREATE_VECTOR_INDEX, collection + " " + parameters.get(0).getValue());
    createIndex(collection, AllTypes.VECTOR, parameters);
  }

  private void createScalarIndex(LiveCollection collection) {
    String field = pick(unindexed(collection));
    does(Operation.CREATE_SCALAR_INDEX, collection + " " + field);
    createIndex(
        collection,
        field,
        random.nextInt(3) == 0
            ? List.of()
            : List.of(pair("index_type", field.equals("varchar") ? "Trie" : "STL_SORT")));
  }

  private void createIndex(LiveCollection collection, String field, List<KeyValuePair> parameters) {
    String name = random.nextBoolean() ? "" : newName("i");
    calls.createIndex(collection, field, name, parameters);
    // Milvus gives an index without a name that of its field.
    collection.indexes.put(field, name.isEmpty() ? field : name);
    collection.hasIndexSinceLoad |= collection.isLoaded();
  }

  private void dropIndex(LiveCollection collection, String field) {
    if (collection.isLoaded()) {
      release(collection);
    }
    does(Operation.DROP_INDEX, collection + " " + field);
    calls.dropIndex(collection, field, collection.indexes.get(field));
    collection.indexes.remove(field);
  }

  private void load(LiveCollection collection) {
    does(Operation.LOAD_COLLECTION, collection);
    calls.load(collection);
    collection.isLoadedAsWhole = true;
    collection.loadedPartitions.addAll(collection.partitions);
  }

  private void release(LiveCollection collection) {
    does(Operation.RELEASE_COLLECTION, collection);
    calls.release(collection);
    collection.released();
  }

  private void loadPartition(LiveCollection collection, String partition) {
    if (collection.hasIndexSinceLoad) {
      release(collection);
    }
    does(Operation.LOAD_PARTITION, collection + " " + partition);
    calls.loadPartition(collection, partition);
    collection.loadedPartitions.add(partition);
  }

  private void releasePartition(LiveCollection collection, String partition) {
    does(Operation.RELEASE_PARTITION, collection + " " + partition);
    calls.releasePartition(collection, partition);
    collection.loadedPartitions.remove(partition);
    if (collection.loadedPartitions.isEmpty()) {
      // Milvus releases the collection with its last partition.
      collection.released();
    }
  }

  private void createAlias(LiveCollection collection) {
    String alias = newName("a");
    does(Operation.CREATE_ALIAS, alias + " of " + collection);
    calls.createAlias(collection, alias);
    collection.aliases.add(alias);
  }

  private void alterAlias(LiveCollection from, LiveCollection to) {
    String alias = pick(from.aliases);
    does(Operation.ALTER_ALIAS, alias + " from " + from + " to " + to);
    calls.alterAlias(to, alias);
    from.aliases.remove(alias);
    to.aliases.add(alias);
  }

  private void dropAlias(LiveCollection collection) {
    String alias = pick(collection.aliases);
    does(Operation.DROP_ALIAS, alias + " of " + collection);
    calls.dropAlias(collection.database, alias);
    collection.aliases.remove(alias);
  }

  private void flush(LiveCollection collection) {
    does(Operation.FLUSH, collection);
    calls.flush(collection);
  }

  private void upsertShared() {
    int from = random.nextInt(SHARED_KEYS);
    int rows = 1 + random.nextInt(Math.min(20, SHARED_KEYS - from));
    does(Operation.UPSERT_SHARED, rows + " rows from " + from + " in " + shared);
    // No two writers write the same row under one mark.
    upsert(new Upsert(shared, from, from + rows), "", ++mark * 100 + number);
  }

  private void deleteShared() {
    String expression =
        shared.types.expression(random.ints(5, 0, SHARED_KEYS).distinct().asLongStream());
    does(Operation.DELETE_SHARED, shared + " " + expression);
    calls.delete(shared, "", expression);
  }

  private Stream<String> allDatabases() {
    return Stream.concat(databases.stream(), ownDatabases.stream());
  }

  private Stream<LiveCollection> neighbours(LiveCollection collection) {
    return collections.stream()
        .filter(other -> other != collection && other.database.equals(collection.database));
  }

  /** A partition that is not the one that every collection has. */
  private String added(LiveCollection collection) {
    return pick(
        collection.partitions.stream()
            .filter(name -> !name.equals(LiveCollection.DEFAULT_PARTITION))
            .toList());
  }

  private String anyPartition(LiveCollection collection) {
    return collection.types.hasPartitionKey() ? "" : pick(collection.partitions);
  }

  private boolean hasRows(LiveCollection collection) {
    return !collection.batches.isEmpty();
  }

  private static int rows(LiveCollection collection) {
    return collection.batches.stream().mapToInt(batch -> batch.keys().size()).sum();
  }

  /** Fields of whole numbers, one of which selects some rows but not all. */
  private static List<String> integers(LiveCollection collection) {
    if (collection.types.hasPartitionKey()) {
      return List.of(AllTypes.PARTITION_KEY);
    }
    return collection.types.scalars().stream()
        .filter(List.of("int8", "int16", "int32")::contains)
        .toList();
  }

  private static List<String> unindexed(LiveCollection collection) {
    return collection.types.scalars().stream()
        .filter(name -> name.equals("varchar") || NUMBERS.contains(name))
        .filter(name -> !collection.indexes.containsKey(name))
        .toList();
  }

  private String newName(String kind) {
    return prefix + kind + names++;
  }

  private <T> T pick(Collection<T> choices) {
    return List.copyOf(choices).get(random.nextInt(choices.size()));
  }

  private void does(Operation operation, Object what) {
    doing = operation + " " + what;
    journal.add(number, operation, what.toString());
    counts.merge(operation, 1L, Long::sum);
  }

  private void written(int rows) {
    rowsWritten += rows;
  }

  /** What it has done. */
  RandomWorkload.Report report() {
    return new RandomWorkload.Report(counts, rowsWritten, journal);
  }

  private static List<KeyValuePair> index(String type, String metric, String parameters) {
    List<KeyValuePair> pairs = new ArrayList<>();
    pairs.add(pair("index_type", type));
    pairs.add(pair("metric_type", metric));
    if (!parameters.isEmpty()) {
      pairs.add(pair("params", parameters));
    }
    return List.copyOf(pairs);
  }

  @Override
  public String toString() {
    String text = "writer " + number + ", step " + steps + ", " + doing;
    return text.length() > 300 ? text.substring(0, 300) + "..." : text;
  }
}
