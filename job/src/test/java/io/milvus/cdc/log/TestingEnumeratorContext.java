package io.milvus.cdc.log;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiConsumer;
import org.apache.flink.api.connector.source.ReaderInfo;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SplitsAssignment;
import org.apache.flink.metrics.groups.SplitEnumeratorMetricGroup;

/**
 * Flink's side of an enumerator, on the test's thread: what is asked for waits until the test lets
 * it run. Once closed it refuses everything, as Flink's does, which is closed before its
 * enumerator.
 */
final class TestingEnumeratorContext implements SplitEnumeratorContext<TopicSplit> {

  private final int parallelism;
  private final Map<Integer, ReaderInfo> readers = new HashMap<>();
  private final Map<String, Integer> owners = new HashMap<>();
  private final Map<String, TopicSplit> splits = new HashMap<>();
  private final Queue<Runnable> pending = new ArrayDeque<>();
  private Runnable periodic = () -> {};
  private int assignments;
  private boolean closed;

  TestingEnumeratorContext(int parallelism) {
    this.parallelism = parallelism;
  }

  void register(int subtask) {
    readers.put(subtask, new ReaderInfo(subtask, "here"));
  }

  /** Runs what waits, and what that asks for. */
  void runPending() {
    for (Runnable next = pending.poll(); next != null; next = pending.poll()) {
      next.run();
    }
  }

  /** Lets the interval of periodic calls pass. */
  void runPeriodic() {
    periodic.run();
    runPending();
  }

  /** Which reader has each topic. */
  Map<String, Integer> assigned() {
    return Map.copyOf(owners);
  }

  /** A topic as it was last given out. */
  TopicSplit split(String pchannel) {
    return splits.get(pchannel);
  }

  int assignments() {
    return assignments;
  }

  void close() {
    closed = true;
  }

  @Override
  public int currentParallelism() {
    return parallelism;
  }

  @Override
  public Map<Integer, ReaderInfo> registeredReaders() {
    return Map.copyOf(readers);
  }

  @Override
  public void assignSplits(SplitsAssignment<TopicSplit> assignment) {
    assignment
        .assignment()
        .forEach(
            (reader, topics) ->
                topics.forEach(
                    topic -> {
                      assignments++;
                      owners.put(topic.pchannel(), reader);
                      splits.put(topic.pchannel(), topic);
                    }));
  }

  @Override
  public <T> void callAsync(Callable<T> call, BiConsumer<T, Throwable> handler) {
    execute(() -> run(call, handler));
  }

  @Override
  public <T> void callAsync(
      Callable<T> call, BiConsumer<T, Throwable> handler, long delayMillis, long periodMillis) {
    periodic = () -> run(call, handler);
    execute(periodic);
  }

  @Override
  public void runInCoordinatorThread(Runnable runnable) {
    execute(runnable);
  }

  private void execute(Runnable runnable) {
    if (closed) {
      throw new RejectedExecutionException("closed");
    }
    pending.add(runnable);
  }

  private static <T> void run(Callable<T> call, BiConsumer<T, Throwable> handler) {
    T result;
    try {
      result = call.call();
    } catch (Exception e) {
      handler.accept(null, e);
      return;
    }
    handler.accept(result, null);
  }

  @Override
  public SplitEnumeratorMetricGroup metricGroup() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void sendEventToSourceReader(int subtaskId, SourceEvent event) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void signalNoMoreSplits(int subtask) {
    throw new UnsupportedOperationException();
  }
}
