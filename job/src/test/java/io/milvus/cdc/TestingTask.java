package io.milvus.cdc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.task.TargetTuning;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.executiongraph.AccessExecutionGraph;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * A task that replicates everything of a playground's source, and its job, run by a Flink in this
 * JVM. It can be stopped and crash, and continues where it was.
 */
final class TestingTask implements AutoCloseable {

  private static final int PARALLELISM = 2;
  private static final long PATIENCE_SECONDS = 60;

  private final TestingDefinition definition;
  private final String etcdEndpoint;
  private final Path snapshots;
  private final MiniCluster cluster;
  private Optional<JobID> running = Optional.empty();
  private Optional<String> snapshot = Optional.empty();
  private Duration checkpointTimeout = Duration.ofMinutes(10);

  /** Creates a task, from the source as it is now; its job does not run yet. */
  TestingTask(Playground playground) throws Exception {
    this(playground, Files.createTempDirectory(playground.directory(), "snapshots-"));
  }

  /**
   * As {@link #TestingTask(Playground)}.
   *
   * @param targetPort of what stands before the target
   */
  TestingTask(Playground playground, int targetPort) throws Exception {
    this(
        playground,
        Files.createTempDirectory(playground.directory(), "snapshots-"),
        TestingDefinition.through(targetPort, playground, PARALLELISM));
  }

  /**
   * As {@link #TestingTask(Playground)}.
   *
   * @param snapshots where its savepoints and checkpoints are
   */
  TestingTask(Playground playground, Path snapshots) throws Exception {
    this(playground, snapshots, TestingDefinition.write(playground, PARALLELISM));
  }

  private TestingTask(Playground playground, Path snapshots, TestingDefinition definition)
      throws Exception {
    this.snapshots = snapshots;
    this.definition = definition;
    etcdEndpoint = playground.etcdEndpoint();
    Configuration configuration = new Configuration();
    configuration.set(RestOptions.BIND_PORT, "0");
    // Checkpoints of one file each.
    configuration.set(CheckpointingOptions.FS_SMALL_FILE_THRESHOLD, MemorySize.parse("1mb"));
    GaugeReporter.addTo(configuration);
    cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(PARALLELISM)
                .build());
    cluster.start();
  }

  /** The task as its store has it. */
  TestingDefinition definition() {
    return definition;
  }

  /** How long checkpoints of the next start may take. */
  void giveUpCheckpointsAfter(Duration time) {
    checkpointTimeout = time;
  }

  /**
   * Starts the job and returns when it runs: from where it was stopped, or from its newest
   * checkpoint after a crash.
   */
  void start() throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(3));
    configuration.set(CheckpointingOptions.CHECKPOINTING_TIMEOUT, checkpointTimeout);
    configuration.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, snapshots.toUri().toString());
    configuration.set(
        CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
        ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(PARALLELISM);
    ReplicationJob.build(
        environment, definition.taskId(), definition.store(), TargetTuning.DEFAULT);
    JobGraph graph = environment.getStreamGraph().getJobGraph();
    snapshot.ifPresent(
        path -> graph.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(path)));
    cluster.submitJob(graph).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    running = Optional.of(graph.getJobID());
    await().atMost(Duration.ofSeconds(PATIENCE_SECONDS)).until(this::everythingRuns);
  }

  private boolean everythingRuns() throws Exception {
    AccessExecutionGraph graph = graph();
    if (graph.getState() != JobStatus.RUNNING) {
      return false;
    }
    for (AccessExecutionVertex vertex : graph.getAllExecutionVertices()) {
      if (vertex.getExecutionState() != ExecutionState.RUNNING) {
        return false;
      }
    }
    return true;
  }

  /** How many checkpoints of this run have failed. */
  long failedCheckpoints() throws Exception {
    return graph().getCheckpointStatsSnapshot().getCounts().getNumberOfFailedCheckpoints();
  }

  /** Whether all of the job still runs as it was started. */
  boolean neverRestarted() throws Exception {
    for (AccessExecutionVertex vertex : graph().getAllExecutionVertices()) {
      if (vertex.getCurrentExecutionAttempt().getAttemptNumber() > 0) {
        return false;
      }
    }
    return everythingRuns();
  }

  /** The directory of the savepoint or checkpoint that the next start continues from. */
  Path snapshot() {
    return Path.of(URI.create(snapshot.orElseThrow()));
  }

  /** Stops the job with a savepoint. */
  void stop() throws Exception {
    snapshot =
        Optional.of(
            cluster
                .stopWithSavepoint(
                    job(), snapshots.toUri().toString(), false, SavepointFormatType.CANONICAL)
                .get(PATIENCE_SECONDS, TimeUnit.SECONDS));
    awaitEnd();
  }

  /** Ends the job without a savepoint, after at least one checkpoint of this run. */
  void crash() throws Exception {
    Path checkpoints = snapshots.resolve(job().toString());
    await()
        .atMost(Duration.ofSeconds(PATIENCE_SECONDS))
        .until(() -> newestCheckpoint(checkpoints).isPresent());
    cluster.cancelJob(job()).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    awaitEnd();
    snapshot = newestCheckpoint(checkpoints).map(path -> path.toUri().toString());
  }

  private static Optional<Path> newestCheckpoint(Path checkpoints) throws IOException {
    if (!Files.isDirectory(checkpoints)) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(checkpoints)) {
      return files
          .filter(path -> Files.exists(path.resolve("_metadata")))
          .max(Comparator.comparingLong(TestingTask::number));
    }
  }

  private static long number(Path checkpoint) {
    return Long.parseLong(checkpoint.getFileName().toString().substring("chk-".length()));
  }

  private void awaitEnd() throws Exception {
    cluster.requestJobResult(job()).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    running = Optional.empty();
  }

  /** Waits until everything that has happened on the source is on the target. */
  void awaitReplicated(Duration patience) throws Exception {
    long now = System.currentTimeMillis();
    await()
        .atMost(patience)
        .failFast(this::throwIfEnded)
        .until(() -> GaugeReporter.replicatedUntil(job().toString(), PARALLELISM) >= now);
  }

  /** Lets the source's etcd forget what has changed so far. */
  void compactSource() throws Exception {
    try (Client etcd = Client.builder().endpoints(etcdEndpoint).build()) {
      long revision =
          etcd.getKVClient()
              .get(ByteSequence.from("nothing", UTF_8))
              .get(PATIENCE_SECONDS, TimeUnit.SECONDS)
              .getHeader()
              .getRevision();
      etcd.getKVClient().compact(revision).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
  }

  private void throwIfEnded() throws Exception {
    AccessExecutionGraph graph = graph();
    if (graph.getState().isTerminalState()) {
      throw new AssertionError(
          "The job is "
              + graph.getState()
              + ": "
              + (graph.getFailureInfo() == null
                  ? "no failure"
                  : graph.getFailureInfo().getExceptionAsString()));
    }
  }

  private AccessExecutionGraph graph() throws Exception {
    return cluster.getExecutionGraph(job()).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  private JobID job() {
    return running.orElseThrow(() -> new IllegalStateException("The job does not run"));
  }

  @Override
  public void close() throws Exception {
    cluster.close();
  }
}
