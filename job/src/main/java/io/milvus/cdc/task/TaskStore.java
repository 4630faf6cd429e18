package io.milvus.cdc.task;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The part of the task store that a job uses: definitions, start positions, the collections that it
 * had to stop, the messages that it left out, and the databases that it has created. It lives in
 * etcd below a root path of its own.
 *
 * <p>Layout, version 1: {@code <root>/v1/tasks/<task_id>/definition} holds a {@link TaskDefinition}
 * as JSON, {@code <root>/v1/tasks/<task_id>/positions/<pchannel>} one {@link
 * StartPositions.TopicStart} as JSON, {@code <root>/v1/tasks/<task_id>/stopped/<collection_id>} a
 * {@link StoppedCollection} as JSON, {@code
 * <root>/v1/tasks/<task_id>/quarantined/<collection_id>/<pchannel>:<ledger>:<entry>} a {@link
 * QuarantinedMessage} as JSON, {@code <root>/v1/tasks/<task_id>/databases/<name>} the version of
 * this entry, {@code <root>/v1/tasks/<task_id>/readings/<pchannel>} a version and a start's name.
 * The control server keeps what changes during a task's life beside them.
 */
public interface TaskStore extends AutoCloseable {

  /** The definition of a task, or empty when there is no such task. */
  Optional<TaskDefinition> definition(String taskId);

  /** The start positions of a task; empty topics when there is no such task. */
  StartPositions startPositions(String taskId);

  /** Adds a topic to the start positions of a task; one that is there stays as it is. */
  void addStart(String taskId, String pchannel, StartPositions.TopicStart start);

  /** Told of a task's start positions, on a thread that must not be blocked. */
  interface StartsListener {

    /** A topic was added. */
    void added();

    /** Nothing is told any more. May be told more than once. */
    void ended();
  }

  /**
   * Tells of topics that are added from now on to the start positions of a task, until the store is
   * closed.
   */
  void watchStarts(String taskId, StartsListener listener);

  /** The collections that a task has stopped, in no order. */
  List<StoppedCollection> stopped(String taskId);

  /**
   * Changes what is kept of one stopped collection, all at once: when somebody else changes it at
   * the same time, the change is computed anew.
   *
   * @param change gets what is there and returns what shall be there
   */
  void changeStopped(
      String taskId, long collectionId, UnaryOperator<Optional<StoppedCollection>> change);

  /** Names of the databases that a task may have created on its target and not dropped. */
  Set<String> databases(String taskId);

  /** Notes that a task is about to create a database on its target. */
  void noteDatabase(String taskId, String name);

  /** Forgets a database that a task has dropped. */
  void forgetDatabase(String taskId, String name);

  /**
   * Notes that a start of a task reads a topic.
   *
   * @param start its name, which no other start of the task has
   * @return whether this is the first time that this start does; of several who ask at the same
   *     time, one is told so
   */
  boolean isFirstReading(String taskId, String pchannel, String start);

  /** The messages that a task has left out, in no order. */
  List<QuarantinedMessage> quarantined(String taskId);

  /** Keeps a message that was left out; one that is kept already stays as it is. */
  void quarantine(String taskId, QuarantinedMessage message);

  /** Forgets the messages that were left out for a collection. */
  void forgetQuarantined(String taskId, long collectionId);

  @Override
  void close();
}
