package io.milvus.cdc.server.tasks;

import io.milvus.cdc.server.tasks.TaskException.Kind;
import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TaskDefinition;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Definitions in memory. */
public final class InMemoryDefinitions implements TaskDefinitions {

  private final Map<String, TaskDefinition> definitions = new ConcurrentHashMap<>();
  private final Map<String, List<StoppedCollection>> stopped = new ConcurrentHashMap<>();
  private final Map<String, List<QuarantinedMessage>> quarantined = new ConcurrentHashMap<>();
  private final Map<String, String> unreadable = new ConcurrentHashMap<>();
  private final Steps steps;

  public InMemoryDefinitions(Steps steps) {
    this.steps = steps;
  }

  @Override
  public void write(TaskDefinition definition, StartPositions startPositions) {
    steps.before("define");
    if (definitions.putIfAbsent(definition.taskId(), definition) != null) {
      throw new TaskException(Kind.CONFLICT, definition.taskId() + " is taken");
    }
    steps.after("define");
  }

  @Override
  public Optional<TaskDefinition> definition(String taskId) {
    steps.before("definition");
    steps.after("definition");
    if (unreadable.containsKey(taskId)) {
      throw new TaskException.Unreadable(unreadable.get(taskId), new IllegalStateException());
    }
    return Optional.ofNullable(definitions.get(taskId));
  }

  @Override
  public List<StoppedCollection> stopped(String taskId) {
    steps.before("stopped");
    steps.after("stopped");
    return List.copyOf(stopped.getOrDefault(taskId, List.of()));
  }

  @Override
  public void skipUnreadable(String taskId) {
    steps.before("skip");
    stopped.computeIfPresent(
        taskId,
        (id, all) ->
            new CopyOnWriteArrayList<>(
                all.stream().map(StoppedCollection::skippingUnreadable).toList()));
    steps.after("skip");
  }

  @Override
  public List<QuarantinedMessage> quarantined(String taskId) {
    steps.before("quarantined");
    steps.after("quarantined");
    return List.copyOf(quarantined.getOrDefault(taskId, List.of()));
  }

  @Override
  public void putBackQuarantined(String taskId) {
    steps.before("put back");
    quarantined.remove(taskId);
    steps.after("put back");
  }

  /** As a job does it. */
  public void quarantine(String taskId, QuarantinedMessage message) {
    quarantined.computeIfAbsent(taskId, id -> new CopyOnWriteArrayList<>()).add(message);
  }

  /** As a job does it. */
  public void stop(String taskId, StoppedCollection collection) {
    stopped.computeIfAbsent(taskId, id -> new CopyOnWriteArrayList<>()).add(collection);
  }

  /** As with another key than the one that sealed it. */
  public void makeUnreadable(String taskId, String reason) {
    unreadable.put(taskId, reason);
  }

  /** As with the right key again. */
  public void makeReadable(String taskId) {
    unreadable.remove(taskId);
  }

  /** What the life cycle store does together with its own removal. */
  void remove(String taskId) {
    definitions.remove(taskId);
    stopped.remove(taskId);
    quarantined.remove(taskId);
    unreadable.remove(taskId);
  }

  boolean isEmpty() {
    return definitions.isEmpty();
  }
}
