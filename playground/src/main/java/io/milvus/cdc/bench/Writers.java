package io.milvus.cdc.bench;

import io.milvus.cdc.playground.PlaygroundException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Several clients that write side by side. */
final class Writers {

  private Writers() {}

  /**
   * Does the calls 0 to {@code calls - 1}, each once, {@code writers} at a time, in that order as
   * far as their beginnings go.
   *
   * @throws PlaygroundException when one fails
   */
  static void run(int writers, int calls, IntConsumer call) {
    AtomicInteger next = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        running.add(
            threads.submit(
                () -> {
                  for (int one = next.getAndIncrement();
                      one < calls;
                      one = next.getAndIncrement()) {
                    call.accept(one);
                  }
                }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    } catch (ExecutionException e) {
      throw new PlaygroundException("A writer failed: " + e.getCause().getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PlaygroundException("Interrupted", e);
    } finally {
      threads.shutdownNow();
    }
  }
}
