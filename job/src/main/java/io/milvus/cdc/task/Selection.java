package io.milvus.cdc.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which collections of the source a task replicates, and what they are called on the target.
 *
 * @param collections what is selected; a collection is selected when any entry matches it
 * @param renamings what has another name on the target; everything else keeps its own
 */
public record Selection(List<Entry> collections, List<Renaming> renamings) {

  /** Matches every database, or every collection of a database. */
  public static final String ALL = "*";

  public Selection {
    collections = List.copyOf(collections);
    renamings = List.copyOf(renamings);
  }

  /** A selection whose collections keep their names. */
  public Selection(List<Entry> collections) {
    this(collections, List.of());
  }

  /** A collection's place in a cluster. */
  public record Name(String database, String collection) {

    /** {@code database.collection}. */
    @Override
    public String toString() {
      return database + "." + collection;
    }
  }

  /**
   * Other names on the target for collections of one database.
   *
   * @param database the database's name on the source
   * @param targetDatabase the database that they are in on the target
   * @param collections names on the target by names on the source; when it is empty every
   *     collection of the database is meant, except those that another entry names, and keeps its
   *     own name
   */
  public record Renaming(String database, String targetDatabase, Map<String, String> collections) {

    public Renaming {
      collections = Map.copyOf(collections);
    }

    /** Whether all of a database is meant. */
    public boolean isWholeDatabase() {
      return collections.isEmpty();
    }
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

    /** Whether a collection can match both. */
    boolean meets(Entry other) {
      return meet(database, other.database) && meet(collection, other.collection);
    }

    private static boolean meet(String one, String other) {
      return one.equals(other) || one.equals(ALL) || other.equals(ALL);
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

  /** What a collection of the source is called on the target. */
  public Name onTarget(String database, String collection) {
    Optional<Name> byName =
        renamings.stream()
            .filter(renaming -> renaming.database().equals(database))
            .filter(renaming -> renaming.collections().containsKey(collection))
            .map(
                renaming ->
                    new Name(renaming.targetDatabase(), renaming.collections().get(collection)))
            .findFirst();
    return byName.orElseGet(() -> new Name(wholeOnTarget(database), collection));
  }

  private String wholeOnTarget(String database) {
    return renamings.stream()
        .filter(Renaming::isWholeDatabase)
        .filter(renaming -> renaming.database().equals(database))
        .map(Renaming::targetDatabase)
        .findFirst()
        .orElse(database);
  }

  /**
   * The databases that the target needs for selected collections of some databases of the source,
   * whether these hold any or not.
   *
   * @param existing the databases of the source
   */
  public Set<String> databasesOnTarget(Set<String> existing) {
    Set<String> needed = new TreeSet<>();
    for (Entry entry : collections) {
      for (String database : existing) {
        if (!entry.matchesDatabase(database)) {
          continue;
        }
        needed.add(
            entry.collection().equals(ALL)
                ? wholeOnTarget(database)
                : onTarget(database, entry.collection()).database());
        renamings.stream()
            .filter(renaming -> renaming.database().equals(database))
            .filter(
                renaming ->
                    renaming.collections().keySet().stream()
                        .anyMatch(name -> entry.matches(database, name)))
            .forEach(renaming -> needed.add(renaming.targetDatabase()));
      }
    }
    return needed;
  }

  /**
   * Whether one target cannot serve both: when both select the same collection, which has one copy
   * on a target, or both can write to the same name. A database that is selected by {@link #ALL}
   * may be any on the target.
   */
  public boolean overlaps(Selection other) {
    return meet(collections, other.collections) || meet(writtenEntries(), other.writtenEntries());
  }

  /** Whether a selected collection can have this name on the target. */
  public boolean writes(String database, String collection) {
    return writtenEntries().stream().anyMatch(entry -> entry.matches(database, collection));
  }

  private static boolean meet(List<Entry> some, List<Entry> others) {
    return some.stream().anyMatch(one -> others.stream().anyMatch(one::meets));
  }

  /** What is selected, by its names on the target. */
  private List<Entry> writtenEntries() {
    List<Entry> written = new ArrayList<>();
    for (Entry entry : collections) {
      if (entry.collection().equals(ALL) || entry.database().equals(ALL)) {
        written.add(
            new Entry(
                entry.database().equals(ALL) ? ALL : wholeOnTarget(entry.database()),
                entry.collection()));
        for (Renaming renaming : renamings) {
          renaming.collections().entrySet().stream()
              .filter(names -> entry.matches(renaming.database(), names.getKey()))
              .forEach(
                  names -> written.add(new Entry(renaming.targetDatabase(), names.getValue())));
        }
      } else {
        Name name = onTarget(entry.database(), entry.collection());
        written.add(new Entry(name.database(), name.collection()));
      }
    }
    return written;
  }
}
