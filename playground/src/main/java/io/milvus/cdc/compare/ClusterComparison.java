package io.milvus.cdc.compare;

import io.milvus.cdc.compare.RowComparison.Known;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.LoadState;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

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
 * <p>Nothing is locked: what is written meanwhile may show as a difference. Collections are
 * compared side by side, as most of the time a Milvus is waited for, and listed in the order of
 * their names. The list is bounded: at most 20 lines for a collection.
 */
public final class ClusterComparison {

  /** Collections that are compared, and loaded for that, at the same time. */
  private static final int OPEN_AT_ONCE = 12;

  /** How often rows that differ are loaded anew. */
  private static final int MOST_LOADS = 2;

  private final MilvusCluster source;
  private final MilvusCluster target;
  private final Optional<SortedSet<String>> selected;
  private final boolean loadsTemporarily;
  private final Optional<SourceLog> log;
  private final Optional<AcknowledgedRows> acknowledged;

  /**
   * What a comparison found; each line begins with the name of a database, or with {@code
   * <database>.<collection>}.
   *
   * @param differences what differs
   * @param notCompared what could not be looked at, and why
   * @param shownLate collections whose rows were the same after they had been loaded anew only
   * @param notShown where the source does not show the rows that it has taken: some not, some
   *     twice, or some that it has deleted
   * @param forgotten collections whose target does not show what it has acknowledged
   * @param collections how many there are on both sides
   * @param rows how many rows the source holds in what was compared
   */
  public record Report(
      List<String> differences,
      List<String> notCompared,
      List<String> shownLate,
      List<String> notShown,
      List<String> forgotten,
      int collections,
      long rows) {

    private static final Report NOTHING =
        new Report(List.of(), List.of(), List.of(), List.of(), List.of(), 0, 0);

    private static Report ofDifference(String text) {
      return new Report(List.of(text), List.of(), List.of(), List.of(), List.of(), 0, 0);
    }

    /** Whether everything was compared, and nothing differs. */
    public boolean isSame() {
      return differences.isEmpty() && notCompared.isEmpty();
    }

    private Report plus(Report other) {
      return new Report(
          joined(differences, other.differences),
          joined(notCompared, other.notCompared),
          joined(shownLate, other.shownLate),
          joined(notShown, other.notShown),
          joined(forgotten, other.forgotten),
          collections + other.collections,
          rows + other.rows);
    }

    private static List<String> joined(List<String> first, List<String> second) {
      return Stream.concat(first.stream(), second.stream()).toList();
    }
  }

  private ClusterComparison(
      MilvusCluster source,
      MilvusCluster target,
      Optional<SortedSet<String>> selected,
      boolean loadsTemporarily,
      Optional<SourceLog> log,
      Optional<AcknowledgedRows> acknowledged) {
    this.source = source;
    this.target = target;
    this.selected = selected;
    this.loadsTemporarily = loadsTemporarily;
    this.log = log;
    this.acknowledged = acknowledged;
  }

  /** Compares all databases, and those rows that are loaded on both sides. */
  public static ClusterComparison of(MilvusCluster source, MilvusCluster target) {
    return new ClusterComparison(
        source, target, Optional.empty(), false, Optional.empty(), Optional.empty());
  }

  /** Compares only these databases. One that neither cluster has is a difference. */
  public ClusterComparison ofDatabases(Collection<String> names) {
    return new ClusterComparison(
        source, target, Optional.of(new TreeSet<>(names)), loadsTemporarily, log, acknowledged);
  }

  /**
   * Loads what is not loaded, or not in all its partitions, and has an index for each vector, and
   * brings back what was loaded before. Where rows differ all of the collection is flushed, loaded
   * anew and compared once more. A replication of the source repeats this on the target.
   */
  public ClusterComparison loadingTemporarily() {
    return new ClusterComparison(source, target, selected, true, log, acknowledged);
  }

