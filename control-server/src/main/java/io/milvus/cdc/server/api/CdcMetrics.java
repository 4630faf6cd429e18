package io.milvus.cdc.server.api;

import io.milvus.cdc.server.tasks.TaskException;
import io.milvus.cdc.server.tasks.TaskView;
import io.milvus.cdc.server.tasks.TaskView.State;
import io.milvus.cdc.task.CollectionTraffic;
import io.milvus.cdc.task.CollectionTraffic.Counts;
import io.milvus.cdc.task.CollectionTraffic.OfCollection;
import io.milvus.cdc.task.JobTraffic;
import io.milvus.cdc.task.JobWork;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Prometheus is told. The first four names, their labels and their units are those of
 * Milvus-CDC's server. Tasks are shown as they are known when Prometheus asks; nobody is asked for
 * it, what is not known is left out, and so is every task that is gone.
 */
final class CdcMetrics {

  static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  private static final Logger LOG = LoggerFactory.getLogger(CdcMetrics.class);
  private static final String UNKNOWN_TYPE = "unknown";
  private static final double MICROS_PER_SECOND = 1e6;

  /** Database and collection of all collections that have no series of their own; no legal name. */
  private static final String OTHERS = "(others)";

  /** From 1 ms to 65 s, longer than a pause may take. */
  private static final int LATENCY_BUCKETS = 17;

  /** How a request ended, in Milvus-CDC's words. */
  enum Ending {
    SUCCESS("success"),
    FAIL("fail"),
    INVALID_METHOD("invalid_method"),
    READ_ERROR("read_error"),
    UNMARSHAL_ERROR("unmarshal_error");

    private final String word;

    Ending(String word) {
      this.word = word;
    }
  }

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
  private final Counter requests =
      Counter.builder()
          .name("milvus_cdc_request_total")
          .help("Requests by type and status; total counts each request of a known type once.")
          .labelNames("request_type", "request_status")
          .register(registry);
  private final Histogram latency =
      Histogram.builder()
          .name("milvus_cdc_request_latency")
          .help("Time from a request's arrival to its successful answer, in milliseconds.")
          .labelNames("request_type")
          .classicOnly()
          .classicExponentialUpperBounds(1, 2, LATENCY_BUCKETS)
          .register(registry);

  CdcMetrics(Supplier<List<TaskView>> tasks) {
    MultiCollector collector = () -> snapshots(tasks);
    registry.register(collector);
  }

  /** A request of a known type begins. */
  void began(String type) {
    requests.labelValues(type, "total").inc();
  }

  /** A request of a known type was answered. */
  void ended(String type, Ending ending, Duration time) {
    requests.labelValues(type, ending.word).inc();
    if (ending == Ending.SUCCESS) {
      latency.labelValues(type).observe(time.toNanos() / 1e6);
    }
  }

  /** Something was answered that is not a request of a known type. */
  void refused(Ending ending) {
    requests.labelValues(UNKNOWN_TYPE, ending.word).inc();
  }

