package io.milvus.cdc.catalog;

import io.milvus.cdc.event.SourceEvent;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Hands events from the thread that watches etcd to Flink's thread, which never blocks. Holds at
 * most {@value #CAPACITY} of them.
 */
final class EventQueue {

  static final int CAPACITY = 1_000;

  private final ArrayDeque<SourceEvent> events = new ArrayDeque<>();
  private CompletableFuture<Void> available = new CompletableFuture<>();
  private Optional<Supplier<RuntimeException>> failure = Optional.empty();

  /** Appends an event, as soon as there is room. */
  synchronized void put(SourceEvent event) throws InterruptedException {
    while (events.size() >= CAPACITY) {
      wait();
    }
    events.add(event);
    available.complete(null);
  }

  /** Ends the queue: after the events that it holds, {@link #poll} throws this. */
  synchronized void fail(RuntimeException cause) {
    fail(() -> cause);
  }

  /** The same with what is thrown as it is. */
  synchronized void fail(Error cause) {
    fail(
        () -> {
          throw cause;
        });
  }

  private void fail(Supplier<RuntimeException> cause) {
    failure = Optional.of(cause);
    available.complete(null);
  }

  /** The next event, if there is one; does not wait. */
  synchronized Optional<SourceEvent> poll() {
    SourceEvent event = events.poll();
    if (event == null) {
      if (failure.isPresent()) {
        throw failure.get().get();
      }
      if (available.isDone()) {
        available = new CompletableFuture<>();
      }
      return Optional.empty();
    }
    notifyAll();
    return Optional.of(event);
  }

  /** Done as soon as {@link #poll} has something to tell. */
  synchronized CompletableFuture<Void> available() {
    return available;
  }

  /** Whether {@link #poll} would return an event. */
  synchronized boolean hasEvent() {
    return !events.isEmpty();
  }
}
