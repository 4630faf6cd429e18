package io.milvus.cdc.task;

import java.util.List;

/**
 * Which collections of the source a task replicates.
 *
 * @param collections what is selected; a collection is selected when any entry matches it
 */
public record Selection(List<Entry> collections) {

  /** Matches every database, or every collection of a database. */
  public static final String ALL = "*";

  public Selection {
    collections = List.copyOf(collections);
  }

  /**
   * One selected collection, or many.
   *
   * @param database a database's name, or {@link #ALL}
   * @param collection a collection's name, or {@link #ALL}
   */
  public record Entry(String database, String collection) {

    boolean matches(String databaseName, String collectionName) {
      return matchesDatabase(databaseName)
          && (collection.equals(ALL) || collection.equals(collectionName));
    }

    boolean matchesDatabase(String databaseName) {
      return database.equals(ALL) || database.equals(databaseName);
    }
  }

  /** Whether the whole cluster is selected. */
  public static Selection everything() {
    return new Selection(List.of(new Entry(ALL, ALL)));
  }

  /** Whether a collection is replicated. */
  public boolean includes(String database, String collection) {
    return collections.stream().anyMatch(entry -> entry.matches(database, collection));
  }

  /** Whether any collection of a database can be selected. */
  public boolean includesDatabase(String database) {
    return collections.stream().anyMatch(entry -> entry.matchesDatabase(database));
  }
}
