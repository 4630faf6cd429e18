package io.milvus.cdc.bench;

import java.util.Map;

/** From {@code resume} to the first row that is applied. */
record ResumeCase(String id, Map<String, Goal> goals) implements BenchCase {

  static final String RESUME = "from resume to the first row readable";

  @Override
  public void measure(Bed bed, Figures figures) {
    Herald herald = new Herald("resumed");
    herald.create(bed);
    String task = bed.task(herald.table().name());
    herald.awaitCopy(bed);
    long start = System.nanoTime();
    bed.api().pause(task);
    figures.add("pause", "s", Bed.secondsSince(start));
    herald.write(bed);
    long resumed = System.nanoTime();
    bed.api().resume(task);
    herald.await(bed);
    figures.add(RESUME, "s", Bed.secondsSince(resumed));
    bed.api().delete(task);
    herald.drop(bed);
  }
}
