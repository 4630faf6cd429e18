package io.milvus.cdc.bench;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.playground.ControlApi;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundException;
import io.milvus.cdc.playground.PlaygroundSettings;
import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import io.milvus.cdc.playground.Ports;
import io.milvus.cdc.tap.TargetTap;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;

/** Measures the replication on real servers of its own, and prints each figure. */
public final class Bench {

  /** As a server that people run has it. */
  private static final Duration CHECKPOINT_INTERVAL = Duration.ofSeconds(10);

  private static final int LARGE = 5_000;

  private static final List<BenchCase> CASES =
      List.of(
          new DrainCase(
              "drain-large",
              BenchTable.vectors("large", 128),
              500_000,
              LARGE,
              2,
              LARGE,
              Map.of(DrainCase.RATIO, Goal.atLeast(0.95))),
          new DrainCase(
              "drain-small",
              BenchTable.vectors("small", 128),
              50_000,
              1,
              16,
              LARGE,
              Map.of(DrainCase.RATIO, Goal.atLeast(0.80))),
          new MixedCase("drain-mixed", 100_000, Map.of(DrainCase.RATIO, Goal.atLeast(0.90))),
          new DrainCase(
              "wide-vectors", BenchTable.vectors("wide", 768), 60_000, 1_000, 2, 1_000, Map.of()),
          new DrainCase(
              "wide-fields", BenchTable.manyFields("fields"), 100_000, 1_000, 2, LARGE, Map.of()),
          new LagCase(
              "lag-single",
              1,
              100,
              60,
              Map.of(
                  LagCase.TICK_TO_TARGET + ", p50", Goal.atMost(30),
                  LagCase.TICK_TO_TARGET + ", p99", Goal.atMost(120),
                  LagCase.SOURCE_TO_TARGET + ", p50", Goal.atMost(400))),
          new LagCase(
              "lag-5000",
              100,
              50,
              60,
              Map.of(
                  LagCase.TICK_TO_TARGET + ", p50", Goal.atMost(80),
                  LagCase.TICK_TO_TARGET + ", p99", Goal.atMost(300))),
          new PipeCase(
              "pipe-large",
              500_000,
              LARGE,
              2,
              Map.of(PipeCase.MEGABYTES, Goal.atLeast(150), PipeCase.ALLOCATED, Goal.atMost(2))),
          new PipeCase(
              "pipe-small",
              400_000,
              1,
              16,
              Map.of(PipeCase.MESSAGES, Goal.atLeast(100_000), PipeCase.ALLOCATED, Goal.atMost(2))),
          new ManyCase(
              "many",
              1_000,
              1_000,
              60,
              Map.of(ManyCase.LAG + ", p99", Goal.atMost(1_000), ManyCase.HEAP, Goal.atMost(512))),
          new ManyCase("many-sparse", 1_000, 100, 60, Map.of()),
          new IdleCase("idle-one", 1, 60, Map.of(IdleCase.CPU, Goal.atMost(2))),
          new IdleCase("idle-twenty", 20, 60, Map.of(IdleCase.CPU, Goal.atMost(10))),
          new ResumeCase("restart", Map.of(ResumeCase.RESUME, Goal.atMost(5))),
          new TaskManagerCase("restart-killed", Map.of(TaskManagerCase.KILLED, Goal.atMost(15))));

  /** Milvus 2.3 allows 64 in a database unless it is told otherwise. */
  private static final Map<String, String> MANY_COLLECTIONS =
      Map.of("quotaAndLimits.limits.maxCollectionNumPerDB", "10000");

  private final Path directory;
  private final int repetitions;
  private final double scale;
  private final boolean targetApart;
  private final PrintStream out;

  /**
   * @param directory below which the servers keep their data and logs
   * @param repetitions of each case
   * @param scale of what is written, 1 for what the figures are meant for
   * @param targetApart whether the target shares its processor with nothing
   */
  public Bench(
      Path directory, int repetitions, double scale, boolean targetApart, PrintStream out) {
    this.directory = directory;
    this.repetitions = repetitions;
    this.scale = scale;
    this.targetApart = targetApart;
    this.out = out;
  }

