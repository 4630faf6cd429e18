package io.milvus.cdc;

import io.milvus.cdc.task.TaskMetrics;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Metric;
import org.apache.flink.metrics.MetricConfig;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;

/** Shows the tests how far the jobs of this JVM are, from the metrics that a user would see. */
public final class GaugeReporter implements MetricReporter, MetricReporterFactory {

  private static final Map<Gauge<?>, String> JOBS_BY_GAUGE = new ConcurrentHashMap<>();

  /** Lets a Flink cluster report here. */
  static void addTo(Configuration configuration) {
    configuration.setString("metrics.reporter.test.factory.class", GaugeReporter.class.getName());
  }

  /**
   * Up to when everything is on the target, milliseconds since the epoch; -1 while not known.
   *
   * @param jobId Flink's
   * @param subtasks how many sinks have to tell
   */
  static long replicatedUntil(String jobId, int subtasks) {
    List<Long> told =
        JOBS_BY_GAUGE.entrySet().stream()
            .filter(entry -> entry.getValue().equals(jobId))
            .map(entry -> (Long) entry.getKey().getValue())
            .toList();
    return told.size() < subtasks
        ? -1
        : told.stream().mapToLong(Long::longValue).min().orElseThrow();
  }

  @Override
  public MetricReporter createMetricReporter(Properties properties) {
    return this;
  }

  @Override
  public void open(MetricConfig config) {}

  @Override
  public void close() {}

  @Override
  public void notifyOfAddedMetric(Metric metric, String name, MetricGroup group) {
    if (name.equals(TaskMetrics.REPLICATED_UNTIL)) {
      JOBS_BY_GAUGE.put((Gauge<?>) metric, group.getAllVariables().get("<job_id>"));
    }
  }

  @Override
  public void notifyOfRemovedMetric(Metric metric, String name, MetricGroup group) {
    if (name.equals(TaskMetrics.REPLICATED_UNTIL)) {
      JOBS_BY_GAUGE.remove((Gauge<?>) metric);
    }
  }
}
