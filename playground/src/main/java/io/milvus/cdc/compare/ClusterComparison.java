package io.milvus.cdc.compare;

import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.LoadState;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Lists everything that differs between a source Milvus and its copy: databases, collections,
 * schemas, shards, consistency levels, properties, partitions, indexes, aliases, load states, and
 * every row with every field.
 *
 * <pre>{@code
 * List<String> differences = ClusterComparison.of(source, target).differences();
 * }</pre>
 *
 * <p>A copy may differ in three things: its primary key has auto-id off, it carries the property
 * {@code cdc.source.collection}, and the partitions of a collection with a partition key are
 * compared by their number only. What Milvus numbers by itself (ids, timestamps, channels) is not
 * compared.
 *
 * <p>Nothing is locked: what is written meanwhile may show as a difference. The clusters are asked
 * for one thing after the other, in the order of the names, so the same two clusters give the same
 * list. It is bounded: at most 20 lines for a collection.
 */
public final class ClusterComparison {

  /** Collections that are loaded for a comparison at the same time. */
  private static final int OPEN_AT_ONCE = 12;

  /** How often rows that differ are loaded anew. */
  private static final int MOST_LOADS = 2;

  private final MilvusCluster source;
  private final MilvusCluster target;
  private final Optional<SortedSet<String>> selected;
  private final boolean loadsTemporarily;

  /**
   * What a comparison found; each line begins with the name of a database, or with {@code
   * <database>.<collection>}.
   *
   * @param differences what differs
   * @param notCompared what could not be looked at, and why
   * @param shownLate collections whose rows were the same after they had been loaded anew only
   * @param collections how many there are on both sides
   * @param rows how many rows the source holds in what was compared
   */
  public record Report(
      List<String> differences,
      List<String> notCompared,
      List<String> shownLate,
      int collections,
      long rows) {

    /** Whether everything was compared, and nothing differs. */
    public boolean isSame() {
      return differences.isEmpty() && notCompared.isEmpty();
    }
  }

  private ClusterComparison(
      MilvusCluster source,
      MilvusCluster target,
      Optional<SortedSet<String>> selected,
      boolean loadsTemporarily) {
    this.source = source;
    this.target = target;
    this.selected = selected;
    this.loadsTemporarily = loadsTemporarily;
  }

  /** Compares all databases, and those rows that are loaded on both sides. */
  public static ClusterComparison of(MilvusCluster source, MilvusCluster target) {
    return new ClusterComparison(source, target, Optional.empty(), false);
  }

  /** Compares only these databases. One that neither cluster has is a difference. */
  public ClusterComparison ofDatabases(Collection<String> names) {
    return new ClusterComparison(
        source, target, Optional.of(new TreeSet<>(names)), loadsTemporarily);
  }

  /**
   * Loads what is not loaded, or not in all its partitions, and has an index for each vector, and
   * brings back what was loaded before. Where rows differ all of the collection is flushed, loaded
   * anew and compared once more. A replication of the source repeats this on the target.
   */
  public ClusterComparison loadingTemporarily() {
    return new ClusterComparison(source, target, selected, true);
  }

  /**
   * Compares.
   *
   * @return what differs and what could not be compared, for people: empty only when everything is
   *     the same
   * @throws io.grpc.StatusRuntimeException when a cluster cannot be reached
   */
  public List<String> differences() {
    Report report = compare();
    List<String> all = new ArrayList<>(report.differences());
    all.addAll(report.notCompared());
    return List.copyOf(all);
  }

  /**
   * Compares.
   *
   * @throws io.grpc.StatusRuntimeException when a cluster cannot be reached
   */
  public Report compare() {
    return new Run().report();
  }

  /** One comparison, as far as it has come. */
  private final class Run {

    private final List<String> differences = new ArrayList<>();
    private final List<String> notCompared = new ArrayList<>();
    private final List<String> shownLate = new ArrayList<>();
    private int collections;
    private long rows;

