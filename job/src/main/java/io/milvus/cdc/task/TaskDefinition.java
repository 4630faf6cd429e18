package io.milvus.cdc.task;

import java.time.Instant;

/**
 * What a task does: all that its Flink job needs to know. Written once when the task is created and
 * not changed afterwards.
 *
 * @param version version of this document's layout, {@link #VERSION} in this release
 * @param taskId 32 hexadecimal digits, or the client's own id
 * @param createdAt when the task was accepted
 * @param source the Milvus that is read
 * @param target the Milvus that is written
 * @param selection what is replicated
 * @param parallelism how many subtasks the job runs with
 * @param quarantine whether a message that cannot be read, or that the target refuses for good, is
 *     left out and kept elsewhere; otherwise it stops its collection. Not set in the documents of
 *     releases that did not know it
 */
public record TaskDefinition(
    int version,
    String taskId,
    Instant createdAt,
    SourceCluster source,
    TargetCluster target,
    Selection selection,
    int parallelism,
    boolean quarantine) {

  /**
   * The layout written by this release. Version 2 has names on the target, secrets that may be
   * sealed, and certificates, which a release that knows version 1 must not ignore.
   */
  public static final int VERSION = 2;

  /** The name under which the task's job is found in Flink: {@code cdc-<task_id>}. */
  public String jobName() {
    return jobName(taskId);
  }

  /** The name under which a task's job is found in Flink: {@code cdc-<task_id>}. */
  public static String jobName(String taskId) {
    return "cdc-" + taskId;
  }
}
