package io.milvus.cdc.workload;

/** What a {@link RandomWorkload} does. */
public enum Operation {
  /** Creates a database, also one that was there before. */
  CREATE_DATABASE(1),
  /** Drops an empty database. */
  DROP_DATABASE(1),
  /** Creates a collection of some schema. */
  CREATE_COLLECTION(4),
  /** Drops a collection, whatever it has. */
  DROP_COLLECTION(2),
  /** Drops a collection and creates another one under its name. */
  RECREATE_COLLECTION(1),
  /** Gives a collection another name. */
  RENAME_COLLECTION(2),
  /** Renames a collection into another database. */
  MOVE_COLLECTION(2),
  /** Sets a property. */
  ALTER_COLLECTION(2),
  /** Creates a partition. */
  CREATE_PARTITION(4),
  /** Drops a partition with its rows. */
  DROP_PARTITION(2),
  /** Drops a partition, creates it again, and inserts into it. */
  RECREATE_PARTITION(2),
  /** Inserts rows with new keys. */
  INSERT(20),
  /** Upserts rows that were inserted, some of them deleted meanwhile. */
  UPSERT(12),
  /** Deletes rows by their keys. */
  DELETE_BY_KEYS(8),
  /** Deletes rows by their keys, in one partition. */
  DELETE_IN_PARTITION(4),
  /** Deletes what an expression over another field than the key selects. */
  DELETE_BY_FIELD(3),
  /** Builds an index on a vector. */
  CREATE_VECTOR_INDEX(12),
  /** Builds an index on a number or text. */
  CREATE_SCALAR_INDEX(3),
  /** Drops an index; releases the collection first. */
  DROP_INDEX(1),
  /** Loads a collection. */
  LOAD_COLLECTION(6),
  /** Releases a collection. */
  RELEASE_COLLECTION(2),
  /** Loads one partition. */
  LOAD_PARTITION(2),
  /** Releases one partition. */
  RELEASE_PARTITION(2),
  /** Gives a collection an alias. */
  CREATE_ALIAS(2),
  /** Points an alias at another collection. */
  ALTER_ALIAS(1),
  /** Drops an alias. */
  DROP_ALIAS(1),
  /** Flushes a collection. */
  FLUSH(1),
  /** Upserts keys that other writers write as well. */
  UPSERT_SHARED(8),
  /** Deletes keys that other writers write as well. */
  DELETE_SHARED(4);

  private final int weight;

  Operation(int weight) {
    this.weight = weight;
  }

  /** How often it is drawn, among the weights of all. */
  int weight() {
    return weight;
  }
}
