package io.milvus.cdc.bench;

import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * A backlog of all kinds of writes to eight collections. What it is compared to: the same
 * operations written straight into the same target, merged by the same rules, the collections side
 * by side.
 */
record MixedCase(String id, int operations, Map<String, Goal> goals) implements BenchCase {

  private static final String LOADED = "bare loader";
  private static final int COLLECTIONS = 8;
  private static final int SHARDS = 2;
  private static final int DIMENSION = 128;
  private static final int STAYS_MILLIS = 500;

  @Override
  public int warmUps() {
    return DrainCase.WARM_UPS;
  }

  @Override
  public void measure(Bed bed, Figures figures) {
    int each = bed.scaled(operations) / COLLECTIONS;
    List<MixedOperations> work =
        IntStream.range(0, COLLECTIONS).mapToObj(i -> new MixedOperations(each, i)).toList();
    long rows = work.stream().mapToLong(MixedOperations::rowsWritten).sum();
    double drained = drain(bed, figures, work);
    double loaded = load(bed, figures, work);
    figures.add("drained", "rows/s", rows / drained);
    figures.add(LOADED, "rows/s", rows / loaded);
    figures.add(DrainCase.RATIO, "", loaded / drained);
  }

  private static BenchTable table(String kind, int number) {
    return BenchTable.vectors("mixed_" + kind + number, DIMENSION);
  }

  private double drain(Bed bed, Figures figures, List<MixedOperations> work) {
    List<BenchTable> tables =
        IntStream.range(0, COLLECTIONS).mapToObj(i -> table("cdc", i)).toList();
    Herald herald = new Herald("mixed_herald");
    herald.create(bed);
    tables.forEach(table -> table.create(bed.source(), SHARDS));
    String task = bed.task("*");
    herald.awaitCopy(bed);
    tables.forEach(bed::awaitCopy);
    bed.api().pause(task);
    herald.write(bed);
    Writers.run(COLLECTIONS, COLLECTIONS, i -> work.get(i).run(bed.source(), tables.get(i)));
    ProcessUse replicator = bed.replicator();
    replicator.forgetPeak();
    bed.awaitQuiet();
    bed.api().resume(task);
    herald.await(bed);
    long atWork = System.nanoTime();
    double cpu = replicator.cpuSeconds();
    Bed.Use servers = bed.serversUse();
    double seconds = untilComplete(bed, tables, work, atWork);
    figures.add("CPU of the replicating process", "s", replicator.cpuSeconds() - cpu);
    figures.addUse(bed.serversUse().since(servers));
    figures.add("peak memory of the replicating process", "MB", replicator.peakMegabytes());
    bed.awaitReplicated(task);
    check(bed, tables, work);
    bed.api().delete(task);
    herald.drop(bed);
    tables.forEach(bed::drop);
    return seconds;
  }

  private static double load(Bed bed, Figures figures, List<MixedOperations> work) {
    List<BenchTable> tables =
        IntStream.range(0, COLLECTIONS).mapToObj(i -> table("bare", i)).toList();
    tables.forEach(table -> table.create(bed.target(), SHARDS));
    tables.forEach(table -> table.prepare(MixedOperations.MOST_MERGED));
    bed.awaitQuiet();
    Bed.Use before = bed.serversUse();
    long start = System.nanoTime();
    Writers.run(COLLECTIONS, COLLECTIONS, i -> work.get(i).runMerged(bed.target(), tables.get(i)));
    double seconds = untilComplete(bed, tables, work, start);
    figures.addUse(LOADED, bed.serversUse().since(before));
    check(bed, tables, work);
    tables.forEach(table -> table.drop(bed.target()));
    return seconds;
  }

  /** Until readers see as many rows of each as there are at the end, and go on seeing them. */
  private static double untilComplete(
      Bed bed, List<BenchTable> tables, List<MixedOperations> work, long start) {
    BooleanSupplier complete =
        () ->
            IntStream.range(0, COLLECTIONS)
                .allMatch(i -> tables.get(i).count(bed.target()) == work.get(i).rowsAtTheEnd());
    while (true) {
      Bed.awaitSeldomAsking("rows are missing, or too many", complete);
      double seconds = Bed.secondsSince(start);
      Bed.sleep(STAYS_MILLIS);
      if (complete.getAsBoolean()) {
        return seconds;
      }
    }
  }

  private static void check(Bed bed, List<BenchTable> tables, List<MixedOperations> work) {
    for (int i = 0; i < COLLECTIONS; i++) {
      bed.checkRows(tables.get(i), work.get(i).rowsAtTheEnd());
    }
  }
}
