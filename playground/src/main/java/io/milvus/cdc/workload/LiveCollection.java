package io.milvus.cdc.workload;

import io.milvus.grpc.KeyValuePair;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** What a writer knows of a collection that it has created. */
final class LiveCollection {

  static final String DEFAULT_PARTITION = "_default";

  final AllTypes types;
  final int shards;

  /** Only with a partition key; otherwise 0. */
  final int partitionsOfKey;

  final List<KeyValuePair> properties;
  String database;
  String name;

  /** Empty when the collection has a partition key. */
  final SortedSet<String> partitions = new TreeSet<>();

  final SortedSet<String> loadedPartitions = new TreeSet<>();

  /** Whether the collection is loaded with the partitions that it gets. */
  boolean isLoadedAsWhole;

  /** Whether it got an index since it was loaded: Milvus 2.3 loads no more of it then. */
  boolean hasIndexSinceLoad;

  /** Whether properties were changed since the collection was last renamed. */
  boolean hasUnwrittenProperties;

  /** Names by field. */
  final SortedMap<String, String> indexes = new TreeMap<>();

  final SortedSet<String> aliases = new TreeSet<>();
  final List<Batch> batches = new ArrayList<>();
  long nextNumber;

  /**
   * Rows that were inserted together.
   *
   * @param partition empty when the collection has a partition key
   * @param keys the number of each row or, where the server makes the keys, its key
   */
  record Batch(String partition, List<Long> keys) {}

  LiveCollection(
      String database,
      String name,
      AllTypes types,
      int shards,
      int partitionsOfKey,
      List<KeyValuePair> properties,
      long firstNumber) {
    this.database = database;
    this.name = name;
    this.types = types;
    this.shards = shards;
    this.partitionsOfKey = partitionsOfKey;
    this.properties = properties;
    this.nextNumber = firstNumber;
    if (!types.hasPartitionKey()) {
      partitions.add(DEFAULT_PARTITION);
    }
  }

  boolean isLoaded() {
    return isLoadedAsWhole || !loadedPartitions.isEmpty();
  }

  boolean isLoadedCompletely() {
    return types.hasPartitionKey() ? isLoadedAsWhole : loadedPartitions.containsAll(partitions);
  }

  boolean hasVectorIndex() {
    return indexes.containsKey(AllTypes.VECTOR);
  }

  void released() {
    isLoadedAsWhole = false;
    hasIndexSinceLoad = false;
    loadedPartitions.clear();
  }

  @Override
  public String toString() {
    return database + "." + name;
  }
}
