package io.milvus.cdc.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What tasks cost whose source is not written. */
record IdleCase(String id, int tasks, int seconds, Map<String, Goal> goals) implements BenchCase {

  static final String CPU = "CPU of the replicating process";

  @Override
  public void measure(Bed bed, Figures figures) {
    double without = use(bed);
    List<BenchTable> tables = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      BenchTable table = BenchTable.vectors("idle_" + i, 8);
      table.createUnloaded(bed.source(), 1);
      tables.add(table);
      ids.add(bed.task(table.name()));
    }
    // What the start has set going comes to an end, and the JVM compiles what runs for good.
    Bed.sleep(30_000);
    double cpu = use(bed);
    figures.add("without a task", "% core", without);
    figures.add(CPU, "% core", cpu);
    figures.add("more than without a task", "% core", cpu - without);
    ids.forEach(bed.api()::delete);
    tables.forEach(table -> table.drop(bed.source()));
    tables.forEach(table -> table.drop(bed.target()));
  }

  private double use(Bed bed) {
    ProcessUse replicator = bed.replicator();
    double cpu = replicator.cpuSeconds();
    long start = System.nanoTime();
    Bed.sleep(seconds * 1_000L);
    return 100 * (replicator.cpuSeconds() - cpu) / Bed.secondsSince(start);
  }
}
