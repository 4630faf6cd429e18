package io.milvus.cdc.catalog;

import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskStore;
import io.milvus.cdc.task.TaskStoreAddress;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Loads the task of a {@link CatalogFeed} from the task store. */
record StoredTask(String taskId, TaskStoreAddress address) implements CatalogFeed.TaskLoader {

  @Override
  public CatalogFeed.LoadedTask load() throws EtcdUnavailableException {
    try (TaskStore store = address.open()) {
      TaskDefinition definition =
          store
              .definition(taskId)
              .orElseThrow(
                  () ->
                      new PermanentFailure(
                          "The task store at %s has no task %s: it was deleted; cancel this job"
                              .formatted(address, taskId)));
      return new CatalogFeed.LoadedTask(definition, store.startPositions(taskId));
    } catch (UncheckedIOException e) {
      IOException cause = e.getCause();
      if (cause instanceof EtcdUnavailableException unavailable) {
        throw unavailable;
      }
      throw e;
    }
  }
}
