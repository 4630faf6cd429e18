package io.milvus.cdc.catalog;

import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.StartPositions.TopicStart;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskStore;
import io.milvus.cdc.task.TaskStoreAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/** What a {@link CatalogFeed} reads and writes in the task store. */
record StoredTask(String taskId, TaskStoreAddress address) implements CatalogFeed.TaskRecord {

  @Override
  public CatalogFeed.LoadedTask load() throws EtcdUnavailableException {
    return call(this::read);
  }

  private CatalogFeed.LoadedTask read(TaskStore store) {
    TaskDefinition definition =
        store
            .definition(taskId)
            .orElseThrow(
                () ->
                    new PermanentFailure(
                        "The task store at %s has no task %s: it was deleted; cancel this job"
                            .formatted(address, taskId)));
    return new CatalogFeed.LoadedTask(
        definition, store.startPositions(taskId), store.databases(taskId));
  }

  @Override
  public void addStart(String pchannel, TopicStart start) throws EtcdUnavailableException {
    change(store -> store.addStart(taskId, pchannel, start));
  }

  @Override
  public void note(String database) throws EtcdUnavailableException {
    change(store -> store.noteDatabase(taskId, database));
  }

  @Override
  public void forget(String database) throws EtcdUnavailableException {
    change(store -> store.forgetDatabase(taskId, database));
  }

  private void change(Consumer<TaskStore> change) throws EtcdUnavailableException {
    Optional<Void> unused =
        call(
            store -> {
              change.accept(store);
              return Optional.empty();
            });
  }

  private <T> T call(Function<TaskStore, T> call) throws EtcdUnavailableException {
    try (TaskStore store = address.open()) {
      return call.apply(store);
    } catch (UncheckedIOException e) {
      IOException cause = e.getCause();
      if (cause instanceof EtcdUnavailableException unavailable) {
        throw unavailable;
      }
      throw e;
    }
  }
}
