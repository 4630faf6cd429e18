package io.milvus.cdc.target;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskMetrics;
import io.milvus.cdc.task.TaskStoreFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import org.apache.flink.api.connector.sink2.SinkWriter;
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
    WriterMetrics counts = new WriterMetrics();
    TargetConnection connection =
        new TargetConnection(task.target(), task.source().etcdRootPath(), task.selection(), counts);
    Stops stops = new Stops(StopStore.in(stores, task.taskId()), Clock.systemUTC());
    Optional<Quarantine> quarantine =
        task.quarantine()
            ? Optional.of(
                new StoredQuarantine(
                    task.taskId(),
                    stores,
                    letters.open(task),
                    Clock.systemUTC(),
                    counts::quarantined))
            : Optional.empty();
    pipeline = new TargetPipeline(connection, counts, stops, quarantine, tuning, REFUSAL_PATIENCE);
    metrics.gauge(TaskMetrics.REPLICATED_UNTIL, (Gauge<Long>) pipeline::replicatedUntil);
    metrics.gauge(TaskMetrics.LAG, (Gauge<Long>) this::lagMillis);
    metrics.gauge(TaskMetrics.WAITING_FOR, (Gauge<String>) pipeline::waitingFor);
    counts.register(metrics);
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
}
