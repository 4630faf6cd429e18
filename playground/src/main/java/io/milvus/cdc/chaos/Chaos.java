package io.milvus.cdc.chaos;

import io.milvus.cdc.compare.ClusterComparison;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundException;
import io.milvus.cdc.playground.PlaygroundSettings;
import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import io.milvus.cdc.playground.Ports;
import io.milvus.cdc.workload.RandomWorkload;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * Rounds of a seeded workload on the source with faults at random moments. Each round ends with
 * quiet and a comparison of everything; the first difference ends it all and leaves the logs.
 */
public final class Chaos {

  /** Of each collection that differs. */
  private static final int SHOWN_OPERATIONS = 60;

  private static final List<String> DATABASES = List.of("default", "chaos_one", "chaos_two");
  private static final int WRITERS = 3;

  /** So small that what clients write is more than one call takes, as a large backlog is. */
  private static final int ROWS_OF_CALL = 100;

  /** Each writer does one of each kind at least, once the source is there. */
  private static final int LEAST_OPERATIONS = 20;

  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final PlaygroundSettings settings;
  private final Path directory;
  private final int rounds;
  private final int faultsPerRound;
  private final Duration workload;
  private final long seed;
  private final PrintStream out;

  /**
   * @param settings say where the jobs run, for each fault that leaves it open
   * @param directory below which the servers keep their data and logs
   * @param rounds of each fault
   * @param faultsPerRound how often it happens in a round
   * @param workload how long clients write in a round, at least
   * @param seed decides what is done; when it happens depends on the machine
   */
  public Chaos(
      PlaygroundSettings settings,
      Path directory,
      int rounds,
      int faultsPerRound,
      Duration workload,
      long seed,
      PrintStream out) {
    this.settings = settings;
    this.directory = directory;
    this.rounds = rounds;
    this.faultsPerRound = faultsPerRound;
    this.workload = workload;
    this.seed = seed;
    this.out = out;
  }

  /**
   * Runs the rounds.
   *
   * @param names of faults, separated by commas, or {@code all}
   * @throws PlaygroundException at the first difference, when the task fails, or when it does not
   *     catch up; says the seed and where the logs are
   */
  public void run(String names) {
    List<Fault> faults =
        names.equals("all")
            ? Arrays.asList(Fault.values())
            : Arrays.stream(names.split(",", -1)).map(Fault::of).toList();
    out.println("seed " + seed + ", data and logs in " + directory);
    Rounds ended = new Rounds(out);
    ended.printTitle();
    try {
      Map<Surroundings, List<Fault>> together =
          faults.stream()
              .collect(
                  Collectors.groupingBy(
                      this::surroundings, LinkedHashMap::new, Collectors.toList()));
      together.forEach((surroundings, some) -> run(surroundings, some, ended));
    } finally {
      ended.printTable();
    }
  }

  /** What servers have to be like for a fault. */
  private record Surroundings(FlinkMode flink, Map<String, String> target) {}

  private Surroundings surroundings(Fault fault) {
    return new Surroundings(fault.flink(settings.flinkMode()), fault.targetSettings());
  }

  private void run(Surroundings surroundings, List<Fault> faults, Rounds ended) {
    FlinkMode flink = surroundings.flink();
    Path home =
        directory.resolve(
            flink.name().toLowerCase(Locale.ROOT)
                + (surroundings.target().isEmpty() ? "" : "-" + faults.get(0).id()));
    PlaygroundSettings here =
        settings
            .withFlinkMode(flink)
            .withPartSettings(Part.TARGET, surroundings.target())
            .withPartSettings(
                Part.SERVER,
                Map.of(
                    "CDC_FLINK_PARALLELISM",
                    Integer.toString(Stage.LARGEST_PARALLELISM),
                    "CDC_TARGET_BATCH_ROWS",
                    Integer.toString(ROWS_OF_CALL)));
    try (Stage stage = new Stage(Playground.create(home, Ports.free(), here), flink, out)) {
      for (Fault fault : faults) {
        for (int round = 1; round <= rounds; round++) {
          try {
            run(stage, fault, round, ended);
          } catch (RuntimeException e) {
            throw new PlaygroundException(
                "fault %s, round %d, seed %d: %s%nLogs: %s"
                    .formatted(fault.id(), round, seed, e.getMessage(), home.resolve("logs")),
                e);
          }
        }
      }
    }
  }

