package io.milvus.cdc.target;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.StoppedCollection;
import java.util.Optional;

/**
 * Does the steps of a lane on the target. Every call may be repeated, and leads to the same result
 * whether or not an earlier try succeeded in whole or in part.
 */
interface LaneWork {

  /**
   * Applies an event that is not about rows.
   *
   * @return how many operations the target was asked for
   */
  int apply(SourceEvent event) throws TargetException;

  /**
   * What the newest metadata still lacks although it was applied, because it waits for another
   * collection: applying it again may supply it. What follows need not wait for it. Empty when
   * nothing.
   */
  default Optional<String> lacking() {
    return Optional.empty();
  }

  /**
   * Whether something of the newest metadata is still to be loaded, which applying it again may do.
   * Like the load itself, nothing waits for that.
   */
  default boolean isLoadPending() {
    return false;
  }

  /** Which collection of the source it is about; empty for others, or while that is not known. */
  default Optional<StoppedCollection.Name> collection() {
    return Optional.empty();
  }

  /** An empty batch that fits the lane's rows. */
  RowBatch newBatch();

  /** Writes rows. */
  void write(RowBatch batch) throws TargetException;
}
