package io.milvus.cdc.target;

import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TaskStore;
import io.milvus.cdc.task.TaskStoreFactory;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Where the stopped collections of one task are kept. */
interface StopStore {

  /** All of them. */
  List<StoppedCollection> read();

  /** Changes one; see {@link TaskStore#changeStopped}. */
  void change(long collectionId, UnaryOperator<Optional<StoppedCollection>> change);

  /** The part of the task store that belongs to a task, opened when it is used. */
  static StopStore in(TaskStoreFactory stores, String taskId) {
    return new StopStore() {
      @Override
      public List<StoppedCollection> read() {
        try (TaskStore store = stores.open()) {
          return store.stopped(taskId);
        }
      }

      @Override
      public void change(long collectionId, UnaryOperator<Optional<StoppedCollection>> change) {
        try (TaskStore store = stores.open()) {
          store.changeStopped(taskId, collectionId, change);
        }
      }
    };
  }
}
