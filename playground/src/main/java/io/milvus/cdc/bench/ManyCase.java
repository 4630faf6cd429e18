package io.milvus.cdc.bench;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.playground.Part;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** Many collections that are given rows one by one, each the same number. */
record ManyCase(String id, int collections, int rowsPerSecond, int seconds, Map<String, Goal> goals)
    implements BenchCase {

  static final String LAG = "lag that the task shows";
  static final String HEAP = "heap in use after a collection";

  private static final int WRITERS = 16;
  private static final int SAMPLE_MILLIS = 250;

  @Override
  public void measure(Bed bed, Figures figures) {
    int number = bed.scaled(collections);
    List<BenchTable> tables =
        IntStream.range(0, number).mapToObj(i -> BenchTable.vectors("many_" + i, 8)).toList();
    Writers.run(4, number, i -> tables.get(i).createUnloaded(bed.source(), 1));
    String task = bed.task("*");
    ProcessUse replicator = bed.replicator();
    replicator.forgetPeak();
    double cpu = replicator.cpuSeconds();
    Bed.Use servers = bed.serversUse();
    long start = System.nanoTime();
    AtomicInteger written = new AtomicInteger();
    Thread clients = new Thread(() -> write(bed.source(), tables, written), "clients");
    clients.setDaemon(true);
    clients.start();
    long[] lags =
        IntStream.range(0, seconds * 1_000 / SAMPLE_MILLIS)
            .mapToLong(i -> lag(bed, task))
            .sorted()
            .toArray();
    double used = replicator.cpuSeconds() - cpu;
    Bed.Use between = bed.serversUse().since(servers);
    Bed.await("the clients do not end", () -> !clients.isAlive());
    figures.add("collections", "", number);
    figures.add("rows written", "rows/s", written.get() / Bed.secondsSince(start));
    figures.addPercentiles(LAG, lags);
    figures.add("CPU of the replicating process", "% core", 100 * used / between.seconds());
    between
        .cpuSeconds()
        .forEach(
            (part, busy) ->
                figures.add("CPU of " + part.title(), "% core", 100 * busy / between.seconds()));
    figures.add(Figures.IDLE, "%", between.idlePercent());
    figures.add("peak memory of the replicating process", "MB", replicator.peakMegabytes());
    figures.add(HEAP, "MB", Heap.usedAfterCollection(bed.playground().pid(Part.SERVER)));
    bed.awaitReplicated(task);
    Writers.run(4, number, i -> tables.get(i).drop(bed.source()));
    bed.awaitReplicated(task);
    bed.api().delete(task);
  }

  /** A source that is slower than this is written as fast as it can, for the same time. */
  private void write(MilvusCluster source, List<BenchTable> tables, AtomicInteger written) {
    long start = System.nanoTime();
    long step = 1_000_000_000L / rowsPerSecond;
    Writers.run(
        WRITERS,
        rowsPerSecond * seconds,
        call -> {
          long wait = start + call * step - System.nanoTime();
          if (wait > 0) {
            Bed.sleep(wait / 1_000_000);
          }
          if (Bed.secondsSince(start) < seconds) {
            long unused = tables.get(call % tables.size()).insert(source, call, 1);
            written.incrementAndGet();
          }
        });
  }

  private static long lag(Bed bed, String task) {
    Bed.sleep(SAMPLE_MILLIS);
    return bed.api().get(task).orElseThrow().get("lag_ms").getAsLong();
  }
}
