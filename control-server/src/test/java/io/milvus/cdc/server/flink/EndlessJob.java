package io.milvus.cdc.server.flink;

import io.milvus.cdc.task.CollectionTraffic;
import io.milvus.cdc.task.CollectionTraffic.Counts;
import io.milvus.cdc.task.CollectionTraffic.OfCollection;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskMetrics;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.runtime.metrics.DescriptiveStatisticsHistogram;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/**
 * Counts from zero as long as it is let, and reports the count as the time up to which it has
 * replicated. A task id that begins with {@code broken} fails for good.
 *
 * <p>The other metrics are of the real job's names and say in each subtask what is written here.
 */
public final class EndlessJob {

  private EndlessJob() {}

  /** The arguments of the real job. */
  public static void main(String[] arguments) throws Exception {
    String taskId = arguments[1];
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment
        .fromSource(
            new NumberSequenceSource(0, Long.MAX_VALUE),
            WatermarkStrategy.noWatermarks(),
            "numbers")
        .uid("numbers")
        .map(new Reading())
        .uid("reading")
        .rebalance()
        .map(new Slowly(taskId.startsWith("broken")))
        .uid("slowly")
        .sinkTo(new DiscardingSink<>())
        .uid("sink");
    environment.execute(TaskDefinition.jobName(taskId));
  }

  /** Has read 10 rows in the first subtask and 20 in the second, of 100 bytes each. */
  private static final class Reading extends RichMapFunction<Long, Long> {
    private static final long serialVersionUID = 1L;

    @Override
    public void open(OpenContext context) {
      int rows = 10 * (1 + getRuntimeContext().getTaskInfo().getIndexOfThisSubtask());
      var group = getRuntimeContext().getMetricGroup();
      group.counter(TaskMetrics.ROWS_READ).inc(rows);
      group.counter(TaskMetrics.BYTES_READ).inc(100L * rows);
    }

    @Override
    public Long map(Long number) {
      return number;
    }
  }

  private static final class Slowly extends RichMapFunction<Long, Long> {
    private static final long serialVersionUID = 1L;
    private final boolean broken;
    private transient AtomicLong newest;
    private transient Counter rows;

    Slowly(boolean broken) {
      this.broken = broken;
    }

    @Override
    public void open(OpenContext context) {
      newest = new AtomicLong(-1);
      var group = getRuntimeContext().getMetricGroup();
      group.gauge(TaskMetrics.REPLICATED_UNTIL, newest::get);
      rows = group.counter(TaskMetrics.ROWS_INSERTED);
      tellOfWork(group, 1 + getRuntimeContext().getTaskInfo().getIndexOfThisSubtask());
    }

    /** Every number is that of the subtask, or what it is multiplied with. */
    private static void tellOfWork(MetricGroup group, int subtask) {
      group.gauge(TaskMetrics.LAG, (Gauge<Long>) () -> (long) subtask);
      group.counter(TaskMetrics.ROWS_DELETED).inc(subtask);
      group.counter(TaskMetrics.BYTES_WRITTEN).inc(1_000L * subtask);
      group.counter(TaskMetrics.DDL_APPLIED).inc(subtask);
      group.counter(TaskMetrics.MESSAGES_QUARANTINED).inc(subtask);
      group.counter(TaskMetrics.COLLECTIONS_STOPPED).inc(subtask);
      group.gauge(TaskMetrics.CALLS_IN_FLIGHT, (Gauge<Long>) () -> (long) subtask);
      for (String kind : List.of("insert", "upsert", "delete", "ddl")) {
        group.addGroup(TaskMetrics.KIND, kind).counter(TaskMetrics.OPERATIONS).inc(subtask);
      }
      for (String cause : List.of("outage", "transient", "not_found", "unauthorized", "lacking")) {
        group.addGroup(TaskMetrics.CAUSE, cause).counter(TaskMetrics.RETRIES).inc(2L * subtask);
      }
      for (String cause : List.of("gone", "not_selected", "before_start")) {
        group
            .addGroup(TaskMetrics.CAUSE, cause)
            .counter(TaskMetrics.MESSAGES_SKIPPED)
            .inc(3L * subtask);
      }
      for (String name : List.of(TaskMetrics.CALL_MICROS, TaskMetrics.ROWS_PER_CALL)) {
        group.histogram(name, new DescriptiveStatisticsHistogram(10)).update(500L * subtask);
      }
      Counts written = new Counts(subtask, 0, 10L * subtask);
      String traffic =
          new CollectionTraffic(
                  List.of(
                      new OfCollection("default", "of_" + subtask, written),
                      new OfCollection("default", "of_both", written)),
                  written)
              .toJson();
      group.gauge(TaskMetrics.COLLECTION_TRAFFIC, (Gauge<String>) () -> traffic);
      group.gauge(TaskMetrics.WAITING_FOR, (Gauge<String>) () -> subtask == 2 ? "the second" : "");
      group.gauge(TaskMetrics.SILENT, (Gauge<String>) () -> "silent");
    }

    @Override
    public Long map(Long number) throws InterruptedException {
      if (broken) {
        throw new SuppressRestartsException(
            new IllegalStateException("collection a.b: broken for good\nsecond line"));
      }
      Thread.sleep(1);
      newest.set(number);
      rows.inc();
      return number;
    }
  }
}
