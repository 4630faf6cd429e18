package io.milvus.cdc.workload;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.grpc.ConsistencyLevel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Changes a source in every way that a client can: databases, collections of all types, partitions,
 * indexes, load states, aliases, renames, properties, rows.
 *
 * <pre>{@code
 * RandomWorkload.on(source, 42).withWriters(4).withDatabases(List.of("default", "shop"))
 *     .forDuration(Duration.ofMinutes(1)).run();
 * }</pre>
 *
 * <p>It does only what Milvus allows, and a refusal ends it. What each writer does follows from the
 * seed, the databases and the number of writers; how far it comes in a given time, and in which
 * order the writers meet in the collection that they share, does not. A seed can be used once on a
 * source, because the names follow from it too. What it has made stays as it is at the end, when
 * every vector has an index.
 */
public final class RandomWorkload {

  /** Of all writers. */
  private static final int MOST_COLLECTIONS = 30;

  /** How often a writer begins anew; each time it leaves collections behind. */
  private static final int MOST_LIVES = 5;

  /** Between the seeds of a writer's lives: larger than what tells rounds and faults apart. */
  private static final int LIFE = 1_000_000;

  private static final Duration LONGEST_OUTAGE = Duration.ofMinutes(2);
  private static final long POLL_MILLIS = 500;

  private final MilvusCluster source;
  private final long seed;
  private final int writers;
  private final List<String> databases;
  private final int steps;
  private final Duration duration;
  private final boolean survives;

  /**
   * What was done.
   *
   * @param operations how often, of each kind that was done at all
   * @param rowsWritten inserted and upserted
   * @param journal each single operation
   */
  public record Report(Map<Operation, Long> operations, long rowsWritten, Journal journal) {

    private Report plus(Report other) {
      Map<Operation, Long> sum = new EnumMap<>(Operation.class);
      sum.putAll(operations);
      other.operations.forEach((operation, count) -> sum.merge(operation, count, Long::sum));
      return new Report(Collections.unmodifiableMap(sum), rowsWritten + other.rowsWritten, journal);
    }
  }

  private RandomWorkload(
      MilvusCluster source,
      long seed,
      int writers,
      List<String> databases,
      int steps,
      Duration duration,
      boolean survives) {
    this.source = source;
    this.seed = seed;
    this.writers = writers;
    this.databases = databases;
    this.steps = steps;
    this.duration = duration;
    this.survives = survives;
  }

  /** One writer, database {@code default}, one of each kind of operation. */
  public static RandomWorkload on(MilvusCluster source, long seed) {
    return new RandomWorkload(source, seed, 1, List.of("default"), 0, Duration.ofDays(1), false);
  }

  /** Threads, each with its own collections, and one collection that all write to. */
  public RandomWorkload withWriters(int number) {
    if (number < 1 || number > MOST_COLLECTIONS / 3) {
      throw new IllegalArgumentException(
          "A workload has 1 to " + MOST_COLLECTIONS / 3 + " writers, not " + number);
    }
    return new RandomWorkload(source, seed, number, databases, steps, duration, survives);
  }

  /**
   * Where the collections are, besides databases that the writers create and drop; those that are
   * missing are created.
   */
  public RandomWorkload withDatabases(List<String> names) {
    if (names.isEmpty()) {
      throw new IllegalArgumentException("A workload needs a database");
    }
    return new RandomWorkload(source, seed, writers, List.copyOf(names), steps, duration, survives);
  }

  /** Ends each writer after so many steps behind the first one of each kind. */
  public RandomWorkload forSteps(int number) {
    return new RandomWorkload(
        source, seed, writers, databases, number, Duration.ofDays(1), survives);
  }

  /** Ends after this time, but not before there was one of each kind. */
  public RandomWorkload forDuration(Duration time) {
    return new RandomWorkload(source, seed, writers, databases, Integer.MAX_VALUE, time, survives);
  }

