package io.milvus.cdc.bench;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What tasks cost whose source is not written. */
record IdleCase(String id, int tasks, int seconds, Map<String, Goal> goals) implements BenchCase {

  static final String CPU = "CPU of the tasks";

  private static final int SETTLES_SECONDS = 20;

  /** Each job has classes of its own, which the JVM compiles while it runs. */
  private static final int WARM_UP_SECONDS = 600;

  @Override
  public void prepare(Bed bed) {
    tables().forEach(table -> table.createUnloaded(bed.source(), 1));
  }

  @Override
  public void measure(Bed bed, Figures figures) {
    List<String> ids = start(bed);
    sleepSeconds(WARM_UP_SECONDS);
    double with = use(bed);
    ids.forEach(bed.api()::delete);
    sleepSeconds(SETTLES_SECONDS);
    double without = use(bed);
    figures.add("process with the tasks", "% core", with);
    figures.add("process without tasks", "% core", without);
    figures.add(CPU, "% core", with - without);
  }

  @Override
  public void cleanUp(Bed bed) {
    tables().forEach(bed::drop);
  }

  private List<BenchTable> tables() {
    return IntStream.range(0, tasks).mapToObj(i -> BenchTable.vectors("idle_" + i, 8)).toList();
  }

  private List<String> start(Bed bed) {
    return tables().stream().map(table -> start(bed, table)).toList();
  }

  private static String start(Bed bed, BenchTable table) {
    String task =
        bed.api().createPausedAtStart(bed.playground().ports().targetMilvus(), table.name());
    bed.api().resume(task);
    bed.awaitReplicated(task);
    return task;
  }

  private double use(Bed bed) {
    ProcessUse replicator = bed.replicator();
    double cpu = replicator.cpuSeconds();
    long start = System.nanoTime();
    sleepSeconds(seconds);
    return 100 * (replicator.cpuSeconds() - cpu) / Bed.secondsSince(start);
  }

  private static void sleepSeconds(int number) {
    Bed.sleep(number * 1_000L);
  }
}
