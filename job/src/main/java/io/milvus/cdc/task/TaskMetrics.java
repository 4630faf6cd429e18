package io.milvus.cdc.task;

/**
 * Names of the metrics by which a running job tells how far it is. They are registered on the
 * target writer's operator metric group (Flink REST shows each as {@code <operator>.<name>}).
 */
public final class TaskMetrics {

  /**
   * Gauge, milliseconds since the epoch on the source's clock: everything that happened on the
   * source up to then is applied on the target, as far as this subtask is concerned; the task's
   * value is the smallest of its subtasks. -1 while not known yet.
   */
  public static final String REPLICATED_UNTIL = "cdcReplicatedUntil";

  /**
   * Gauge, milliseconds: how long ago that was when the metric was read, on the job's clock; the
   * task's value is the largest of its subtasks. -1 while not known yet.
   */
  public static final String LAG = "cdcLag";

  /**
   * Gauge of each subtask of the replicator: how many collections it follows; each collection is
   * followed by one subtask.
   */
  public static final String COLLECTIONS = "cdcCollections";

  /** Counter: rows acknowledged by the target as inserted or upserted. */
  public static final String ROWS_INSERTED = "cdcRowsInserted";

  /** Counter: primary keys acknowledged by the target as deleted. */
  public static final String ROWS_DELETED = "cdcRowsDeleted";

  /** Counter: operations on databases, collections, partitions, indexes and load states applied. */
  public static final String DDL_APPLIED = "cdcDdlApplied";

  /** Counter: log messages skipped because their collection is gone or not selected. */
  public static final String MESSAGES_SKIPPED = "cdcMessagesSkipped";

  /** Counter: calls to the target that were repeated after a transient error. */
  public static final String RETRIES = "cdcRetries";

  /** Counter: messages left out because they cannot be applied. */
  public static final String MESSAGES_QUARANTINED = "cdcMessagesQuarantined";

  /**
   * Gauge, text: which collections are stopped, and what the task waits for while the target does
   * not do what it is asked; empty when there is neither.
   */
  public static final String WAITING_FOR = "cdcWaitingFor";

  /**
   * Gauge of each subtask of the replicator, text: what of the source has told nothing for a while;
   * empty when there is nothing like that.
   */
  public static final String SILENT = "cdcSilent";

  private TaskMetrics() {}
}
