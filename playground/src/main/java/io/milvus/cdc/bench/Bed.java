package io.milvus.cdc.bench;

import com.google.gson.JsonObject;
import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.playground.ControlApi;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundException;
import io.milvus.cdc.tap.TargetTap;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Real servers to measure on.
 *
 * @param scale of what is written, 1 for what the figures are meant for
 */
record Bed(
    Playground playground,
    ControlApi api,
    MilvusCluster source,
    MilvusCluster target,
    TargetTap tap,
    double scale) {

  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final long POLL_MILLIS = 10;
  private static final long SELDOM_MILLIS = 100;
  private static final List<Part> SERVERS = List.of(Part.PULSAR, Part.SOURCE, Part.TARGET);
  private static final long QUIET_MILLIS = 3_000;

  /** Of one processor, by all of them. */
  private static final double MOST_WHEN_QUIET = 0.3;

  /** A number of rows or operations, scaled. */
  int scaled(int number) {
    return (int) Math.max(10, Math.round(number * scale));
  }

  /** A task for a collection of the source, or for {@code *}, that is up to date. */
  String task(int targetPort, String collection) {
    String task = api.create(targetPort, collection);
    awaitReplicated(task);
    return task;
  }

  /** Waits until the copy of a collection can be read. */
  void awaitCopy(BenchTable table) {
    await("the copy of " + table.name() + " is not loaded", () -> table.isLoaded(target));
  }

  /**
   * Makes sure that nothing is missing on the target and nothing is there twice.
   *
   * @throws PlaygroundException when it has another number of rows
   */
  void checkRows(BenchTable table, long wanted) {
    long counted = table.countAll(target);
    if (counted != wanted) {
      throw new PlaygroundException(
          "The target has " + counted + " rows of " + wanted + " in " + table.name());
    }
  }

  /** Drops a collection and its copy. */
  void drop(BenchTable table) {
    table.drop(source);
    table.drop(target);
  }

  /** A task that writes to the target itself. */
  String task(String collection) {
    return task(playground.ports().targetMilvus(), collection);
  }

  /**
   * Waits until everything up to now is on the target.
   *
   * @throws PlaygroundException when the task fails, or it takes too long
   */
  void awaitReplicated(String task) {
    Instant now = Instant.now();
    await(
        "task " + task + " does not catch up",
        () ->
            seen(task)
                .filter(one -> one.has("replicated_until"))
                .map(one -> Instant.parse(one.get("replicated_until").getAsString()))
                .filter(until -> until.isAfter(now))
                .isPresent());
  }

  private Optional<JsonObject> seen(String task) {
    Optional<JsonObject> seen = api.get(task);
    seen.filter(one -> one.get("state").getAsString().equals("Failed"))
        .ifPresent(
            one -> {
              throw new PlaygroundException("The task has failed: " + one);
            });
    return seen;
  }

  /**
   * Waits until the servers have come to rest: a source goes on with rows for a while after it has
   * taken them, and would do so on the processors that are measured.
   */
  void awaitQuiet() {
    await(
        "the servers do not come to rest",
        () -> {
          double before = serversCpuSeconds();
          sleep(QUIET_MILLIS);
          return serversCpuSeconds() - before < MOST_WHEN_QUIET * QUIET_MILLIS / 1_000;
        });
  }

  private double serversCpuSeconds() {
    return serversUse().cpuSeconds().values().stream().mapToDouble(Double::doubleValue).sum();
  }

  /** What those have used so far that share the processors with the replicating process. */
  Use serversUse() {
    Map<Part, Double> used = new EnumMap<>(Part.class);
    SERVERS.forEach(part -> used.put(part, new ProcessUse(playground.pid(part)).cpuSeconds()));
    return new Use(used, Processors.idleSeconds(), System.nanoTime() / 1e9);
  }

  /**
   * How the processors were used, up to a moment or between two.
   *
   * @param cpuSeconds by servers
   * @param idleSeconds by nobody, of all processors together
   * @param seconds that have passed
   */
  record Use(Map<Part, Double> cpuSeconds, double idleSeconds, double seconds) {

    /** What was used in between. */
    Use since(Use before) {
      Map<Part, Double> between = new EnumMap<>(cpuSeconds);
      between.replaceAll((part, now) -> now - before.cpuSeconds.get(part));
      return new Use(between, idleSeconds - before.idleSeconds, seconds - before.seconds);
    }

    /** Of all processors, how much was used by nobody. */
    double idlePercent() {
      return 100 * idleSeconds / (seconds * Processors.COUNT);
    }
  }

  /** The process that replicates, where Flink is embedded. */
  ProcessUse replicator() {
    return new ProcessUse(playground.pid(Part.SERVER));
  }

  /**
   * Waits for something.
   *
   * @throws PlaygroundException when it takes too long
   */
  static void await(String otherwise, BooleanSupplier condition) {
    await(otherwise, condition, POLL_MILLIS);
  }

  /**
   * Waits for something while something else is measured: asking uses the processors, too.
   *
   * @throws PlaygroundException when it takes too long
   */
  static void awaitSeldomAsking(String otherwise, BooleanSupplier condition) {
    await(otherwise, condition, SELDOM_MILLIS);
  }

  private static void await(String otherwise, BooleanSupplier condition, long pollMillis) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new PlaygroundException("After " + PATIENCE.toMinutes() + " min " + otherwise);
      }
      sleep(pollMillis);
    }
  }

  static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PlaygroundException("Interrupted", e);
    }
  }

  /** Seconds since a moment of {@link System#nanoTime}. */
  static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }
}
