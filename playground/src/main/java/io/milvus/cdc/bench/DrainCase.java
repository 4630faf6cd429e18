package io.milvus.cdc.bench;

import io.milvus.cdc.compare.MilvusCluster;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * A backlog that was written while the task was paused is worked off. What it is compared to: the
 * same rows written straight into the same target, in large calls, by one client or by two, which
 * is faster.
 *
 * @param rows of the backlog
 * @param rowsPerCall in which the source was given them
 * @param writers that wrote them at the same time
 * @param rowsPerLoad in which the target is given them for comparison
 */
record DrainCase(
    String id,
    BenchTable table,
    int rows,
    int rowsPerCall,
    int writers,
    int rowsPerLoad,
    Map<String, Goal> goals)
    implements BenchCase {

  static final String RATIO = "drained / bare loader";

  /**
   * The first drain of a process costs it several times as much as a later one, and the JVM goes on
   * compiling for some more.
   */
  static final int WARM_UPS = 4;

  private static final String DRAINED = "drained";
  private static final List<String> LOADED =
      List.of("bare loader, one client", "bare loader, two clients");

  private static final int SHARDS = 2;

  @Override
  public int warmUps() {
    return WARM_UPS;
  }

  @Override
  public void measure(Bed bed, Figures figures) {
    int backlog = bed.scaled(rows) / rowsPerCall * rowsPerCall;
    BenchTable copied = table.named(table.name() + "_cdc");
    double drained = drain(bed, figures, copied, Math.max(backlog, rowsPerCall));
    figures.add(DRAINED, "rows/s", drained);
    for (int clients = 1; clients <= LOADED.size(); clients++) {
      BenchTable bare = table.named(table.name() + "_bare" + clients);
      bare.create(bed.target(), SHARDS);
      bare.prepare(rowsPerLoad);
      bed.awaitQuiet();
      Bed.Use before = bed.serversUse();
      double rate = load(bed.target(), bare, Math.max(backlog, rowsPerLoad), clients);
      String loader = LOADED.get(clients - 1);
      figures.add(loader, "rows/s", rate);
      figures.addUse(loader, bed.serversUse().since(before));
      bare.drop(bed.target());
    }
  }

  /**
   * Compares with what was faster over all repetitions. The faster of each repetition would be the
   * one that had more luck: the same load varies by a fifth.
   */
  @Override
  public void conclude(Figures figures) {
    Figure loaded =
        LOADED.stream()
            .map(figures::figure)
            .max(Comparator.comparingDouble(Figure::median))
            .orElseThrow();
    List<Double> drained = figures.figure(DRAINED).values();
    for (int i = 0; i < drained.size(); i++) {
      figures.add(RATIO, "", drained.get(i) / loaded.values().get(i));
    }
  }

  private double drain(Bed bed, Figures figures, BenchTable copied, int backlog) {
    Herald herald = new Herald(copied.name() + "_herald");
    herald.create(bed);
    copied.create(bed.source(), SHARDS);
    String task = bed.task("*");
    herald.awaitCopy(bed);
    bed.awaitCopy(copied);
    bed.api().pause(task);
    herald.write(bed);
    Writers.run(
        writers,
        backlog / rowsPerCall,
        call -> copied.insert(bed.source(), (long) call * rowsPerCall, rowsPerCall));
    ProcessUse replicator = bed.replicator();
    replicator.forgetPeak();
    bed.awaitQuiet();
    double cpu = replicator.cpuSeconds();
    long resumed = System.nanoTime();
    bed.api().resume(task);
    herald.await(bed);
    long already = copied.count(bed.target());
    long atWork = System.nanoTime();
    double cpuAtWork = replicator.cpuSeconds();
    Bed.Use servers = bed.serversUse();
    awaitRows(bed.target(), copied, backlog);
    double seconds = Bed.secondsSince(atWork);
    figures.add("drained, counted from resume", "rows/s", backlog / Bed.secondsSince(resumed));
    figures.add("from resume to the first row readable", "s", (atWork - resumed) / 1e9);
    figures.add("CPU of the replicating process, until then", "s", cpuAtWork - cpu);
    figures.add(
        "CPU of the replicating process, after it", "s", replicator.cpuSeconds() - cpuAtWork);
    figures.addUse(bed.serversUse().since(servers));
    figures.add("peak memory of the replicating process", "MB", replicator.peakMegabytes());
    bed.awaitReplicated(task);
    bed.checkRows(copied, backlog);
    bed.api().delete(task);
    herald.drop(bed);
    bed.drop(copied);
    return (backlog - already) / seconds;
  }

  /** Seldom asks while many are missing. */
  private static void awaitRows(MilvusCluster target, BenchTable table, int rows) {
    Bed.awaitSeldomAsking("many rows are missing", () -> table.count(target) >= rows - rows / 20);
    Bed.await("rows are missing", () -> table.count(target) >= rows);
  }

  private double load(MilvusCluster target, BenchTable bare, int backlog, int clients) {
    long start = System.nanoTime();
    Writers.run(
        clients,
        backlog / rowsPerLoad,
        call -> bare.insert(target, (long) call * rowsPerLoad, rowsPerLoad));
    int written = backlog / rowsPerLoad * rowsPerLoad;
    awaitRows(target, bare, written);
    return written / Bed.secondsSince(start);
  }
}