  /**
   * Lets a writer whose call failed, with whatever outcome, leave its collections as they are and
   * go on with others as soon as the source answers again, for half of the time at least. At the
   * end each gets what it needs to be compared. What comes before the writers and behind them may
   * be done twice, so a call of it that failed is made again.
   */
  public RandomWorkload survivingFaults() {
    return new RandomWorkload(source, seed, writers, databases, steps, duration, true);
  }

  /** Drops every collection, and every database but {@code default}, of a cluster. */
  public static void removeAll(MilvusCluster source) {
    SourceCalls calls = new SourceCalls(source);
    for (String database : calls.databases()) {
      calls.dropCollections(database);
      if (!database.equals("default")) {
        calls.dropDatabase(database);
      }
    }
  }

  /**
   * Runs it to its end.
   *
   * @throws IllegalStateException when the source refuses something, or the thread is interrupted;
   *     says the seed, the writer and what it was about to do
   */
  public Report run() {
    SourceCalls calls = new SourceCalls(source);
    LiveCollection shared = shared();
    surviving(() -> prepare(calls, shared));
    long end = System.nanoTime() + duration.toNanos();
    AtomicBoolean failed = new AtomicBoolean();
    Journal journal = new Journal();
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    try {
      List<Future<Report>> running = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        int number = i;
        running.add(threads.submit(() -> run(calls, number, shared, journal, end, failed)));
      }
      Report all = new Report(Map.of(), 0, journal);
      for (Future<Report> writer : running) {
        all = all.plus(writer.get());
      }
      if (survives) {
        surviving(calls::completeAll);
      }
      return all;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("The workload of seed " + seed + " was interrupted", e);
    } finally {
      failed.set(true);
      threads.shutdownNow();
    }
  }

  private Report run(
      SourceCalls calls,
      int number,
      LiveCollection shared,
      Journal journal,
      long end,
      AtomicBoolean failed) {
    Report before = new Report(Map.of(), 0, journal);
    long until = end;
    for (int life = 0; ; life++) {
      WorkloadWriter writer =
          new WorkloadWriter(
              calls,
              seed + (long) life * LIFE,
              number,
              databases,
              MOST_COLLECTIONS / writers,
              shared,
              journal);
      try {
        writer.open();
        for (int i = 0; i < steps && !failed.get() && System.nanoTime() < until; i++) {
          writer.step();
        }
        writer.close();
        return before.plus(writer.report());
      } catch (RuntimeException e) {
        if (!survives || life == MOST_LIVES) {
          failed.set(true);
          throw new IllegalStateException(
              "Seed " + seed + ", " + writer + ": " + e.getMessage(), e);
        }
        before = before.plus(writer.report());
        surviving(writer::mend);
        // Else an outage that lasts until the end would leave next to nothing to replicate.
        until = Math.max(until, System.nanoTime() + duration.toNanos() / 2);
      }
    }
  }

  /** Does what may be done twice; if faults are to be survived, until the source has done it. */
  private void surviving(Runnable work) {
    long end = System.nanoTime() + LONGEST_OUTAGE.toNanos();
    while (true) {
      try {
        work.run();
        return;
      } catch (RuntimeException e) {
        if (!survives || System.nanoTime() > end) {
          throw e;
        }
      }
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("Interrupted while the source was away", e);
      }
    }
  }

  private LiveCollection shared() {
    return new LiveCollection(
        databases.get(0),
        "s" + seed + "_shared",
        AllTypes.of(AllTypes.KeyKind.INT64, AllTypes.VectorKind.FLOAT).withDynamicField(),
        2,
        0,
        List.of(),
        0);
  }

  /** Creates what the writers share. */
  private void prepare(SourceCalls calls, LiveCollection shared) {
    List<String> existing = calls.databases();
    databases.stream().filter(name -> !existing.contains(name)).forEach(calls::createDatabase);
    // Milvus 2.3.5 refuses the very same request when it was restarted after it.
    if (!source.collections(shared.database).contains(shared.name)) {
      calls.create(shared, ConsistencyLevel.Bounded);
    }
    calls.createIndex(
        shared,
        AllTypes.VECTOR,
        "",
        List.of(SourceCalls.pair("index_type", "FLAT"), SourceCalls.pair("metric_type", "L2")));
    calls.load(shared);
  }
}
