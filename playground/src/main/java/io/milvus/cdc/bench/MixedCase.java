package io.milvus.cdc.bench;

import io.milvus.cdc.playground.PlaygroundException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A backlog of all kinds of writes to eight collections. What it is compared to: the same
 * operations written straight into the same target, merged by the same rules, the collections side
 * by side.
 */
record MixedCase(String id, int operations, Map<String, Goal> goals) implements BenchCase {

  private static final int COLLECTIONS = 8;
  private static final int SHARDS = 2;
  private static final int DIMENSION = 128;

  @Override
  public void measure(Bed bed, Figures figures) {
    int each = bed.scaled(operations) / COLLECTIONS;
    List<MixedOperations> work =
        IntStream.range(0, COLLECTIONS).mapToObj(i -> new MixedOperations(each, i)).toList();
    long rows = work.stream().mapToLong(MixedOperations::rowsWritten).sum();
    double drained = drain(bed, figures, work);
    double loaded = load(bed, work);
    figures.add("drained, counted from resume", "rows/s", rows / drained);
    figures.add("bare loader", "rows/s", rows / loaded);
    figures.add(DrainCase.RATIO, "", loaded / drained);
  }

  private static BenchTable table(String kind, int number) {
    return BenchTable.vectors("mixed_" + kind + number, DIMENSION);
  }

  private double drain(Bed bed, Figures figures, List<MixedOperations> work) {
    List<BenchTable> tables =
        IntStream.range(0, COLLECTIONS).mapToObj(i -> table("cdc", i)).toList();
    tables.forEach(table -> table.create(bed.source(), SHARDS));
    String task = bed.task("*");
    tables.forEach(table -> Bed.await("a copy is not loaded", () -> table.isLoaded(bed.target())));
    bed.api().pause(task);
    Writers.run(COLLECTIONS, COLLECTIONS, i -> work.get(i).run(bed.source(), tables.get(i)));
    ProcessUse replicator = bed.replicator();
    replicator.forgetPeak();
    double cpu = replicator.cpuSeconds();
    long resumed = System.nanoTime();
    bed.api().resume(task);
    bed.awaitReplicated(task);
    double seconds = Bed.secondsSince(resumed);
    figures.add("CPU of the replicating process", "s", replicator.cpuSeconds() - cpu);
    figures.add("peak memory of the replicating process", "MB", replicator.peakMegabytes());
    for (int i = 0; i < COLLECTIONS; i++) {
      check(tables.get(i), work.get(i).rowsAtTheEnd(), tables.get(i).countAll(bed.target()));
    }
    bed.api().delete(task);
    tables.forEach(table -> table.drop(bed.source()));
    tables.forEach(table -> table.drop(bed.target()));
    return seconds;
  }

  private static double load(Bed bed, List<MixedOperations> work) {
    List<BenchTable> tables =
        IntStream.range(0, COLLECTIONS).mapToObj(i -> table("bare", i)).toList();
    tables.forEach(table -> table.create(bed.target(), SHARDS));
    long start = System.nanoTime();
    Writers.run(COLLECTIONS, COLLECTIONS, i -> work.get(i).runMerged(bed.target(), tables.get(i)));
    double seconds = Bed.secondsSince(start);
    for (int i = 0; i < COLLECTIONS; i++) {
      check(tables.get(i), work.get(i).rowsAtTheEnd(), tables.get(i).countAll(bed.target()));
    }
    tables.forEach(table -> table.drop(bed.target()));
    return seconds;
  }

  private static void check(BenchTable table, long wanted, long counted) {
    if (counted != wanted) {
      throw new PlaygroundException(
          "The target has " + counted + " rows of " + wanted + " in " + table.name());
    }
  }
}
