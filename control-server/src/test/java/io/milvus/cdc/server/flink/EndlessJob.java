package io.milvus.cdc.server.flink;

import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskMetrics;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/**
 * Counts from zero as long as it is let, and reports the count as the time up to which it has
 * replicated. A task id that begins with {@code broken} fails for good.
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
        .map(new Slowly(taskId.startsWith("broken")))
        .uid("slowly")
        .sinkTo(new DiscardingSink<>())
        .uid("sink");
    environment.execute(TaskDefinition.jobName(taskId));
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
