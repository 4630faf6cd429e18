package io.milvus.cdc.target;

import io.milvus.cdc.task.StoppedCollection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** A store that fails as often as it is told. */
final class InMemoryStopStore implements StopStore {

  private final Map<Long, StoppedCollection> stopped = new TreeMap<>();
  private int failures;

  @Override
  public synchronized List<StoppedCollection> read() {
    return List.copyOf(stopped.values());
  }

  @Override
  public synchronized void change(
      long collectionId, UnaryOperator<Optional<StoppedCollection>> change) {
    if (failures > 0) {
      failures--;
      throw new UncheckedIOException(new IOException("the store is away"));
    }
    stopped.compute(
        collectionId, (id, before) -> change.apply(Optional.ofNullable(before)).orElse(null));
  }

  synchronized void failNext(int times) {
    failures = times;
  }
}