  /**
   * Lets the source's log say which rows there are where they still differ after everything was
   * loaded anew: Milvus 2.3.5 now and then loses rows, or deletions, that it has acknowledged and
   * that are in its log, without any replication, or keeps a row twice that its log has once, after
   * its Pulsar was killed, which makes the target right and the source wrong. Rows that the source
   * shows, and has not deleted, are compared field by field all the same.
   */
  public ClusterComparison knowing(SourceLog sourceLog) {
    return new ClusterComparison(
        source, target, selected, loadsTemporarily, Optional.of(sourceLog), acknowledged);
  }

  /**
   * Lets what the target has acknowledged say who is wrong where rows still differ after everything
   * was loaded anew: Milvus 2.3.5 now and then loses rows that it has acknowledged when it is
   * killed, which is not for a replication to repair.
   */
  public ClusterComparison knowing(AcknowledgedRows rows) {
    return new ClusterComparison(
        source, target, selected, loadsTemporarily, log, Optional.of(rows));
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
   * @throws IllegalStateException when the thread is interrupted
   */
  public Report compare() {
    ExecutorService threads = Executors.newFixedThreadPool(OPEN_AT_ONCE);
    try {
      return sum(databases(threads));
    } finally {
      threads.shutdownNow();
    }
  }

  private List<CompletableFuture<Report>> databases(Executor threads) {
    SortedSet<String> onSource = new TreeSet<>(source.databases());
    SortedSet<String> onTarget = new TreeSet<>(target.databases());
    List<CompletableFuture<Report>> parts = new ArrayList<>();
    for (String name : selected.orElse(union(onSource, onTarget))) {
      if (onSource.contains(name) && onTarget.contains(name)) {
        parts.addAll(collections(name, threads));
      } else if (onSource.contains(name)) {
        parts.add(difference(name + ": the database is missing on the target"));
      } else if (onTarget.contains(name)) {
        parts.add(difference(name + ": the database is only on the target"));
      } else {
        parts.add(difference(name + ": neither cluster has this database"));
      }
    }
    return parts;
  }

  private List<CompletableFuture<Report>> collections(String database, Executor threads) {
    SortedSet<String> onSource = new TreeSet<>(source.collections(database));
    SortedSet<String> onTarget = new TreeSet<>(target.collections(database));
    List<CompletableFuture<Report>> parts = new ArrayList<>();
    for (String name : union(onSource, onTarget)) {
      if (!onTarget.contains(name)) {
        parts.add(difference(database + "." + name + ": missing on the target"));
      } else if (!onSource.contains(name)) {
        parts.add(difference(database + "." + name + ": only on the target"));
      } else {
        parts.add(
            CompletableFuture.supplyAsync(
                () -> new OneCollection(database, name).report(), threads));
      }
    }
    return parts;
  }

  private static SortedSet<String> union(SortedSet<String> first, SortedSet<String> second) {
    SortedSet<String> all = new TreeSet<>(first);
    all.addAll(second);
    return all;
  }

  private static CompletableFuture<Report> difference(String text) {
    return CompletableFuture.completedFuture(Report.ofDifference(text));
  }

  /** Waits for all, also when one of them fails: each releases what it has loaded. */
  private static Report sum(List<CompletableFuture<Report>> parts) {
    try {
      CompletableFuture.allOf(parts.toArray(CompletableFuture<?>[]::new)).get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException known
          ? known
          : new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while two clusters were compared", e);
    }
    return parts.stream().map(CompletableFuture::join).reduce(Report.NOTHING, Report::plus);
  }

  /** What one comparison of all rows of a collection has found. */
  private record Look(Findings different, Findings unknown, long rows) {}

  /** The comparison of a collection that is on both sides. */
  private final class OneCollection {

    private final String database;
    private final String name;
    private final Findings different = new Findings();
    private final Findings unknown = new Findings();
    private boolean isShownLate;
    private final Findings notShown = new Findings();
    private boolean isForgotten;
    private long rows;

    OneCollection(String database, String name) {
      this.database = database;
      this.name = name;
    }

    Report report() {
      try (Side onSource = open(source, database, name);
          Side onTarget = open(target, database, name)) {
        DescriptionComparison.compare(onSource.described(), onTarget.described(), different);
        compareRows(onSource, onTarget);
      } catch (MilvusRefusedException e) {
        unknown.add("not compared to the end: " + e.getMessage());
      }
      String title = database + "." + name;
      return new Report(
          different.toList().stream().map(text -> title + ": " + text).toList(),
          unknown.toList().stream().map(text -> title + ": " + text).toList(),
          isShownLate ? List.of(title) : List.of(),
          notShown.toList().stream().map(text -> title + ": " + text).toList(),
          isForgotten ? List.of(title) : List.of(),
          1,
          rows);
    }

    /**
     * Milvus 2.3.5 now and then does not show what was written to one of a collection's channels
     * lately, although it has loaded it and is asked for everything; loaded anew from its storage,
     * it does. What differs then is not what the clusters hold.
     */
    private void compareRows(Side onSource, Side onTarget) {
      Look look = look(onSource, onTarget, Known.NOTHING);
      for (int loads = 1; isInDoubt(look) && loads <= MOST_LOADS; loads++) {
        onSource.loadAnew(source, database, name);
        onTarget.loadAnew(target, database, name);
        look = look(onSource, onTarget, Known.NOTHING);
        isShownLate = look.different().isEmpty();
      }
      if (isInDoubt(look) && (log.isPresent() || acknowledged.isPresent())) {
        Known known =
            new Known(
                log.map(one -> one.read(onSource.described().description())),
                acknowledged.map(all -> all.of(database, name)));
        look = look(onSource, onTarget, known);
      }
      rows = look.rows();
      different.addAll(look.different());
      unknown.addAll(look.unknown());
    }

    private boolean isInDoubt(Look look) {
      return loadsTemporarily && !look.different().isEmpty();
    }

    private Look look(Side onSource, Side onTarget, Known known) {
      Findings differentRows = new Findings();
      Findings unknownRows = new Findings();
      long compared = compareShownRows(onSource, onTarget, known, differentRows, unknownRows);
      return new Look(differentRows, unknownRows, compared);
    }

    /** Returns how many rows of the source were compared. */
    private long compareShownRows(
        Side onSource, Side onTarget, Known known, Findings different, Findings unknown) {
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
        RowReader onSourceRows = new RowReader(source, database, name, expected, List.of());
        RowReader onTargetRows = new RowReader(target, database, name, actual, List.of());
        onSourceRows.catchUp();
        onTargetRows.catchUp();
        return compareRows(
            onSourceRows,
            onTargetRows,
            known.in(expected.partitionIds().values()),
            "",
            different,
            unknown);
      }
      List<String> partitions = new ArrayList<>();
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
          partitions.add(partition);
        }
      }
      if (!partitions.isEmpty()) {
        new RowReader(source, database, name, expected, partitions).catchUp();
        new RowReader(target, database, name, actual, partitions).catchUp();
      }
      long compared = 0;
      for (String partition : partitions) {
        compared +=
            compareRows(
                new RowReader(source, database, name, expected, List.of(partition)),
                new RowReader(target, database, name, actual, List.of(partition)),
                known.in(List.of(expected.partitionIds().get(partition))),
                expected.partitions().size() == 1 ? "" : "partition " + partition + ": ",
                different,
                unknown);
      }
      return compared;
    }

    private long compareRows(
        RowReader onSource,
        RowReader onTarget,
        Known known,
        String prefix,
        Findings different,
        Findings unknown) {
      long count = onSource.count();
      RowComparison comparison =
          new RowComparison(onSource, onTarget, known, prefix, different, unknown);
      comparison.compare(count, onTarget.count());
      comparison.notShown().ifPresent(notShown::add);
      isForgotten |= comparison.isForgotten();
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
  private record Side(DescribedCollection described, Optional<TemporaryLoad> temporary)
      implements AutoCloseable {

    /** What can be read; waits for the end of loading. */
    LoadedPart loaded() {
      return temporary.map(TemporaryLoad::loaded).orElse(described.loaded());
    }

    void loadAnew(MilvusCluster cluster, String database, String name) {
      TemporaryLoad.loadAnew(
          cluster, database, name, temporary.isPresent() ? 1 : described.loaded().replicas());
    }

    @Override
    public void close() {
      temporary.ifPresent(TemporaryLoad::close);
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
