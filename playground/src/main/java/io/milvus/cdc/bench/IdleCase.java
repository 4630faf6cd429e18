package io.milvus.cdc.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What tasks cost whose source is not written. */
record IdleCase(String id, int tasks, int seconds, Map<String, Goal> goals) implements BenchCase {

  static final String CPU = "CPU of the tasks";

  private static final int SETTLES_SECONDS = 30;

  /** The JVM compiles what runs for good. */
  private static final int WARM_UP_SECONDS = 240;

  @Override
  public void measure(Bed bed, Figures figures) {
    List<BenchTable> tables = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      BenchTable table = BenchTable.vectors("idle_" + i, 8);
      table.createUnloaded(bed.source(), 1);
      tables.add(table);
      ids.add(bed.task(table.name()));
    }
    Bed.sleep(SETTLES_SECONDS * 1_000L);
    double young = use(bed);
    Bed.sleep(WARM_UP_SECONDS * 1_000L);
    double with = use(bed);
    ids.forEach(bed.api()::delete);
    Bed.sleep(SETTLES_SECONDS * 1_000L);
    double without = use(bed);
    tables.forEach(table -> table.drop(bed.source()));
    tables.forEach(table -> table.drop(bed.target()));
    figures.add("process with tasks, half a minute after their start", "% core", young);
    figures.add("process with tasks, five minutes later", "% core", with);
    figures.add("process without tasks", "% core", without);
    figures.add(CPU, "% core", with - without);
  }

  private double use(Bed bed) {
    ProcessUse replicator = bed.replicator();
    double cpu = replicator.cpuSeconds();
    long start = System.nanoTime();
    Bed.sleep(seconds * 1_000L);
    return 100 * (replicator.cpuSeconds() - cpu) / Bed.secondsSince(start);
  }
}
