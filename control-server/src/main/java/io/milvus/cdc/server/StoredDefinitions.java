package io.milvus.cdc.server;

import io.milvus.cdc.server.tasks.TaskDefinitions;
import io.milvus.cdc.server.tasks.TaskException;
import io.milvus.cdc.server.tasks.TaskException.Kind;
import io.milvus.cdc.task.EtcdTaskStore;
import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.UnreadableTaskException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** The job's own task store, as the place that definitions are written to. */
record StoredDefinitions(EtcdTaskStore store) implements TaskDefinitions {

  @Override
  public void write(TaskDefinition definition, StartPositions startPositions) {
    if (!call(() -> store.write(definition, startPositions))) {
      throw new TaskException(
          Kind.CONFLICT, "task_id '" + definition.taskId() + "' is taken; use another id");
    }
  }

  @Override
  public Optional<TaskDefinition> definition(String taskId) {
    return call(() -> store.definition(taskId));
  }

  @Override
  public List<StoppedCollection> stopped(String taskId) {
    return call(() -> store.stopped(taskId));
  }

  @Override
  public void skipUnreadable(String taskId) {
    run(
        () -> {
          for (StoppedCollection stopped : store.stopped(taskId)) {
            store.changeStopped(
                taskId,
                stopped.collectionId(),
                current -> current.map(StoppedCollection::skippingUnreadable));
          }
        });
  }

  @Override
  public List<QuarantinedMessage> quarantined(String taskId) {
    return call(() -> store.quarantined(taskId));
  }

  @Override
  public void putBackQuarantined(String taskId) {
    run(() -> store.putBackQuarantined(taskId));
  }

  private static void run(Runnable change) {
    Optional<Void> unused =
        call(
            () -> {
              change.run();
              return Optional.empty();
            });
  }

  private static <T> T call(Supplier<T> call) {
    try {
      return call.get();
    } catch (UncheckedIOException e) {
      throw new TaskException(Kind.STORE_UNAVAILABLE, e.getMessage(), e);
    } catch (UnreadableTaskException e) {
      throw new TaskException.Unreadable(e.getMessage(), e);
    }
  }
}
