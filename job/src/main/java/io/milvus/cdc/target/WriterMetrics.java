package io.milvus.cdc.target;

import io.milvus.cdc.task.CollectionTraffic.Counts;
import io.milvus.cdc.task.TaskMetrics;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

/** Counts what one subtask does on the target. */
final class WriterMetrics implements TargetProgress {

  /** How many collections are named; the others are summed. */
  private static final int MOST_COLLECTIONS = 50;

  private static final String DDL = "ddl";

  private final LongAdder inserted = new LongAdder();
  private final LongAdder deleted = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final LongAdder operations = new LongAdder();
  private final LongAdder quarantined = new LongAdder();
  private final LongAdder stopped = new LongAdder();
  private final LongAdder inFlight = new LongAdder();
  private final Map<Write, LongAdder> writes = new EnumMap<>(Write.class);
  private final Map<RetryCause, LongAdder> retries = new EnumMap<>(RetryCause.class);
  private final RecentValues callMicros = new RecentValues();
  private final RecentValues rowsPerCall = new RecentValues();
  private final BusiestCollections collections = new BusiestCollections(MOST_COLLECTIONS);

  WriterMetrics() {
    for (Write kind : Write.values()) {
      writes.put(kind, new LongAdder());
    }
    for (RetryCause cause : RetryCause.values()) {
      retries.put(cause, new LongAdder());
    }
  }

  /** Shows the counts to Flink. */
  void register(MetricGroup metrics) {
    metrics.counter(TaskMetrics.ROWS_INSERTED, new Count(inserted));
    metrics.counter(TaskMetrics.ROWS_DELETED, new Count(deleted));
    metrics.counter(TaskMetrics.BYTES_WRITTEN, new Count(bytes));
    metrics.counter(TaskMetrics.DDL_APPLIED, new Count(operations));
    metrics.counter(TaskMetrics.MESSAGES_QUARANTINED, new Count(quarantined));
    metrics.counter(TaskMetrics.COLLECTIONS_STOPPED, new Count(stopped));
    metrics.gauge(TaskMetrics.CALLS_IN_FLIGHT, (Gauge<Long>) inFlight::sum);
    metrics.histogram(TaskMetrics.CALL_MICROS, callMicros);
    metrics.histogram(TaskMetrics.ROWS_PER_CALL, rowsPerCall);
    metrics.gauge(
        TaskMetrics.COLLECTION_TRAFFIC, (Gauge<String>) () -> collections.traffic().toJson());
    metrics.addGroup(TaskMetrics.KIND, DDL).counter(TaskMetrics.OPERATIONS, new Count(operations));
    writes.forEach(
        (kind, count) ->
            metrics
                .addGroup(TaskMetrics.KIND, word(kind))
                .counter(TaskMetrics.OPERATIONS, new Count(count)));
    retries.forEach(
        (cause, count) ->
            metrics
                .addGroup(TaskMetrics.CAUSE, word(cause))
                .counter(TaskMetrics.RETRIES, new Count(count)));
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  /** A message was left out. */
  void quarantined() {
    quarantined.increment();
  }

  @Override
  public void callBegan() {
    inFlight.increment();
  }

  @Override
  public void callEnded() {
    inFlight.decrement();
  }

  @Override
  public void writeTook(long nanos) {
    callMicros.update(nanos / 1000);
  }

  @Override
  public void wrote(Write kind, int rows) {
    writes.get(kind).increment();
    rowsPerCall.update(rows);
  }

  @Override
  public void applied(Lane lane, Lane.Done done) {
    inserted.add(done.insertedRows());
    deleted.add(done.deletedRows());
    bytes.add(done.rowBytes());
    operations.add(done.operations());
    if (done.rowBytes() > 0 && lane.collectionId().isPresent() && lane.collection().isPresent()) {
      collections.add(
          lane.collectionId().getAsLong(),
          lane.collection().get(),
          new Counts(done.insertedRows(), done.deletedRows(), done.rowBytes()));
    }
  }

  @Override
  public void retried(RetryCause cause) {
    retries.get(cause).increment();
  }

  @Override
  public void stopped() {
    stopped.increment();
  }

  @Override
  public void gone(long collectionId) {
    collections.gone(collectionId);
  }

  /**
   * Flink's own counter is for one thread. Not a record: Flink keeps metrics by their equality, and
   * of two equal ones its REST interface shows the last.
   */
  private static final class Count implements Counter {

    private final LongAdder count;

    Count(LongAdder count) {
      this.count = count;
    }

    @Override
    public void inc() {
      count.increment();
    }

    @Override
    public void inc(long n) {
      count.add(n);
    }

    @Override
    public void dec() {
      count.decrement();
    }

    @Override
    public void dec(long n) {
      count.add(-n);
    }

    @Override
    public long getCount() {
      return count.sum();
    }
  }
}
