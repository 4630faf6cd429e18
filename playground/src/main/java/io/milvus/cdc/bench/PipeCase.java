package io.milvus.cdc.bench;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.tap.TargetTap;
import io.milvus.grpc.InsertRequest;
import java.util.Map;

/**
 * A backlog is worked off into a target that answers writes at once, so that what is measured is
 * the way from Pulsar to the calls and nothing behind it. The second half is measured: a job's
 * start is not what is asked for here.
 */
record PipeCase(String id, int rows, int rowsPerCall, int writers, Map<String, Goal> goals)
    implements BenchCase {

  static final String MEGABYTES = "vectors and keys carried, by CPU time";
  static final String ALLOCATED = "allocated, of vectors and keys";
  static final String MESSAGES = "messages carried, by CPU time";

  private static final int DIMENSION = 128;
  private static final double ROW_MEGABYTES = (DIMENSION * 4 + 8) / 1e6;

  /** With six, a fifth of the replicator's time is still the JVM's compiler. */
  @Override
  public int warmUps() {
    return 12;
  }

  /** Writes the backlog, which every measurement reads anew. */
  @Override
  public void prepare(Bed bed) {
    BenchTable table = table();
    table.createUnloaded(bed.source(), 2);
    Writers.run(
        writers,
        backlog(bed) / rowsPerCall,
        call -> table.insert(bed.source(), (long) call * rowsPerCall, rowsPerCall));
  }

  @Override
  public void measure(Bed bed, Figures figures) {
    try (Allocation allocation = new Allocation(bed.playground().pid(Part.SERVER))) {
      measure(bed, allocation, figures);
    }
  }

  private void measure(Bed bed, Allocation allocation, Figures figures) {
    int backlog = backlog(bed);
    RowCount count = new RowCount();
    bed.tap().answer(true);
    bed.tap().tell(count);
    String task = bed.api().createPausedAtStart(bed.tap().port(), table().name());
    ProcessUse replicator = bed.replicator();
    replicator.forgetPeak();
    bed.awaitQuiet();
    bed.api().resume(task);
    Bed.await("half of the rows are missing", () -> count.rows() >= backlog / 2);
    double allocated = allocation.megabytes();
    double cpu = replicator.cpuSeconds();
    long half = System.nanoTime();
    long already = count.rows();
    Bed.await("rows are missing", () -> count.rows() >= backlog);
    double seconds = Bed.secondsSince(half);
    double used = Math.max(0.01, replicator.cpuSeconds() - cpu);
    double carried = backlog - already;
    allocated = allocation.megabytes() - allocated;
    bed.tap().tell((method, request) -> {});
    figures.add("rows carried", "rows/s", carried / seconds);
    figures.add(MEGABYTES, "MB/s/core", carried * ROW_MEGABYTES / used);
    figures.add(MESSAGES, "/s/core", carried / rowsPerCall / used);
    figures.add(ALLOCATED, "times", allocated / (carried * ROW_MEGABYTES));
    figures.add("rows of a call", "", count.rowsOfCall());
    figures.add("peak memory of the replicating process", "MB", replicator.peakMegabytes());
    bed.awaitReplicated(task);
    bed.tap().answer(false);
    bed.api().delete(task);
    table().drop(bed.target());
  }

  @Override
  public void cleanUp(Bed bed) {
    table().drop(bed.source());
  }

  private static BenchTable table() {
    return BenchTable.vectors("pipe", DIMENSION);
  }

  private int backlog(Bed bed) {
    return bed.scaled(rows) / rowsPerCall * rowsPerCall;
  }

  /** Counts the rows of inserts and upserts, whose numbers of rows have the same place. */
  private static final class RowCount implements TargetTap.Listener {

    private long rows;
    private long calls;

    @Override
    public synchronized void acknowledged(String method, byte[] request) {
      if (!method.equals("Delete")) {
        rows += Fields.number(request, InsertRequest.NUM_ROWS_FIELD_NUMBER);
        calls++;
      }
    }

    synchronized long rows() {
      return rows;
    }

    synchronized double rowsOfCall() {
      return (double) rows / calls;
    }
  }
}
