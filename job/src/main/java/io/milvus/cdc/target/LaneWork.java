package io.milvus.cdc.target;

import io.milvus.cdc.event.SourceEvent;

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

  /** An empty batch that fits the lane's rows. */
  RowBatch newBatch();

  /** Writes rows. */
  void write(RowBatch batch) throws TargetException;
}
