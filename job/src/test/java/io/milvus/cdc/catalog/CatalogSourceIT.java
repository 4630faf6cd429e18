package io.milvus.cdc.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEventTypeInfo;
import io.milvus.cdc.task.EtcdTaskStore;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskStoreAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CatalogSourceIT {

  private final TestingSource source = TestingSource.connect();
  private final String suffix = "_" + Long.toString(System.nanoTime(), 36);
  private final TaskStoreAddress address =
      new TaskStoreAddress(source.cluster().etcdEndpoints(), "cdc" + suffix);
  @TempDir Path savepoints;

  @BeforeEach
  void createTask() {
    try (EtcdTaskStore store = address.open()) {
      store.write(
          new TaskDefinition(
              TaskDefinition.VERSION,
              "t",
              Instant.EPOCH,
              source.cluster(),
              new TargetCluster("localhost", 1, false, Optional.empty(), 1),
              Selection.everything(),
              1,
              false),
          new StartPositions(Map.of()));
    }
  }

  @AfterEach
  void close() {
    source.close();
  }

  @Test
  void aDropBetweenASavepointAndARestartIsTold() throws Exception {
    source.createCollection("default", "kept" + suffix, 1);
    source.createCollection("default", "dropped" + suffix, 1);
    String savepoint;
    long kept;
    long dropped;
    try (Run run = new Run(Optional.empty())) {
      run.untilProgressAfter(System.currentTimeMillis());
      kept = run.idOf("kept" + suffix);
      dropped = run.idOf("dropped" + suffix);
      savepoint = run.stop();
    }
    source.dropCollection("default", "dropped" + suffix);

    try (Run run = new Run(Optional.of(savepoint))) {
      run.untilProgressAfter(System.currentTimeMillis());
      assertThat(run.told).contains(new SourceEvent.CollectionGone(dropped));
      assertThat(run.told).doesNotContain(new SourceEvent.CollectionGone(kept));
      assertThat(run.idOf("kept" + suffix)).isEqualTo(kept);
    }
  }

  /** What the runs have told, by their number: the job runs in this JVM. */
  private static final Map<Integer, List<SourceEvent>> TOLD = new ConcurrentHashMap<>();

  /** A running job that consists of the source only. */
  private final class Run implements AutoCloseable {
    final List<SourceEvent> told = new CopyOnWriteArrayList<>();
    private final JobClient job;
    private boolean isStopped;

    Run(Optional<String> savepoint) throws Exception {
      int number = TOLD.size();
      TOLD.put(number, told);
      Configuration configuration = new Configuration();
      savepoint.ifPresent(path -> configuration.set(StateRecoveryOptions.SAVEPOINT_PATH, path));
      StreamExecutionEnvironment env =
          StreamExecutionEnvironment.getExecutionEnvironment(configuration);
      env.enableCheckpointing(100);
      env.getConfig().disableGenericTypes();
      env.fromSource(
              new CatalogSource("t", address),
              WatermarkStrategy.noWatermarks(),
              "catalog",
              new SourceEventTypeInfo())
          .setParallelism(1)
          .uid("catalog")
          .filter(event -> TOLD.get(number).add(event))
          .uid("told")
          .sinkTo(new DiscardingSink<>());
      job = env.executeAsync();
    }

    void untilProgressAfter(long epochMillis) {
      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () -> {
                return told.stream()
                    .anyMatch(
                        event ->
                            event instanceof SourceEvent.CatalogProgress progress
                                && progress.epochMillis() > epochMillis);
              });
    }

    long idOf(String name) {
      return told.stream()
          .filter(SourceEvent.CollectionSeen.class::isInstance)
          .map(event -> ((SourceEvent.CollectionSeen) event).state())
          .filter(state -> state.getName().equals(name))
          .findFirst()
          .orElseThrow()
          .getId();
    }

    String stop() throws Exception {
      isStopped = true;
      return job.stopWithSavepoint(
              false, savepoints.toUri().toString(), SavepointFormatType.CANONICAL)
          .get();
    }

    /** The cluster of a job ends with it, and answers nothing afterwards. */
    @Override
    public void close() throws Exception {
      if (!isStopped) {
        job.cancel().get();
      }
    }
  }
}
