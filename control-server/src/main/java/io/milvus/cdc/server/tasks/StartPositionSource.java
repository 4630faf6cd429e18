package io.milvus.cdc.server.tasks;

import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions;

/** Reads from the source where a new task has to start. */
@FunctionalInterface
public interface StartPositionSource {

  /**
   * Where a task with this selection starts if it is created now.
   *
   * @throws RuntimeException when the source cannot be read; its message names what cannot
   */
  StartPositions read(SourceCluster source, Selection selection);
}
