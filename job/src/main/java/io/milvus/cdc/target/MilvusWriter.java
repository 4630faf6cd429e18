package io.milvus.cdc.target;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskMetrics;
import io.milvus.cdc.task.TaskStoreFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

/** Hands the events of one subtask to its {@link TargetPipeline} and registers its metrics. */
final class MilvusWriter implements SinkWriter<SourceEvent> {

  /** Longer than a coordinator of Milvus takes to come back. */
  private static final Duration REFUSAL_PATIENCE = Duration.ofSeconds(30);

  private final TargetPipeline pipeline;

  MilvusWriter(
      TaskDefinition task,
      TaskStoreFactory stores,
      DeadLetters.Opener letters,
      TargetTuning tuning,
      MetricGroup metrics) {
    CountedProgress progress = new CountedProgress();
    TargetConnection connection = new TargetConnection(task.target(), task.source().etcdRootPath());
    Stops stops = new Stops(StopStore.in(stores, task.taskId()), Clock.systemUTC());
    Optional<Quarantine> quarantine =
        task.quarantine()
            ? Optional.of(
                new StoredQuarantine(
                    task.taskId(),
                    stores,
                    letters.open(task),
                    Clock.systemUTC(),
                    progress.quarantined::increment))
            : Optional.empty();
    pipeline =
        new TargetPipeline(connection, progress, stops, quarantine, tuning, REFUSAL_PATIENCE);
    metrics.gauge(TaskMetrics.REPLICATED_UNTIL, (Gauge<Long>) pipeline::replicatedUntil);
    metrics.gauge(TaskMetrics.LAG, (Gauge<Long>) this::lagMillis);
    metrics.gauge(TaskMetrics.WAITING_FOR, (Gauge<String>) pipeline::waitingFor);
    metrics.counter(TaskMetrics.ROWS_INSERTED, new Count(progress.inserted));
    metrics.counter(TaskMetrics.ROWS_DELETED, new Count(progress.deleted));
    metrics.counter(TaskMetrics.DDL_APPLIED, new Count(progress.applied));
    metrics.counter(TaskMetrics.RETRIES, new Count(progress.retried));
    metrics.counter(TaskMetrics.MESSAGES_QUARANTINED, new Count(progress.quarantined));
  }

  private long lagMillis() {
    long until = pipeline.replicatedUntil();
    return until < 0 ? -1 : Math.max(0, System.currentTimeMillis() - until);
  }

  @Override
  public void write(SourceEvent event, Context context) throws InterruptedException {
    pipeline.submit(event);
  }

  @Override
  public void flush(boolean endOfInput) throws InterruptedException {
    pipeline.flush();
  }

  @Override
  public void close() throws InterruptedException {
    pipeline.close();
  }

  private static final class CountedProgress implements TargetProgress {
    final LongAdder inserted = new LongAdder();
    final LongAdder deleted = new LongAdder();
    final LongAdder applied = new LongAdder();
    final LongAdder retried = new LongAdder();
    final LongAdder quarantined = new LongAdder();

    @Override
    public void inserted(int rows) {
      inserted.add(rows);
    }

    @Override
    public void deleted(int keys) {
      deleted.add(keys);
    }

    @Override
    public void applied(int operations) {
      applied.add(operations);
    }

    @Override
    public void retried() {
      retried.increment();
    }
  }

  /** Flink's own counter is for one thread. */
  private record Count(LongAdder count) implements Counter {

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
