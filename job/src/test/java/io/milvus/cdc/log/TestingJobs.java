package io.milvus.cdc.log;

import io.milvus.cdc.event.SourceEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.core.execution.CheckpointType;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/** Runs jobs that read a {@link TestingLog} and keep what they read. */
final class TestingJobs implements AutoCloseable {

  private static final Map<String, Job> RUNNING = new ConcurrentHashMap<>();

  /** A topic that is added is told of, nobody need look for it. */
  private static final Duration LISTING = Duration.ofHours(1);

  private final MiniCluster cluster;

  TestingJobs() throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(RestOptions.BIND_PORT, "0");
    cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(4)
                .build());
    cluster.start();
  }

  /**
   * A job and what it has read.
   *
   * @param jobId its id in the cluster
   * @param read every event, with the subtask that read it
   */
  record Job(JobID jobId, List<Read> read) {
    List<SourceEvent.LogMessage> messages() {
      return List.copyOf(read).stream()
          .map(Read::event)
          .filter(SourceEvent.LogMessage.class::isInstance)
          .map(SourceEvent.LogMessage.class::cast)
          .toList();
    }
  }

  record Read(SourceEvent event, int subtask) {}

  Job start(
      TestingLog log,
      int parallelism,
      Optional<String> savepoint,
      WatermarkStrategy<SourceEvent> watermarks)
      throws Exception {
    String name = UUID.randomUUID().toString();
    Configuration configuration = new Configuration();
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 1000);
    configuration.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(100));
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(parallelism);
    environment.getConfig().disableGenericTypes();
    environment
        .fromSource(
            log.logSource(
                new LogTuning(
                    500,
                    16 * 1024 * 1024,
                    1000,
                    4 * 1024 * 1024,
                    LISTING,
                    LogTuning.DEFAULT.mostAhead(),
                    LogTuning.DEFAULT.silence(),
                    LogTuning.DEFAULT.mostAheadBytes())),
            watermarks,
            "log")
        .uid("log")
        .map(new Keep(name))
        .returns(Types.VOID)
        .uid("keep")
        .sinkTo(new DiscardingSink<>());
    JobGraph graph = environment.getStreamGraph().getJobGraph();
    savepoint.ifPresent(
        path -> graph.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(path)));
    Job job = new Job(graph.getJobID(), Collections.synchronizedList(new ArrayList<>()));
    RUNNING.put(name, job);
    cluster.submitJob(graph).get();
    return job;
  }

  String stop(Job job, Path directory) throws Exception {
    String path =
        cluster
            .stopWithSavepoint(
                job.jobId(), directory.toUri().toString(), false, SavepointFormatType.CANONICAL)
            .get(60, TimeUnit.SECONDS);
    cluster.requestJobResult(job.jobId()).get(60, TimeUnit.SECONDS);
    return path;
  }

  String savepoint(Job job, Path directory) throws Exception {
    return cluster
        .triggerSavepoint(
            job.jobId(), directory.toUri().toString(), false, SavepointFormatType.CANONICAL)
        .get(60, TimeUnit.SECONDS);
  }

  void checkpoint(Job job) throws Exception {
    var unused =
        cluster.triggerCheckpoint(job.jobId(), CheckpointType.FULL).get(60, TimeUnit.SECONDS);
  }

  void cancel(Job job) throws Exception {
    cluster.cancelJob(job.jobId()).get(60, TimeUnit.SECONDS);
    cluster.requestJobResult(job.jobId()).get(60, TimeUnit.SECONDS);
  }

  JobStatus status(Job job) throws Exception {
    return cluster.getJobStatus(job.jobId()).get(60, TimeUnit.SECONDS);
  }

  /** Whether every task of a job runs. */
  boolean runs(Job job) throws Exception {
    if (status(job) != JobStatus.RUNNING) {
      return false;
    }
    for (var vertex :
        cluster
            .getExecutionGraph(job.jobId())
            .get(60, TimeUnit.SECONDS)
            .getAllExecutionVertices()) {
      if (vertex.getExecutionState() != ExecutionState.RUNNING) {
        return false;
      }
    }
    return true;
  }

  JobResult result(Job job) throws Exception {
    return cluster.requestJobResult(job.jobId()).get(60, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws Exception {
    cluster.close();
  }

  private static final class Keep extends RichMapFunction<SourceEvent, Void> {

    private static final long serialVersionUID = 1L;

    private final String job;

    Keep(String job) {
      this.job = job;
    }

    @Override
    public Void map(SourceEvent event) {
      RUNNING
          .get(job)
          .read()
          .add(new Read(event, getRuntimeContext().getTaskInfo().getIndexOfThisSubtask()));
      return null;
    }
  }
}
