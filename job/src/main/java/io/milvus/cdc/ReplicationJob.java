package io.milvus.cdc;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.CatalogSource;
import io.milvus.cdc.catalog.CollectionLookup;
import io.milvus.cdc.catalog.EtcdCollectionLookup;
import io.milvus.cdc.event.DeadLetter;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEventTypeInfo;
import io.milvus.cdc.log.DeadLetterTopic;
import io.milvus.cdc.log.LiveStartPositions;
import io.milvus.cdc.log.LogSource;
import io.milvus.cdc.log.LogTuning;
import io.milvus.cdc.log.LogWatermarks;
import io.milvus.cdc.replicate.CollectionReplicator;
import io.milvus.cdc.target.DeadLetters;
import io.milvus.cdc.target.MilvusSink;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskStore;
import io.milvus.cdc.task.TaskStoreAddress;
import io.milvus.cdc.task.UnreadableTaskException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.java.utils.ParameterTool;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The Flink program of one task.
 *
 * <p>Arguments: {@code --task-id}, {@code --meta-endpoints} (client addresses of the task store's
 * etcd, separated by commas) and {@code --meta-root} (the store's root path); optionally those of
 * {@link TargetTuning}, and {@code --exact-start} with a name of its own for a job that continues
 * from the savepoint with which the task was stopped. Everything else is read from the store where
 * it is needed, so that no secret is in the job's arguments or graph. What the store itself wants
 * (credentials, certificates, the key of sealed secrets) each process of Flink has in its
 * environment, see {@link io.milvus.cdc.task.StoreAccess}. Checkpoint interval and directories, the
 * restart strategy and the parallelism are Flink's settings; the server passes them with the job.
 */
public final class ReplicationJob {

  /** How far one topic may run ahead of the slowest one while a backlog is read. */
  private static final Duration MOST_AHEAD = Duration.ofSeconds(5);

  private static final Duration ALIGNMENT_INTERVAL = Duration.ofMillis(200);

  /** A topic that is silent this long holds nobody back; those of live collections tick. */
  private static final Duration SILENCE = Duration.ofSeconds(2);

  /**
   * How long an event may be held back until there are more for the same subtask. Each row waits so
   * long at most; shorter would cost an idle task more than it is worth.
   */
  private static final Duration MOST_HELD_BACK = Duration.ofMillis(10);

  /** Changes of the metadata are few, so nothing is gained when they wait for each other. */
  private static final long AT_ONCE = 0;

  private ReplicationJob() {}

  /** Submits the job of the task that the arguments name. */
  public static void main(String[] arguments) throws Exception {
    ParameterTool parameters = ParameterTool.fromArgs(arguments);
    TaskStoreAddress store =
        new TaskStoreAddress(
            List.of(parameters.getRequired("meta-endpoints").split(",", -1)),
            parameters.getRequired("meta-root"));
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    // Flink shows it with the job's configuration.
    environment
        .getConfig()
        .setGlobalJobParameters(ParameterTool.fromMap(Map.of("release", release())));
    build(
        environment,
        parameters.getRequired("task-id"),
        store,
        TargetTuning.of(parameters::get),
        Optional.ofNullable(parameters.get("exact-start")));
    environment.execute(TaskDefinition.jobName(parameters.getRequired("task-id")));
  }

  /** Of the jar that this class is in; {@code unknown} outside of one. */
  private static String release() {
    return Optional.ofNullable(ReplicationJob.class.getPackage().getImplementationVersion())
        .orElse("unknown");
  }

  /** Adds the operators of a task to an environment. */
  static void build(
      StreamExecutionEnvironment environment,
      String taskId,
      TaskStoreAddress store,
      TargetTuning tuning) {
    build(environment, taskId, store, tuning, Optional.empty());
  }

  /**
   * Adds the operators of a task to an environment.
   *
   * @param exactStart see {@link LogSource#continuingExactly}
   */
  static void build(
      StreamExecutionEnvironment environment,
      String taskId,
      TaskStoreAddress store,
      TargetTuning tuning,
      Optional<String> exactStart) {
    // Everything that crosses the network or goes into a savepoint has a serializer of its own.
    environment.getConfig().disableGenericTypes();
    // A state is found again by its operator's uid alone.
    environment.getConfig().disableAutoGeneratedUIDs();
    environment.getConfig().enableObjectReuse();
    environment.setBufferTimeout(MOST_HELD_BACK.toMillis());
    // A target that is away makes checkpoints expire; that is no reason to give up.
    environment.getCheckpointConfig().setTolerableCheckpointFailureNumber(Integer.MAX_VALUE);

    DataStream<SourceEvent> catalog =
        environment
            .fromSource(
                new CatalogSource(taskId, store),
                WatermarkStrategy.noWatermarks(),
                "Source metadata",
                new SourceEventTypeInfo())
            .setParallelism(1)
            .setBufferTimeout(AT_ONCE)
            .uid("catalog-source");
    LogSource logSource =
        new LogSource(
            taskId, store::open, task -> new LiveStarts(openLookup(task)), LogTuning.DEFAULT);
    DataStream<SourceEvent> log =
        environment
            .fromSource(
                exactStart.map(logSource::continuingExactly).orElse(logSource),
                LogWatermarks.strategy(MOST_AHEAD, ALIGNMENT_INTERVAL, SILENCE),
                "Source log",
                new SourceEventTypeInfo())
            .uid("log-source");
    CollectionReplicator.order(catalog, log, () -> openLookup(definition(taskId, store)))
        .sinkTo(
            new MilvusSink(
                () -> definition(taskId, store),
                store::open,
                task -> new SentDeadLetters(new DeadLetterTopic(task)),
                tuning))
        .name("Milvus sink")
        .uid(MilvusSink.UID);
  }

  private static TaskDefinition definition(String taskId, TaskStoreAddress address) {
    try (TaskStore store = address.open()) {
      return store
          .definition(taskId)
          .orElseThrow(
              () ->
                  new PermanentFailure(
                      "task "
                          + taskId
                          + " is not in the task store "
                          + address
                          + ": it was deleted, or the job was given another store"));
    } catch (UnreadableTaskException e) {
      throw new PermanentFailure(e.getMessage(), e);
    }
  }

  private static CollectionLookup openLookup(TaskDefinition task) {
    return EtcdCollectionLookup.open(task.source(), task.selection());
  }

  private record SentDeadLetters(DeadLetterTopic topic) implements DeadLetters {

    @Override
    public void send(DeadLetter letter) throws IOException {
      topic.send(letter);
    }

    @Override
    public void close() {
      topic.close();
    }
  }

  private record LiveStarts(CollectionLookup lookup) implements LiveStartPositions {

    @Override
    public List<ByteString> of(String pchannel) throws IOException {
      return lookup.startPositionsOfLiveCollections(pchannel);
    }

    @Override
    public void close() {
      lookup.close();
    }
  }
}
