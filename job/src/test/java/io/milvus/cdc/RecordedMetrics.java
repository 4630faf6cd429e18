package io.milvus.cdc;

import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Histogram;
import org.apache.flink.metrics.Metric;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.SimpleCounter;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;

/** Metrics that can be read, by their names with those of their groups, divided by dots. */
public final class RecordedMetrics extends UnregisteredMetricsGroup {

  private final String prefix;
  private final Map<String, Metric> metrics;

  public RecordedMetrics() {
    this("", new TreeMap<>());
  }

  private RecordedMetrics(String prefix, Map<String, Metric> metrics) {
    this.prefix = prefix;
    this.metrics = metrics;
  }

  /** A count so far. */
  public long count(String name) {
    return ((Counter) metrics.get(name)).getCount();
  }

  /** What a gauge shows now. */
  public Object value(String name) {
    return ((Gauge<?>) metrics.get(name)).getValue();
  }

  public Histogram histogram(String name) {
    return (Histogram) metrics.get(name);
  }

  @Override
  public Counter counter(String name) {
    return counter(name, new SimpleCounter());
  }

  @Override
  public <C extends Counter> C counter(String name, C counter) {
    return add(name, counter);
  }

  @Override
  public <T, G extends Gauge<T>> G gauge(String name, G gauge) {
    return add(name, gauge);
  }

  @Override
  public <H extends Histogram> H histogram(String name, H histogram) {
    return add(name, histogram);
  }

  private <M extends Metric> M add(String name, M metric) {
    if (metrics.containsValue(metric)) {
      throw new IllegalStateException(
          prefix + name + " equals another metric: Flink would lose one of the two");
    }
    if (metrics.put(prefix + name, metric) != null) {
      throw new IllegalStateException(prefix + name + " is there twice");
    }
    return metric;
  }

  @Override
  public MetricGroup addGroup(String name) {
    return new RecordedMetrics(prefix + name + ".", metrics);
  }

  @Override
  public MetricGroup addGroup(String key, String value) {
    return addGroup(key).addGroup(value);
  }
}
