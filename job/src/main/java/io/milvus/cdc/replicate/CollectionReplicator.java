package io.milvus.cdc.replicate;

import io.milvus.cdc.catalog.CollectionLookup;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEventSerializer;
import io.milvus.cdc.event.SourceEventTypeInfo;
import io.milvus.cdc.replicate.Replication.Skipped;
import io.milvus.cdc.task.TaskMetrics;
import java.io.Serializable;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Orders the events of the collections that belong to one subtask (see {@link Replication}).
 *
 * <p>State: what waits for ticks and what is known of partitions, one entry a collection, in a list
 * that every subtask reads whole when it is restored and takes its own collections from, so that
 * the parallelism may change. A collection has at most a tick's worth of messages waiting, and in a
 * backlog what its topics are ahead of each other. And messages that cannot be read, until the
 * metadata has told which collections they may be of; every subtask has them all.
 */
public final class CollectionReplicator extends ProcessFunction<SourceEvent, SourceEvent>
    implements CheckpointedFunction, CheckpointListener {

  private static final long serialVersionUID = 1L;

  /** The operator's uid in savepoints. */
  public static final String UID = "collection-replicator";

  private static final ListStateDescriptor<byte[]> WAITING =
      new ListStateDescriptor<>(
          "waiting-v1", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);

  private static final ListStateDescriptor<SourceEvent> UNREADABLE =
      new ListStateDescriptor<>("unreadable-v1", new SourceEventSerializer());

  private static final Duration SILENCE_PATIENCE = Duration.ofSeconds(10);

  private final LookupFactory lookups;
  private transient CollectionLookup lookup;
  private transient Replication replication;
  private transient ListState<byte[]> waiting;
  private transient ListState<SourceEvent> unreadable;
  private transient Collector<SourceEvent> out;

  /** Opens the look-up of a subtask. */
  @FunctionalInterface
  public interface LookupFactory extends Serializable {
    CollectionLookup open();
  }

  CollectionReplicator(LookupFactory lookups) {
    this.lookups = lookups;
  }

  /**
   * Attaches the replicator to the events of the sources.
   *
   * @param lookups opens what answers questions about unknown collections
   * @return the events to apply; what is chained to it runs in the same subtask, so the order holds
   */
  public static SingleOutputStreamOperator<SourceEvent> order(
      DataStream<SourceEvent> catalog, DataStream<SourceEvent> log, LookupFactory lookups) {
    int parallelism = log.getExecutionEnvironment().getParallelism();
    return fanOut(catalog, "catalog", parallelism)
        .union(fanOut(log, "log", parallelism))
        .partitionCustom(new Routing.ToSubtask(), new Routing.Key(parallelism))
        .process(new CollectionReplicator(lookups))
        .returns(new SourceEventTypeInfo())
        .name("Collection replicator")
        .uid(UID);
  }

  private static DataStream<SourceEvent> fanOut(
      DataStream<SourceEvent> events, String of, int parallelism) {
    return events
        .flatMap(new Routing.FanOut(parallelism))
        .returns(new SourceEventTypeInfo())
        .setParallelism(events.getParallelism())
        .name("Ticks to all (" + of + ")")
        .uid(of + "-fan-out");
  }

  @Override
  public void initializeState(FunctionInitializationContext context) throws Exception {
    waiting = context.getOperatorStateStore().getUnionListState(WAITING);
    unreadable = context.getOperatorStateStore().getUnionListState(UNREADABLE);
    MetricGroup metrics = getRuntimeContext().getMetricGroup();
    Map<Skipped, Counter> skipped = new EnumMap<>(Skipped.class);
    for (Skipped cause : Skipped.values()) {
      skipped.put(
          cause,
          metrics
              .addGroup(TaskMetrics.CAUSE, cause.name().toLowerCase(Locale.ROOT))
              .counter(TaskMetrics.MESSAGES_SKIPPED));
    }
    lookup = lookups.open();
    replication =
        new Replication(lookup, event -> out.collect(event), cause -> skipped.get(cause).inc());
    metrics.gauge(TaskMetrics.COLLECTIONS, (Gauge<Integer>) replication::collections);
    Silence silence = new Silence(SILENCE_PATIENCE, Instant.now());
    metrics.gauge(
        TaskMetrics.SILENT,
        (Gauge<String>) () -> silence.inWords(replication.slowest(), Instant.now()));
    if (context.isRestored()) {
      int parallelism = getRuntimeContext().getTaskInfo().getNumberOfParallelSubtasks();
      int subtask = getRuntimeContext().getTaskInfo().getIndexOfThisSubtask();
      for (byte[] bytes : waiting.get()) {
        ReplicaSnapshot snapshot = ReplicaSnapshot.fromBytes(bytes);
        if (Routing.subtaskOf(snapshot.collectionId(), parallelism) == subtask) {
          replication.restore(snapshot);
        }
      }
      Set<SourceEvent> once = new LinkedHashSet<>();
      unreadable.get().forEach(once::add);
      for (SourceEvent message : once) {
        replication.handle(message);
      }
    }
  }

  @Override
  public void open(Configuration parameters) {}

  @Override
  public void processElement(SourceEvent event, Context context, Collector<SourceEvent> collector)
      throws EtcdUnavailableException {
    out = collector;
    replication.handle(event);
  }

  @Override
  public void snapshotState(FunctionSnapshotContext context) throws Exception {
    waiting.clear();
    for (ReplicaSnapshot snapshot : replication.snapshot()) {
      waiting.add(snapshot.toBytes());
    }
    unreadable.update(List.copyOf(replication.unplacedUnreadable()));
  }

  /** Messages that waited then are not kept twice until the next checkpoint. */
  @Override
  public void notifyCheckpointComplete(long checkpointId) {
    waiting.clear();
  }

  @Override
  public void notifyCheckpointAborted(long checkpointId) {
    waiting.clear();
  }

  @Override
  public void close() {
    if (lookup != null) {
      lookup.close();
    }
  }
}