  private void run(Stage stage, Fault fault, int round, Rounds ended) {
    long roundSeed = seed * 1_000 + fault.id().hashCode() % 500 + round;
    RandomGenerator random = new SplittableRandom(roundSeed);
    CompletableFuture<RandomWorkload.Report> running =
        CompletableFuture.supplyAsync(
            () ->
                RandomWorkload.on(stage.source(), roundSeed)
                    .withWriters(WRITERS)
                    .withDatabases(DATABASES)
                    .survivingFaults()
                    .forDuration(workload)
                    .run());
    for (int i = 0; i < faultsPerRound; i++) {
      Stage.sleep(Duration.ofMillis(moment(random)));
      fault.inject(stage, random);
    }
    long over = System.nanoTime();
    stage.awaitSmallLag(PATIENCE);
    double seconds = (System.nanoTime() - over) / 1e9;
    RandomWorkload.Report report = result(running);
    stage.awaitDropsInLog(PATIENCE);
    stage.awaitReplicated(PATIENCE);
    // The comparison loads collections of the source, which is not to be replicated.
    stage.pause();
    ClusterComparison.Report compared =
        ClusterComparison.of(stage.source(), stage.target())
            .loadingTemporarily()
            .knowing(stage.sourceLog())
            .knowing(stage.acknowledged())
            .compare();
    long operations = report.operations().values().stream().mapToLong(Long::longValue).sum();
    ended.add(
        new Rounds.Round(
            fault,
            round,
            operations,
            faultsPerRound,
            seconds,
            compared.collections(),
            compared.rows(),
            compared.notCompared().size(),
            compared.differences().size()));
    if (!compared.shownLate().isEmpty()) {
      out.println("  the same only when loaded anew: " + compared.shownLate());
    }
    if (!compared.notShown().isEmpty()) {
      out.println("  the source does not show what it has taken: " + compared.notShown());
    }
    if (!compared.forgotten().isEmpty()) {
      out.println("  the target does not show what it has acknowledged: " + compared.forgotten());
    }
    if (operations < LEAST_OPERATIONS) {
      throw new PlaygroundException(
          "hardly anything was done that could differ: " + operations + " operations");
    }
    if (!compared.forgotten().isEmpty() && !stage.targetWasStartedAnew()) {
      throw new PlaygroundException(
          "the target has lost what it acknowledged, or was written in another order, although it"
              + " was never started anew: "
              + compared.forgotten());
    }
    if (!compared.isSame()) {
      throw new PlaygroundException(
          "source and target differ: "
              + String.join("; ", compared.differences())
              + "; not compared: "
              + String.join("; ", compared.notCompared())
              + "\n"
              + report.journal().about(compared.differences(), SHOWN_OPERATIONS));
    }
    // The next round begins on top of it, and its comparison sees what is left.
    RandomWorkload.removeAll(stage.source());
    stage.resume();
  }

  /** Milliseconds before a fault: some time in its share of the workload. */
  private long moment(RandomGenerator random) {
    double share = (double) workload.toMillis() / faultsPerRound;
    return Math.round(share * (0.2 + 0.8 * random.nextDouble()));
  }

  private static RandomWorkload.Report result(CompletableFuture<RandomWorkload.Report> running) {
    try {
      return running.get();
    } catch (ExecutionException | CompletionException e) {
      throw new PlaygroundException("the workload ended: " + e.getCause().getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PlaygroundException("interrupted", e);
    }
  }
}