  /** The names of the cases, separated by commas. */
  public static String cases() {
    return CASES.stream().map(BenchCase::id).collect(Collectors.joining(", "));
  }

  /**
   * Measures.
   *
   * @param names of cases, separated by commas, or {@code all}
   * @param json where all values are written to as well
   * @throws PlaygroundException when a case does not come to its end, or a row is missing
   */
  public void run(String names, Optional<Path> json) {
    List<BenchCase> wanted =
        names.equals("all") ? CASES : Arrays.stream(names.split(",", -1)).map(Bench::of).toList();
    out.printf(
        Locale.ROOT,
        "%d processors%s, %d repetitions, scale %s, data and logs in %s%n",
        Runtime.getRuntime().availableProcessors(),
        targetApart ? " (one of them the target's alone)" : "",
        repetitions,
        Figure.shown(scale),
        directory);
    Figures.printTitle(out);
    Map<BenchCase, Figures> measured = new LinkedHashMap<>();
    for (FlinkMode flink : FlinkMode.values()) {
      List<BenchCase> here = wanted.stream().filter(one -> one.flink() == flink).toList();
      if (!here.isEmpty()) {
        run(
            flink,
            here,
            (one, figures) -> {
              measured.put(one, figures);
              json.ifPresent(file -> write(file, measured));
            });
      }
    }
  }

  private void run(
      FlinkMode flink, List<BenchCase> cases, BiConsumer<BenchCase, Figures> measured) {
    PlaygroundSettings settings =
        PlaygroundSettings.defaults()
            .withFlinkMode(flink)
            .withCheckpointInterval(CHECKPOINT_INTERVAL)
            .withPartSettings(Part.SOURCE, MANY_COLLECTIONS)
            .withPartSettings(Part.TARGET, MANY_COLLECTIONS);
    List<Part> parts =
        new ArrayList<>(List.of(Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET, Part.SERVER));
    if (flink == FlinkMode.CLUSTER) {
      parts.addAll(List.of(Part.JOB_MANAGER, Part.TASK_MANAGER, Part.SECOND_TASK_MANAGER));
    }
    Path home = directory.resolve(flink.name().toLowerCase(Locale.ROOT));
    try (Playground playground = Playground.create(home, Ports.free(), settings)) {
      playground.start(parts.toArray(Part[]::new));
      if (targetApart) {
        Processors.keepApart(playground, Part.TARGET, parts);
      }
      try (MilvusCluster source =
              MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus());
          MilvusCluster target =
              MilvusCluster.connect("127.0.0.1", playground.ports().targetMilvus());
          TargetTap tap = new TargetTap(playground.ports().targetMilvus())) {
        Bed bed =
            new Bed(playground, new ControlApi(playground.serverUrl()), source, target, tap, scale);
        for (BenchCase one : cases) {
          one.prepare(bed);
          Figures early = repeat(one, bed, one.warmUps());
          Figures figures = repeat(one, bed, repetitions);
          one.cleanUp(bed);
          figures.addFirstOf(early, one);
          figures.print(one, out);
          measured.accept(one, figures);
        }
      }
    }
  }

  private static Figures repeat(BenchCase one, Bed bed, int times) {
    Figures figures = new Figures();
    for (int i = 0; i < times; i++) {
      one.measure(bed, figures);
    }
    if (times > 0) {
      one.conclude(figures);
    }
    return figures;
  }

  private static void write(Path file, Map<BenchCase, Figures> measured) {
    JsonArray all = new JsonArray();
    measured.forEach((one, figures) -> all.addAll(figures.json(one)));
    try {
      Files.writeString(file, new GsonBuilder().setPrettyPrinting().create().toJson(all) + "\n");
    } catch (IOException e) {
      throw new PlaygroundException("The figures cannot be written: " + e.getMessage(), e);
    }
  }

  private static BenchCase of(String id) {
    return CASES.stream()
        .filter(one -> one.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new PlaygroundException(
                    "There is no case '" + id + "'; choose all or some of " + cases() + "."));
  }
}
