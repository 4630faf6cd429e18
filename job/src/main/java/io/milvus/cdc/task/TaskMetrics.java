package io.milvus.cdc.task;

/**
 * Names of the metrics by which a running job tells how far it is. They are registered on the
 * metric group of the target writer's operator if nothing else is said (Flink REST shows each as
 * {@code <operator>.<name>}). One that is counted by kind or by cause is in a group of its own for
 * each ({@code <operator>.<key>.<value>.<name>}), which reporters show as a label.
 *
 * <p>Counts begin at zero with every start of the job.
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

  /** Key of the groups of what is counted by kind. */
  public static final String KIND = "kind";

  /** Key of the groups of what is counted by cause. */
  public static final String CAUSE = "cause";

  /**
   * Counter of each subtask of the log source: rows inserted and keys deleted by the messages that
   * were read, whether or not their collections are selected.
   */
  public static final String ROWS_READ = "cdcRowsRead";

  /** Counter of each subtask of the log source, bytes: payloads of those messages. */
  public static final String BYTES_READ = "cdcBytesRead";

  /** Counter: rows acknowledged by the target as inserted or upserted. */
  public static final String ROWS_INSERTED = "cdcRowsInserted";

  /** Counter: primary keys acknowledged by the target as deleted. */
  public static final String ROWS_DELETED = "cdcRowsDeleted";

  /** Counter: operations on databases, collections, partitions, indexes and load states applied. */
  public static final String DDL_APPLIED = "cdcDdlApplied";

  /**
   * Counter, bytes: payloads of the log's messages whose rows and keys the target has acknowledged.
   */
  public static final String BYTES_WRITTEN = "cdcBytesWritten";

  /**
   * Counters by {@link #KIND}: calls acknowledged by the target that {@code insert}, {@code upsert}
   * or {@code delete} rows, and operations on objects ({@code ddl}, as {@link #DDL_APPLIED}).
   */
  public static final String OPERATIONS = "cdcOperations";

  /**
   * Histogram, microseconds: how long the last calls that write rows took, however they ended; its
   * count is of all of them.
   */
  public static final String CALL_MICROS = "cdcCallMicros";

  /** Histogram: rows or keys in each of the last calls acknowledged; its count is of all. */
  public static final String ROWS_PER_CALL = "cdcRowsPerCall";

  /** Gauge: calls of any kind that the target has not answered yet. */
  public static final String CALLS_IN_FLIGHT = "cdcCallsInFlight";

  /**
   * Counters by {@link #CAUSE} of each subtask of the replicator: log messages skipped because
   * their collection or partition is {@code gone}, the collection is {@code not_selected}, or they
   * are {@code before_start}.
   */
  public static final String MESSAGES_SKIPPED = "cdcMessagesSkipped";

  /**
   * Counters by {@link #CAUSE}: steps on the target that were repeated, because the target as a
   * whole did not work ({@code outage}), did not do this one ({@code transient}), did not find what
   * it was about ({@code not_found}), refused the credentials ({@code unauthorized}), or because
   * another collection still had the name that is wanted ({@code lacking}).
   */
  public static final String RETRIES = "cdcRetries";

  /** Counter: collections stopped by an error that repeating does not cure. */
  public static final String COLLECTIONS_STOPPED = "cdcCollectionsStopped";

  /** Gauge, text: what was written by collection, see {@link CollectionTraffic}. */
  public static final String COLLECTION_TRAFFIC = "cdcCollectionTraffic";

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