    Report report() {
      SortedSet<String> onSource = new TreeSet<>(source.databases());
      SortedSet<String> onTarget = new TreeSet<>(target.databases());
      SortedSet<String> names = new TreeSet<>(onSource);
      names.addAll(onTarget);
      for (String name : selected.orElse(names)) {
        if (onSource.contains(name) && onTarget.contains(name)) {
          compareDatabase(name);
        } else if (onSource.contains(name)) {
          differences.add(name + ": the database is missing on the target");
        } else if (onTarget.contains(name)) {
          differences.add(name + ": the database is only on the target");
        } else {
          differences.add(name + ": neither cluster has this database");
        }
      }
      return new Report(
          List.copyOf(differences),
          List.copyOf(notCompared),
          List.copyOf(shownLate),
          collections,
          rows);
    }

    private void compareDatabase(String database) {
      SortedSet<String> onSource = new TreeSet<>(source.collections(database));
      SortedSet<String> onTarget = new TreeSet<>(target.collections(database));
      SortedSet<String> names = new TreeSet<>(onSource);
      names.addAll(onTarget);
      List<String> both = new ArrayList<>();
      for (String name : names) {
        if (!onTarget.contains(name)) {
          differences.add(database + "." + name + ": missing on the target");
        } else if (!onSource.contains(name)) {
          differences.add(database + "." + name + ": only on the target");
        } else {
          collections++;
          both.add(name);
        }
      }
      for (int i = 0; i < both.size(); i += OPEN_AT_ONCE) {
        compareCollections(database, both.subList(i, Math.min(i + OPEN_AT_ONCE, both.size())));
      }
    }

    /** Loading takes its time, so it is begun for all of them before the first one is compared. */
    private void compareCollections(String database, List<String> names) {
      List<Pair> pairs = new ArrayList<>();
      try {
        for (String name : names) {
          Pair pair = new Pair();
          pairs.add(pair);
          openPair(database, name, pair);
        }
        for (int i = 0; i < names.size(); i++) {
          compareCollection(database, names.get(i), pairs.get(i));
        }
      } finally {
        pairs.forEach(Pair::close);
      }
    }

    private void openPair(String database, String name, Pair pair) {
      try {
        pair.onSource = Optional.of(open(source, database, name));
        pair.onTarget = Optional.of(open(target, database, name));
      } catch (MilvusRefusedException e) {
        pair.refusal = Optional.of(e);
      }
    }

    private void compareCollection(String database, String name, Pair pair) {
      Findings different = new Findings();
      Findings unknown = new Findings();
      try {
        if (pair.refusal.isPresent()) {
          throw pair.refusal.get();
        }
        Side onSource = pair.onSource.orElseThrow();
        Side onTarget = pair.onTarget.orElseThrow();
        DescriptionComparison.compare(onSource.described(), onTarget.described(), different);
        compareRows(database, name, onSource, onTarget, different, unknown);
      } catch (MilvusRefusedException e) {
        unknown.add("not compared to the end: " + e.getMessage());
      } finally {
        pair.close();
      }
      String prefix = database + "." + name + ": ";
      different.toList().forEach(text -> differences.add(prefix + text));
      unknown.toList().forEach(text -> notCompared.add(prefix + text));
    }

    /**
     * Milvus 2.3.5 now and then does not show what was written to one of a collection's channels
     * lately, although it has loaded it and is asked for everything; loaded anew from its storage,
     * it does. What differs then is not what the clusters hold.
     */
    private void compareRows(
        String database,
        String name,
        Side onSource,
        Side onTarget,
        Findings different,
        Findings unknown) {
      for (int loads = 0; ; loads++) {
        Findings differentRows = new Findings();
        Findings unknownRows = new Findings();
        long compared =
            compareShownRows(database, name, onSource, onTarget, differentRows, unknownRows);
        if (differentRows.isEmpty() || !loadsTemporarily || loads == MOST_LOADS) {
          if (differentRows.isEmpty() && loads > 0) {
            shownLate.add(database + "." + name);
          }
          rows += compared;
          different.addAll(differentRows);
          unknown.addAll(unknownRows);
          return;
        }
        onSource.loadAnew(source, database, name);
        onTarget.loadAnew(target, database, name);
      }
    }

