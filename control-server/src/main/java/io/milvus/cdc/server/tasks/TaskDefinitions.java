package io.milvus.cdc.server.tasks;

import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TaskDefinition;
import java.util.List;
import java.util.Optional;

/**
 * Where definitions and start positions are written for the jobs to read, and where these write
 * which collections they had to stop and which messages they left out.
 */
public interface TaskDefinitions {

  /** Writes a task's definition and start positions; the same ones again change nothing. */
  void write(TaskDefinition definition, StartPositions startPositions);

  /**
   * The definition of a task, or empty when there is no such task.
   *
   * @throws TaskException.Unreadable when it is damaged, or sealed with a key that is not here
   */
  Optional<TaskDefinition> definition(String taskId);

  /**
   * The collections that a task's job has stopped, in no order; none when there is no such task.
   */
  List<StoppedCollection> stopped(String taskId);

  /** Lets a task's job, when it starts next, go on without the messages that it could not read. */
  void skipUnreadable(String taskId);

  /** The messages that a task's job has left out, in no order; none when there is no such task. */
  List<QuarantinedMessage> quarantined(String taskId);

  /**
   * Lets a task's job, when it starts next, read each collection again from the first message on
   * that was left out.
   */
  void putBackQuarantined(String taskId);
}
