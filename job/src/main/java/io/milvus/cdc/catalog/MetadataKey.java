package io.milvus.cdc.catalog;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What an etcd key below {@code <root>/meta/} is about, in the layout of Milvus 2.3 to 2.5. */
sealed interface MetadataKey {

  /** Id of the default database. */
  long DEFAULT_DATABASE = 1;

  /**
   * Stands for the default database in keys of releases that knew no databases: an upgraded server
   * moves such a key by writing the new one and then removing the old one.
   */
  long BEFORE_DATABASES = 0;

  record Database(long databaseId) implements MetadataKey {}

  record Collection(long databaseId, long collectionId) implements MetadataKey {}

  record Field(long collectionId, long fieldId) implements MetadataKey {}

  record Function(long collectionId, long functionId) implements MetadataKey {}

  record Partition(long collectionId, long partitionId) implements MetadataKey {}

  record Alias(long databaseId, String name) implements MetadataKey {}

  record Index(long collectionId, long indexId) implements MetadataKey {}

  record CollectionLoad(long collectionId) implements MetadataKey {}

  record PartitionLoad(long collectionId, long partitionId) implements MetadataKey {}

  String DATABASES = "root-coord/database/db-info/";
  String COLLECTIONS = "root-coord/database/collection-info/";

  /**
   * Where Milvus 2.2 kept the collections of the default database; an upgrade leaves them there.
   */
  String COLLECTIONS_BEFORE_DATABASES = "root-coord/collection/";

  String FIELDS = "root-coord/fields/";
  String FUNCTIONS = "root-coord/functions/";
  String PARTITIONS = "root-coord/partitions/";
  String ALIASES = "root-coord/database/aliases/";

  /** Where Milvus 2.2 kept the aliases of the default database. */
  String ALIASES_BEFORE_DATABASES = "root-coord/aliases/";

  String INDEXES = "field-index/";
  String COLLECTION_LOADS = "querycoord-collection-loadinfo/";
  String PARTITION_LOADS = "querycoord-partition-loadinfo/";

  /** All prefixes that hold what is read here. */
  List<String> PREFIXES =
      List.of(
          DATABASES,
          COLLECTIONS,
          COLLECTIONS_BEFORE_DATABASES,
          FIELDS,
          FUNCTIONS,
          PARTITIONS,
          ALIASES,
          ALIASES_BEFORE_DATABASES,
          INDEXES,
          COLLECTION_LOADS,
          PARTITION_LOADS);

  /**
   * One range from here to {@link #RANGE_END} holds all {@link #PREFIXES} and none of the keys that
   * change with every flush ({@code datacoord-meta}, {@code segment-index}, {@code snapshots}), so
   * that one watch tells all in the order in which it happened.
   */
  String RANGE_START = INDEXES;

  String RANGE_END = "root-coord0";

  /**
   * Reads a key.
   *
   * @param key the key without {@code <root>/meta/}
   * @return empty for keys that say nothing about what is replicated
   */
  static Optional<MetadataKey> parse(String key) {
    for (String prefix : PREFIXES) {
      if (key.startsWith(prefix)) {
        try {
          return parse(prefix, Arrays.asList(key.substring(prefix.length()).split("/", -1)));
        } catch (NumberFormatException e) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<MetadataKey> parse(String prefix, List<String> parts) {
    if (parts.size() == 1) {
      String part = parts.get(0);
      return switch (prefix) {
        case DATABASES -> Optional.of(new Database(id(part)));
        case COLLECTIONS_BEFORE_DATABASES ->
            Optional.of(new Collection(BEFORE_DATABASES, id(part)));
        case ALIASES_BEFORE_DATABASES -> Optional.of(new Alias(BEFORE_DATABASES, part));
        case COLLECTION_LOADS -> Optional.of(new CollectionLoad(id(part)));
        default -> Optional.empty();
      };
    }
    if (parts.size() == 2) {
      long owner = id(parts.get(0));
      String part = parts.get(1);
      return switch (prefix) {
        case COLLECTIONS -> Optional.of(new Collection(owner, id(part)));
        case FIELDS -> Optional.of(new Field(owner, id(part)));
        case FUNCTIONS -> Optional.of(new Function(owner, id(part)));
        case PARTITIONS -> Optional.of(new Partition(owner, id(part)));
        case ALIASES -> Optional.of(new Alias(owner, part));
        case INDEXES -> Optional.of(new Index(owner, id(part)));
        case PARTITION_LOADS -> Optional.of(new PartitionLoad(owner, id(part)));
        default -> Optional.empty();
      };
    }
    return Optional.empty();
  }

  private static long id(String part) {
    return Long.parseLong(part);
  }
}
