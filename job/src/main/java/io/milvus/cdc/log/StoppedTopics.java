package io.milvus.cdc.log;

import io.milvus.cdc.task.LogContext;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TaskStore;
import io.milvus.cdc.task.TaskStoreFactory;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the task store says of stopped collections, as far as the reading of topics goes. */
final class StoppedTopics implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StoppedTopics.class);

  private static final long RETRY_MILLIS = 1_000;

  private final String taskId;
  private final TaskStoreFactory storeFactory;
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(LogContext.current().threads("log-stopped-collections"));

  /**
   * Before anything of this run was emitted: what it stops itself is nothing to make up for yet.
   */
  private Optional<List<StoppedCollection>> ofEarlierRuns = Optional.empty();

  StoppedTopics(String taskId, TaskStoreFactory storeFactory) {
    this.taskId = taskId;
    this.storeFactory = storeFactory;
  }

  /** Takes note of what earlier runs have stopped, once; waits for the task store. */
  List<StoppedCollection> ofEarlierRuns() {
    ofEarlierRuns = ofEarlierRuns.or(() -> Optional.of(read()));
    return ofEarlierRuns.orElseThrow();
  }

  /** Sets topics back to where collections left them that earlier runs have stopped. */
  List<TopicSplit> setBack(List<TopicSplit> splits) {
    List<StoppedCollection> stopped = ofEarlierRuns();
    return splits.stream().map(split -> Revisit.begin(split, stopped)).toList();
  }

  private List<StoppedCollection> read() {
    boolean waiting = false;
    while (true) {
      try (TaskStore store = storeFactory.open()) {
        return store.stopped(taskId);
      } catch (UncheckedIOException e) {
        if (!waiting) {
          LOG.warn("The task store does not answer, it is asked until it does", e);
        }
        waiting = true;
        pause(e);
      }
    }
  }

  private static void pause(UncheckedIOException cause) {
    try {
      TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw cause;
    }
  }

  /**
   * Takes note, soon, that topics were read for stopped collections as far as these lack them. Left
   * out when the store is away: the topics' state says the same.
   */
  void forget(List<TopicSplit> done) {
    try {
      writer.execute(() -> write(done));
    } catch (RejectedExecutionException e) {
      LOG.debug("Closed before the task store was told what is made up for");
    }
  }

  private void write(List<TopicSplit> done) {
    try (TaskStore store = storeFactory.open()) {
      for (StoppedCollection stopped : store.stopped(taskId)) {
        for (TopicSplit split : done) {
          if (isDone(stopped, split)) {
            store.changeStopped(
                taskId,
                stopped.collectionId(),
                current ->
                    current.flatMap(
                        kept ->
                            isDone(kept, split)
                                ? kept.without(split.pchannel())
                                : Optional.of(kept)));
          }
        }
      }
    } catch (UncheckedIOException e) {
      LOG.debug("The task store could not be told what is made up for", e);
    }
  }

  private static boolean isDone(StoppedCollection stopped, TopicSplit split) {
    return split.revisit().done().contains(stopped.stopId())
        && stopped.topics().containsKey(split.pchannel());
  }

  @Override
  public void close() {
    writer.shutdown();
  }
}