  /** Everything, in Prometheus' text format. */
  byte[] text() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      writer.write(out, registry.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static MetricSnapshots snapshots(Supplier<List<TaskView>> supplier) {
    List<TaskView> tasks;
    try {
      tasks = supplier.get();
    } catch (TaskException e) {
      LOG.debug("Metrics of tasks are left out: reason={}", e.getMessage());
      return MetricSnapshots.of();
    }
    return MetricSnapshots.of(
        taskNumber(tasks),
        gauge(
            tasks,
            "milvus_cdc_task_state",
            "0 Initial, 1 Running, 2 Paused, 3 Failed.",
            task -> OptionalDouble.of(number(task.state()))),
        gauge(
            tasks,
            "milvus_cdc_task_lag_seconds",
            "How far the target is behind the source.",
            task -> seconds(task.lag().stream().mapToLong(Duration::toMillis).findAny())),
        gauge(
            tasks,
            "milvus_cdc_task_replicated_until_timestamp_seconds",
            "Everything up to this time of the source is on the target.",
            task ->
                seconds(
                    task.replicatedUntil().stream()
                        .mapToLong(until -> until.toEpochMilli())
                        .findAny())),
        gauge(
            tasks,
            "milvus_cdc_task_retention_left_seconds",
            "Time until the source's Pulsar may delete messages that the task still needs.",
            task -> seconds(task.retentionLeft().stream().mapToLong(Duration::toMillis).findAny())),
        counter(
            tasks,
            "milvus_cdc_task_rows_inserted",
            "Rows inserted or upserted since the task was created.",
            task -> task.counts().stream().mapToLong(counts -> counts.rowsInserted()).findAny()),
        counter(
            tasks,
            "milvus_cdc_task_rows_deleted",
            "Keys deleted since the task was created.",
            task -> task.counts().stream().mapToLong(counts -> counts.rowsDeleted()).findAny()),
        counter(
            tasks,
            "milvus_cdc_task_ddl_applied",
            "Operations on databases, collections, partitions, indexes and load states since the"
                + " task was created.",
            task -> task.counts().stream().mapToLong(counts -> counts.ddlApplied()).findAny()),
        counter(
            tasks,
            "milvus_cdc_task_bytes_written",
            "Bytes of the log's messages whose rows and keys the target has acknowledged, since the"
                + " job was started.",
            work(JobWork::bytesWritten)),
        counter(
            tasks,
            "milvus_cdc_task_rows_read",
            "Rows inserted and keys deleted by the messages of the log that were read, of all"
                + " collections, since the job was started.",
            task -> task.traffic().stream().mapToLong(JobTraffic::rowsRead).findAny()),
        counter(
            tasks,
            "milvus_cdc_task_bytes_read",
            "Bytes of these messages.",
            task -> task.traffic().stream().mapToLong(JobTraffic::bytesRead).findAny()),
        counters(
            tasks,
            "milvus_cdc_task_operations",
            "Acknowledged calls that insert, upsert or delete rows, and operations on objects,"
                + " since the job was started.",
            "kind",
            JobWork::operations),
        counters(
            tasks,
            "milvus_cdc_task_messages_skipped",
            "Messages whose collection or partition is gone, whose collection is not selected, or"
                + " that are before its start, since the job was started.",
            "cause",
            JobWork::skipped),
        counters(
            tasks,
            "milvus_cdc_task_retries",
            "Steps on the target that were repeated, since the job was started.",
            "cause",
            JobWork::retries),
        counter(
            tasks,
            "milvus_cdc_task_messages_quarantined",
            "Messages left out because they cannot be applied, since the job was started.",
            work(JobWork::messagesQuarantined)),
        counter(
            tasks,
            "milvus_cdc_task_collections_stopped",
            "Collections stopped by an error that repeating does not cure, since the job was"
                + " started.",
            work(JobWork::collectionsStopped)),
        gauge(
            tasks,
            "milvus_cdc_task_calls_in_flight",
            "Calls that the target has not answered yet.",
            task -> atWork(task).stream().mapToDouble(JobWork::callsInFlight).findAny()),
        quantiles(
            tasks,
            "milvus_cdc_task_call_seconds",
            "Time that the last calls that write rows took, however they ended; of the subtask"
                + " where it is the longest.",
            MICROS_PER_SECOND,
            JobWork::callMicros),
        quantiles(
            tasks,
            "milvus_cdc_task_rows_per_call",
            "Rows or keys in each of the last calls acknowledged; of the subtask where they are"
                + " the most.",
            1,
            JobWork::rowsPerCall),
        ofCollections(
            tasks,
            "milvus_cdc_collection_rows_inserted",
            "Rows inserted or upserted, of the busiest collections and of all others together,"
                + " since the job was started.",
            Counts::rowsInserted),
        ofCollections(
            tasks, "milvus_cdc_collection_rows_deleted", "Likewise: keys.", Counts::rowsDeleted),
        ofCollections(
            tasks,
            "milvus_cdc_collection_bytes_written",
            "Likewise: bytes of the log's messages that held them.",
            Counts::bytes));
  }

  /** What tells of this moment is known of a task that runs. */
  private static Optional<JobWork> atWork(TaskView task) {
    return task.work().filter(known -> task.state() == State.RUNNING);
  }

  private static Function<TaskView, OptionalLong> work(ToLongFunction<JobWork> value) {
    return task -> task.work().stream().mapToLong(value).findAny();
  }

  /** The number of Milvus-CDC's server for a state; it has none for the last. */
  private static int number(State state) {
    return switch (state) {
      case INITIAL -> 0;
      case RUNNING -> 1;
      case PAUSED -> 2;
      case FAILED -> 3;
    };
  }

  private static OptionalDouble seconds(OptionalLong millis) {
    return millis.isPresent()
        ? OptionalDouble.of(millis.getAsLong() / 1e3)
        : OptionalDouble.empty();
  }

  private static GaugeSnapshot taskNumber(List<TaskView> tasks) {
    Map<State, Integer> numbers = new EnumMap<>(State.class);
    Arrays.stream(State.values()).forEach(state -> numbers.put(state, 0));
    tasks.forEach(task -> numbers.merge(task.state(), 1, Integer::sum));
    GaugeSnapshot.Builder metric =
        GaugeSnapshot.builder().name("milvus_cdc_task_num").help("Tasks by state.");
    numbers.forEach(
        (state, number) ->
            metric.dataPoint(point(Labels.of("task_state", state.word()), (double) number)));
    return metric.build();
  }

  private static GaugeSnapshot gauge(
      List<TaskView> tasks, String name, String help, Function<TaskView, OptionalDouble> value) {
    GaugeSnapshot.Builder metric = GaugeSnapshot.builder().name(name).help(help);
    for (TaskView task : tasks) {
      value.apply(task).ifPresent(known -> metric.dataPoint(point(labels(task), known)));
    }
    return metric.build();
  }

  private static CounterSnapshot counter(
      List<TaskView> tasks, String name, String help, Function<TaskView, OptionalLong> value) {
    CounterSnapshot.Builder metric = CounterSnapshot.builder().name(name).help(help);
    for (TaskView task : tasks) {
      value.apply(task).ifPresent(known -> metric.dataPoint(point(labels(task), known)));
    }
    return metric.build();
  }

  /** Counters of a job that are divided by kind or cause. */
  private static CounterSnapshot counters(
      List<TaskView> tasks,
      String name,
      String help,
      String label,
      Function<JobWork, Map<String, Long>> values) {
    CounterSnapshot.Builder metric = CounterSnapshot.builder().name(name).help(help);
    for (TaskView task : tasks) {
      task.work().map(values).orElse(Map.of()).entrySet().stream()
          .map(value -> point(labels(task).add(label, value.getKey()), value.getValue()))
          .forEach(metric::dataPoint);
    }
    return metric.build();
  }

  private static GaugeSnapshot quantiles(
      List<TaskView> tasks,
      String name,
      String help,
      double divisor,
      Function<JobWork, Map<String, Double>> values) {
    GaugeSnapshot.Builder metric = GaugeSnapshot.builder().name(name).help(help);
    for (TaskView task : tasks) {
      atWork(task)
          .map(values)
          .orElse(Map.of())
          .forEach(
              (quantile, value) ->
                  metric.dataPoint(point(labels(task).add("quantile", quantile), value / divisor)));
    }
    return metric.build();
  }

  private static CounterSnapshot ofCollections(
      List<TaskView> tasks, String name, String help, ToLongFunction<Counts> value) {
    CounterSnapshot.Builder metric = CounterSnapshot.builder().name(name).help(help);
    for (TaskView task : tasks) {
      if (task.traffic().isPresent()) {
        CollectionTraffic written = task.traffic().get().written();
        for (OfCollection one : written.collections()) {
          metric.dataPoint(
              point(
                  collection(task, one.database(), one.collection()),
                  value.applyAsLong(one.written())));
        }
        metric.dataPoint(
            point(collection(task, OTHERS, OTHERS), value.applyAsLong(written.others())));
      }
    }
    return metric.build();
  }

  private static Labels collection(TaskView task, String database, String collection) {
    return labels(task).add("database", database).add("collection", collection);
  }

  private static GaugeDataPointSnapshot point(Labels labels, double value) {
    return GaugeDataPointSnapshot.builder().labels(labels).value(value).build();
  }

  private static CounterDataPointSnapshot point(Labels labels, long value) {
    return CounterDataPointSnapshot.builder().labels(labels).value((double) value).build();
  }

  private static Labels labels(TaskView task) {
    return Labels.of("task_id", task.taskId());
  }
}
