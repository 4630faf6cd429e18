package io.milvus.cdc.workload;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.grpc.ConsistencyLevel;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.MutationResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One collection of a real source, and every call that a client of Milvus 2.3 can make for it. Each
 * call returns when the source has answered, and throws when it was refused.
 *
 * <pre>{@code
 * SourceCollection films =
 *     SourceCollection.of(source, "default", "films", AllTypes.of(KeyKind.INT64, VectorKind.FLOAT));
 * films.create();
 * films.insert(0, 1_000, 1);
 * }</pre>
 */
public final class SourceCollection {

  private final MilvusCluster source;
  private final SourceCalls calls;
  private final ConsistencyLevel consistency;
  private final LiveCollection collection;

  private SourceCollection(
      MilvusCluster source, ConsistencyLevel consistency, LiveCollection collection) {
    this.source = source;
    this.calls = new SourceCalls(source);
    this.consistency = consistency;
    this.collection = collection;
  }

  /** A collection of two shards, with bounded staleness and no properties. Creates nothing yet. */
  public static SourceCollection of(
      MilvusCluster source, String database, String name, AllTypes types) {
    return new SourceCollection(
        source,
        ConsistencyLevel.Bounded,
        new LiveCollection(database, name, types, 2, 0, List.of(), 0));
  }

  /** The same with this number of shards. */
  public SourceCollection withShards(int shards) {
    return with(shards, collection.partitionsOfKey, collection.properties);
  }

  /** The same with this number of partitions; its types must have a partition key. */
  public SourceCollection withPartitionsOfKey(int partitions) {
    return with(collection.shards, partitions, collection.properties);
  }

  /** The same with one more property. */
  public SourceCollection withProperty(String key, String value) {
    List<KeyValuePair> properties = new ArrayList<>(collection.properties);
    properties.add(SourceCalls.pair(key, value));
    return with(collection.shards, collection.partitionsOfKey, properties);
  }

  /** The same with this consistency level. */
  public SourceCollection withConsistency(ConsistencyLevel level) {
    return new SourceCollection(source, level, collection);
  }

  private SourceCollection with(int shards, int partitionsOfKey, List<KeyValuePair> properties) {
    return new SourceCollection(
        source,
        consistency,
        new LiveCollection(
            collection.database,
            collection.name,
            collection.types,
            shards,
            partitionsOfKey,
            properties,
            0));
  }

  /** Creates a database. */
  public static void createDatabase(MilvusCluster source, String name) {
    new SourceCalls(source).createDatabase(name);
  }

  /** Drops a database, which must be empty. */
  public static void dropDatabase(MilvusCluster source, String name) {
    new SourceCalls(source).dropDatabase(name);
  }

  /** Creates it. */
  public SourceCollection create() {
    calls.create(collection, consistency);
    return this;
  }

  /** Drops it. */
  public void drop() {
    calls.drop(collection);
  }

  /** Gives it another name, in the same or in another database. */
  public void rename(String database, String name) {
    calls.rename(collection, database, name);
    collection.database = database;
    collection.name = name;
  }

  /** Sets a property. */
  public void alter(String property, String value) {
    calls.alter(collection, property, value);
  }

  /** Creates a partition. */
  public void createPartition(String partition) {
    calls.createPartition(collection, partition);
  }

  /** Drops a partition, which must not be loaded. */
  public void dropPartition(String partition) {
    calls.dropPartition(collection, partition);
  }

  /** Inserts rows with the keys of the numbers from (inclusive) to (exclusive). */
  public MutationResult insert(long from, long to, int mark) {
    return insert("", from, to, mark);
  }

  /** Inserts rows into a partition. */
  public MutationResult insert(String partition, long from, long to, int mark) {
    return calls.insert(collection, partition, from, to, mark);
  }

  /** Upserts rows with the keys of the numbers from (inclusive) to (exclusive). */
  public void upsert(long from, long to, int mark) {
    upsert("", from, to, mark);
  }

  /** Upserts rows in a partition. */
  public void upsert(String partition, long from, long to, int mark) {
    calls.upsert(collection, partition, from, to, mark);
  }

  /** Deletes what an expression selects; one over other fields than the key has to be loaded. */
  public void delete(String expression) {
    delete("", expression);
  }

  /** Deletes what an expression selects in a partition. */
  public void delete(String partition, String expression) {
    calls.delete(collection, partition, expression);
  }

  /**
   * Builds an index.
   *
   * @param name empty for Milvus' own
   * @param parameters as a client gives them, for example {@code index_type}
   */
  public void createIndex(String field, String name, Map<String, String> parameters) {
    calls.createIndex(
        collection,
        field,
        name,
        new TreeMap<>(parameters)
            .entrySet().stream()
                .map(parameter -> SourceCalls.pair(parameter.getKey(), parameter.getValue()))
                .toList());
  }

  /** Drops an index; nothing of the collection may be loaded. */
  public void dropIndex(String field, String name) {
    calls.dropIndex(collection, field, name);
  }

  /** Begins to load it; its vector needs an index. */
  public void load() {
    calls.load(collection);
  }

  /** Whether loading has ended. */
  public boolean isLoaded() {
    return calls.loadState(collection) == LoadState.LoadStateLoaded;
  }

  /** Releases it. */
  public void release() {
    calls.release(collection);
  }

  /** Begins to load a partition. */
  public void loadPartition(String partition) {
    calls.loadPartition(collection, partition);
  }

  /** Releases a partition. */
  public void releasePartition(String partition) {
    calls.releasePartition(collection, partition);
  }

  /** Gives it an alias. */
  public void createAlias(String alias) {
    calls.createAlias(collection, alias);
  }

  /** Gives it an alias that another collection of its database has. */
  public void alterAlias(String alias) {
    calls.alterAlias(collection, alias);
  }

  /** Takes an alias from whichever collection of the database has it. */
  public void dropAlias(String alias) {
    calls.dropAlias(collection.database, alias);
  }

  /** Seals what was written. */
  public void flush() {
    calls.flush(collection);
  }

  /** Database and name. */
  @Override
  public String toString() {
    return collection.toString();
  }
}
