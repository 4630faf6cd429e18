package io.milvus.cdc.bench;

import io.milvus.cdc.compare.MilvusCluster;
import java.util.Map;

/**
 * A backlog that was written while the task was paused is worked off. What it is compared to: the
 * same rows written straight into the same target, in large calls, by the faster of one client and
 * two.
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

  private static final int SHARDS = 2;

  @Override
  public void measure(Bed bed, Figures figures) {
    int backlog = bed.scaled(rows) / rowsPerCall * rowsPerCall;
    BenchTable copied = table.named(table.name() + "_cdc");
    double drained = drain(bed, figures, copied, Math.max(backlog, rowsPerCall));
    double loaded = 0;
    for (int clients = 1; clients <= 2; clients++) {
      BenchTable bare = table.named(table.name() + "_bare" + clients);
      bare.create(bed.target(), SHARDS);
      double rate = load(bed.target(), bare, Math.max(backlog, rowsPerLoad), clients);
      bare.drop(bed.target());
      loaded = Math.max(loaded, rate);
    }
    figures.add("drained", "rows/s", drained);
    figures.add("bare loader", "rows/s", loaded);
    figures.add(RATIO, "", drained / loaded);
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
    long atWork = System.nanoTime();
    double cpuAtWork = replicator.cpuSeconds();
    Bed.Use servers = bed.serversUse();
    Bed.await("rows are missing", () -> copied.count(bed.target()) >= backlog);
    double seconds = Bed.secondsSince(atWork);
    figures.add("drained, counted from resume", "rows/s", backlog / Bed.secondsSince(resumed));
    figures.add("from resume to the first row readable", "s", (atWork - resumed) / 1e9);
    figures.add("CPU of the replicating process, until then", "s", cpuAtWork - cpu);
    figures.add(
        "CPU of the replicating process, after it", "s", replicator.cpuSeconds() - cpuAtWork);
    figures.addServersUse(bed.serversUse().since(servers));
    figures.add("peak memory of the replicating process", "MB", replicator.peakMegabytes());
    bed.awaitReplicated(task);
    bed.checkRows(copied, backlog);
    bed.api().delete(task);
    herald.drop(bed);
    bed.drop(copied);
    return backlog / seconds;
  }

  private double load(MilvusCluster target, BenchTable bare, int backlog, int clients) {
    long start = System.nanoTime();
    Writers.run(
        clients,
        backlog / rowsPerLoad,
        call -> bare.insert(target, (long) call * rowsPerLoad, rowsPerLoad));
    int written = backlog / rowsPerLoad * rowsPerLoad;
    Bed.await("rows are missing", () -> bare.count(target) >= written);
    return written / Bed.secondsSince(start);
  }
}
