package io.milvus.cdc.task;

import java.util.Optional;

/**
 * The part of the task store that a job reads: definitions and start positions. It lives in etcd
 * below a root path of its own.
 *
 * <p>Layout, version 1: {@code <root>/v1/tasks/<task_id>/definition} holds a {@link TaskDefinition}
 * as JSON, {@code <root>/v1/tasks/<task_id>/positions/<pchannel>} one {@link
 * StartPositions.TopicStart} as JSON. The control server keeps what changes during a task's life
 * beside them.
 */
public interface TaskStore extends AutoCloseable {

  /** The definition of a task, or empty when there is no such task. */
  Optional<TaskDefinition> definition(String taskId);

  /** The start positions of a task; empty topics when there is no such task. */
  StartPositions startPositions(String taskId);

  @Override
  void close();
}
