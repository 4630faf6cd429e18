package io.milvus.cdc.server.tasks;

import java.time.Duration;

/**
 * The reconciler's times.
 *
 * @param interval between two looks at all tasks
 * @param calmInterval between two looks while nobody asks for tasks and each is as it should be;
 *     each look makes Flink ask all its jobs for their states
 * @param sampleInterval between two looks at a job's metrics while somebody asks for tasks
 * @param unwatchedInterval between two looks at a job's metrics while nobody does; each look makes
 *     Flink collect the metrics of all its jobs, which costs more than an idle task does. Somewhat
 *     less than the calm interval, so that each calm look is one at the metrics too
 * @param keepInterval between two writes of a running task's progress
 * @param stopTimeout how long a stop with savepoint may take before the job is cancelled
 * @param lostJobGrace how long a submitted job may be missing from the cluster's overview before it
 *     counts as gone; a cluster that recovers may list its jobs late
 * @param clusterStartsEmpty whether the cluster began together with this process, so that a job
 *     submitted by an earlier process cannot exist
 */
public record ReconcilerSettings(
    Duration interval,
    Duration calmInterval,
    Duration sampleInterval,
    Duration unwatchedInterval,
    Duration keepInterval,
    Duration stopTimeout,
    Duration lostJobGrace,
    boolean clusterStartsEmpty) {

  /** For a cluster inside this process. */
  public static ReconcilerSettings embedded() {
    return new ReconcilerSettings(
        Duration.ofMillis(500),
        Duration.ofSeconds(5),
        Duration.ofSeconds(1),
        Duration.ofSeconds(4),
        Duration.ofSeconds(30),
        Duration.ofSeconds(30),
        Duration.ofSeconds(2),
        true);
  }

  /** For a cluster of its own. */
  public static ReconcilerSettings remote() {
    return new ReconcilerSettings(
        Duration.ofMillis(500),
        Duration.ofSeconds(5),
        Duration.ofSeconds(1),
        Duration.ofSeconds(4),
        Duration.ofSeconds(30),
        Duration.ofSeconds(30),
        Duration.ofSeconds(15),
        false);
  }
}