    /** Returns how many rows of the source were compared. */
    private long compareShownRows(
        String database,
        String name,
        Side onSource,
        Side onTarget,
        Findings different,
        Findings unknown) {
      DescribedCollection expected = onSource.described();
      DescribedCollection actual = onTarget.described();
      FieldSchema key = expected.primaryKey();
      FieldSchema other = actual.primaryKey();
      if (!key.getName().equals(other.getName()) || key.getDataType() != other.getDataType()) {
        unknown.add("rows not compared: they have other keys");
        return 0;
      }
      LoadedPart loadedOnSource = onSource.loaded();
      LoadedPart loadedOnTarget = onTarget.loaded();
      Optional<String> reason =
          unreadable("source", expected, loadedOnSource)
              .or(() -> unreadable("target", actual, loadedOnTarget));
      if (reason.isPresent()) {
        unknown.add("rows not compared: " + reason.get());
        return 0;
      }
      if (expected.hasPartitionKey() || actual.hasPartitionKey()) {
        return compareRows(
            new RowReader(source, database, name, expected, List.of()),
            new RowReader(target, database, name, actual, List.of()),
            "",
            different,
            unknown);
      }
      long compared = 0;
      for (String partition : expected.partitions()) {
        if (!actual.partitions().contains(partition)) {
          continue;
        }
        String prefix = "partition " + partition + ": ";
        if (!loadedOnSource.partitions().contains(partition)) {
          unknown.add(prefix + "rows not compared: not loaded on the source");
        } else if (!loadedOnTarget.partitions().contains(partition)) {
          unknown.add(prefix + "rows not compared: not loaded on the target");
        } else {
          compared +=
              compareRows(
                  new RowReader(source, database, name, expected, List.of(partition)),
                  new RowReader(target, database, name, actual, List.of(partition)),
                  expected.partitions().size() == 1 ? "" : prefix,
                  different,
                  unknown);
        }
      }
      return compared;
    }

    private long compareRows(
        RowReader onSource,
        RowReader onTarget,
        String prefix,
        Findings different,
        Findings unknown) {
      long count = onSource.count();
      new RowComparison(onSource, onTarget, prefix, different, unknown)
          .compare(count, onTarget.count());
      return count;
    }
  }

  private Side open(MilvusCluster cluster, String database, String name) {
    DescribedCollection described = DescribedCollection.read(cluster, database, name);
    boolean isAll = described.loaded().partitions().containsAll(described.partitions());
    boolean asItIs =
        !loadsTemporarily
            || isAll
            || described.loaded().state() == LoadState.LoadStateLoading
            || !described.canBeLoaded();
    return new Side(
        described,
        asItIs
            ? Optional.empty()
            : Optional.of(new TemporaryLoad(cluster, database, name, described)));
  }

  /** A collection on one side, as it was before anything was loaded for the comparison. */
  private record Side(DescribedCollection described, Optional<TemporaryLoad> temporary) {

    /** What can be read; waits for the end of loading. */
    LoadedPart loaded() {
      return temporary.map(TemporaryLoad::loaded).orElse(described.loaded());
    }

    void loadAnew(MilvusCluster cluster, String database, String name) {
      TemporaryLoad.loadAnew(
          cluster, database, name, temporary.isPresent() ? 1 : described.loaded().replicas());
    }
  }

  /** A collection on both sides, as far as it could be opened. */
  private static final class Pair implements AutoCloseable {

    private Optional<Side> onSource = Optional.empty();
    private Optional<Side> onTarget = Optional.empty();
    private Optional<MilvusRefusedException> refusal = Optional.empty();

    /** Releases what was loaded; does nothing the second time. */
    @Override
    public void close() {
      Optional<Side> first = onSource;
      Optional<Side> second = onTarget;
      onSource = Optional.empty();
      onTarget = Optional.empty();
      try {
        first.flatMap(Side::temporary).ifPresent(TemporaryLoad::close);
      } finally {
        second.flatMap(Side::temporary).ifPresent(TemporaryLoad::close);
      }
    }
  }

  private Optional<String> unreadable(
      String side, DescribedCollection described, LoadedPart loaded) {
    if (loaded.isReadable()) {
      return Optional.empty();
    }
    if (loadsTemporarily && !described.canBeLoaded()) {
      return Optional.of("not loaded on the " + side + ", and without an index cannot be loaded");
    }
    return Optional.of(loaded.inWords() + " on the " + side);
  }
}
