package io.milvus.cdc.server.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.compare.RowComparison;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundSettings;
import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.workload.SourceWriter;
import io.milvus.cdc.workload.SourceWriter.Kind;
import io.milvus.param.ConnectParam;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/** Real servers with a task between them, as the tests of this package use them. */
final class TaskScenario implements AutoCloseable {

  /** Where the jobs of a test run that leaves it open; {@code -De2e.flink=cluster} changes it. */
  static final FlinkMode FLINK =
      FlinkMode.valueOf(System.getProperty("e2e.flink", "embedded").toUpperCase(Locale.ROOT));

  static final Duration PATIENCE = Duration.ofSeconds(90);

  final Playground playground;
  final MilvusCluster source;
  final MilvusCluster target;
  final CdcClient client;

  TaskScenario() {
    this(FLINK);
  }

  TaskScenario(FlinkMode flink) {
    this(PlaygroundSettings.defaults().withFlinkMode(flink), UnaryOperator.identity());
  }

  /**
   * @param toTarget adds to an address what the target wants
   */
  TaskScenario(PlaygroundSettings settings, UnaryOperator<ConnectParam.Builder> toTarget) {
    playground =
        TestingPlayground.separate(
            settings.withProgress(line -> System.out.println("playground: " + line)));
    playground.start(Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET, Part.SERVER);
    source = MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus());
    target =
        MilvusCluster.connect(
            toTarget
                .apply(
                    ConnectParam.newBuilder()
                        .withHost("127.0.0.1")
                        .withPort(playground.ports().targetMilvus()))
                .build());
    client = new CdcClient(playground.serverUrl());
  }

  /** A loaded collection of two shards on the source. */
  SourceWriter newCollection(String name) {
    SourceWriter writer = new SourceWriter(source, "default", name, Kind.INT64);
    writer.create(2);
    writer.load();
    return writer;
  }

  void awaitState(String taskId, String state) {
    await().atMost(PATIENCE).until(() -> client.state(taskId), state::equals);
  }

  /** Waits until a collection's rows are the same on both sides, counted and compared. */
  void awaitSame(String collection) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(differences(collection)).isEmpty());
  }

  List<String> differences(String collection) {
    return RowComparison.differences(source, target, "default", collection);
  }

  /** Waits until so many more checkpoints of the task are complete. */
  void awaitCheckpoints(String taskId, int more) {
    String job = client.task(taskId).get("job_id").asText();
    int before = client.checkpoints(playground.flinkUrl(), job);
    await()
        .atMost(PATIENCE)
        .until(() -> client.checkpoints(playground.flinkUrl(), job) >= before + more);
  }

  /** Looks at what the control server, and the processes of its Flink, log from now on. */
  NewLogLines newLogLines() {
    return new NewLogLines(playground);
  }

  /** Waits until the task says that everything up to now is on the target. */
  void awaitReplicated(String taskId) {
    long now = System.currentTimeMillis();
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              JsonNode until = client.task(taskId).get("replicated_until");
              return until != null && java.time.Instant.parse(until.asText()).toEpochMilli() >= now;
            });
  }

  @Override
  public void close() {
    source.close();
    target.close();
    playground.close();
  }
}
