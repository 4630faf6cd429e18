package io.milvus.cdc.server.tasks;

import java.util.List;
import java.util.Optional;

/**
 * Keeps the life cycle records. A record is changed by replacing it on condition that it is still
 * the one that was read, so several servers can share a store. Every method throws {@link
 * TaskException} of kind {@link TaskException.Kind#STORE_UNAVAILABLE} when the store does not
 * answer.
 */
public interface LifecycleStore {

  /**
   * A record as it was read.
   *
   * @param lifecycle the record
   * @param revision changes with every change of the record
   */
  record Stored(Lifecycle lifecycle, long revision) {}

  /**
   * What the ids of its tasks' jobs begin with: twelve hexadecimal digits, by which they are told
   * from jobs of other stores on the same cluster.
   */
  String jobIdPrefix();

  /** All records, oldest task first. */
  List<Stored> all();

  /** One record, or empty when there is no such task. */
  Optional<Stored> find(String taskId);

  /** Adds a record; false when there is one for that task already. */
  boolean create(Lifecycle lifecycle);

  /** Replaces a record and returns the new one; empty when somebody else has changed it. */
  Optional<Stored> replace(Stored old, Lifecycle lifecycle);

  /**
   * Removes a record and, at the same moment, whatever else is kept of the task: its definition,
   * its start positions and what its jobs have noted.
   *
   * @return false when somebody else has changed the record; nothing is removed then
   */
  boolean delete(Stored old);
}
