package io.milvus.cdc.server.tasks;

import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.TaskDefinition;
import java.util.Optional;

/** Where definitions and start positions are written for the jobs to read. */
public interface TaskDefinitions {

  /** Writes a task's definition and start positions; the same ones again change nothing. */
  void write(TaskDefinition definition, StartPositions startPositions);

  /** The definition of a task, or empty when there is no such task. */
  Optional<TaskDefinition> definition(String taskId);

  /** Removes a task's definition and start positions; nothing to remove is success. */
  void delete(String taskId);
}
