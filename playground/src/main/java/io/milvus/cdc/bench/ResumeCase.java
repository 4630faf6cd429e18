package io.milvus.cdc.bench;

import java.util.Map;

/** From {@code resume} to the first row that is applied. */
record ResumeCase(String id, Map<String, Goal> goals) implements BenchCase {

  static final String RESUME = "from resume to the first row readable";

  @Override
  public void measure(Bed bed, Figures figures) {
    BenchTable table = BenchTable.vectors("resumed", 8);
    table.create(bed.source(), 1);
    String task = bed.task(table.name());
    Bed.await("the copy is not loaded", () -> table.isLoaded(bed.target()));
    long start = System.nanoTime();
    bed.api().pause(task);
    figures.add("pause", "s", Bed.secondsSince(start));
    long unused = table.insert(bed.source(), 0, 1);
    long resumed = System.nanoTime();
    bed.api().resume(task);
    Bed.await("no row is applied", () -> table.count(bed.target()) > 0);
    figures.add(RESUME, "s", Bed.secondsSince(resumed));
    bed.api().delete(task);
    table.drop(bed.source());
    table.drop(bed.target());
  }
}
