package io.milvus.cdc.server.flink;

import io.milvus.cdc.task.JobTraffic;
import java.util.List;
import java.util.Optional;

/**
 * What the server asks of a Flink cluster. Every method may throw {@link
 * FlinkException.Unreachable}, after which nothing is known about whether the request took effect,
 * or {@link FlinkException.Refused}.
 */
public interface FlinkCluster {

  /** All jobs that the cluster remembers, in one request. */
  List<Job> jobs();

  /** Submits a job under the given id and returns when the cluster has accepted it. */
  void submit(JobSubmission submission);

  /**
   * Begins to stop a job with a savepoint.
   *
   * @return the id under which {@link #savepoint} tells how far it is
   */
  String stopWithSavepoint(String jobId);

  /** How far a stop with savepoint is. */
  SavepointProgress savepoint(String jobId, String triggerId);

  /** Begins to cancel a job; its retained checkpoints stay. */
  void cancel(String jobId);

  /** Path of a job's newest completed checkpoint or savepoint, when the cluster knows one. */
  Optional<String> newestSnapshot(String jobId);

  /** The root cause of a job's newest failure in one line, when there was one. */
  Optional<String> failure(String jobId);

  /** What the job's metrics say; empty while the cluster has not collected them. */
  Optional<JobMeasures> measures(String jobId);

  /**
   * What the job's metrics say about its traffic; empty while the cluster has not collected them.
   */
  Optional<JobTraffic> traffic(String jobId);

  /** What a job that reports its measures waits for, in its own words. */
  Optional<String> waitingFor(String jobId);

  /**
   * A job that is to be started.
   *
   * @param jobId 32 hexadecimal digits, never used before
   * @param taskId the task it runs
   * @param parallelism its subtasks
   * @param restoreFrom the savepoint or checkpoint it continues from; absent for a fresh start
   * @param exactStart whether nothing that comes after {@code restoreFrom} has been applied
   */
  record JobSubmission(
      String jobId,
      String taskId,
      int parallelism,
      Optional<String> restoreFrom,
      boolean exactStart) {}

  /** A stop with savepoint, as seen at one moment. */
  sealed interface SavepointProgress {}

  /** Not finished. */
  record SavepointPending() implements SavepointProgress {}

  /**
   * The job has stopped and its state is kept.
   *
   * @param path where
   */
  record SavepointTaken(String path) implements SavepointProgress {}

  /**
   * There is no savepoint; the job may still run.
   *
   * @param reason why, in one line
   */
  record SavepointFailed(String reason) implements SavepointProgress {}
}
