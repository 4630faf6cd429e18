package io.milvus.cdc;

import io.milvus.cdc.log.StartPositionReader;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.task.EtcdTaskStore;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskStoreAddress;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A task in its store, from a playground's source to its target.
 *
 * @param taskId its id
 * @param store where it is
 */
record TestingDefinition(String taskId, TaskStoreAddress store) {

  /** Creates a task for everything that starts where the source is now. */
  static TestingDefinition write(Playground playground, int parallelism) throws IOException {
    return write(playground, Selection.everything(), parallelism);
  }

  /**
   * Creates a task for everything that starts where the source is now.
   *
   * @param targetPort of what stands before the target
   */
  static TestingDefinition through(int targetPort, Playground playground, int parallelism)
      throws IOException {
    return write(playground, targetPort, Selection.everything(), parallelism, false);
  }

  /** Creates a task that starts where the source is now. */
  static TestingDefinition write(Playground playground, Selection selection, int parallelism)
      throws IOException {
    return write(playground, playground.ports().targetMilvus(), selection, parallelism, false);
  }

  /** Creates a task that starts where the source is now and leaves out what cannot be applied. */
  static TestingDefinition quarantining(Playground playground, Selection selection, int parallelism)
      throws IOException {
    return write(playground, playground.ports().targetMilvus(), selection, parallelism, true);
  }

  private static TestingDefinition write(
      Playground playground,
      int targetPort,
      Selection selection,
      int parallelism,
      boolean quarantine)
      throws IOException {
    String taskId = UUID.randomUUID().toString().replace("-", "");
    SourceCluster source =
        new SourceCluster(
            List.of(playground.etcdEndpoint()),
            "by-dev",
            "meta",
            playground.pulsarServiceUrl(),
            playground.pulsarAdminUrl(),
            "public",
            "default",
            "by-dev");
    TaskDefinition definition =
        new TaskDefinition(
            TaskDefinition.VERSION,
            taskId,
            Instant.now(),
            source,
            new TargetCluster("127.0.0.1", targetPort, false, Optional.empty(), 10),
            selection,
            parallelism,
            quarantine);
    TaskStoreAddress store = new TaskStoreAddress(List.of(playground.etcdEndpoint()), "job-test");
    try (EtcdTaskStore opened = store.open()) {
      opened.write(definition, StartPositionReader.read(source, selection, RequestedStarts.none()));
    }
    return new TestingDefinition(taskId, store);
  }

  /** The collections that cannot be replicated. */
  List<StoppedCollection> stopped() throws IOException {
    try (EtcdTaskStore opened = store.open()) {
      return opened.stopped(taskId);
    }
  }
}
