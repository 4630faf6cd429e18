package io.milvus.cdc.target;

import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** What one task keeps; fails as often as it is told. */
public final class InMemoryTaskStore implements TaskStore {

  /** The only task. */
  static final String TASK = "t1";

  private final Map<Long, StoppedCollection> stopped = new TreeMap<>();
  private final Map<String, QuarantinedMessage> quarantined = new TreeMap<>();
  private int failures;

  /** The part of it that keeps stopped collections. */
  StopStore stops() {
    return StopStore.in(() -> this, TASK);
  }

  synchronized void failNext(int times) {
    failures = times;
  }

  private void fail() {
    if (failures > 0) {
      failures--;
      throw new UncheckedIOException(new IOException("the store is away"));
    }
  }

  @Override
  public Optional<TaskDefinition> definition(String taskId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public StartPositions startPositions(String taskId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void addStart(String taskId, String pchannel, StartPositions.TopicStart start) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void watchStarts(String taskId, StartsListener listener) {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean isFirstReading(String taskId, String pchannel, String start) {
    throw new UnsupportedOperationException();
  }

  @Override
  public synchronized List<StoppedCollection> stopped(String taskId) {
    return List.copyOf(stopped.values());
  }

  @Override
  public synchronized void changeStopped(
      String taskId, long collectionId, UnaryOperator<Optional<StoppedCollection>> change) {
    fail();
    stopped.compute(
        collectionId, (id, before) -> change.apply(Optional.ofNullable(before)).orElse(null));
  }

  @Override
  public Set<String> databases(String taskId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void noteDatabase(String taskId, String name) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void forgetDatabase(String taskId, String name) {
    throw new UnsupportedOperationException();
  }

  @Override
  public synchronized List<QuarantinedMessage> quarantined(String taskId) {
    return List.copyOf(quarantined.values());
  }

  @Override
  public synchronized void quarantine(String taskId, QuarantinedMessage message) {
    fail();
    quarantined.putIfAbsent(message.collectionId() + "/" + message.position(), message);
  }

  @Override
  public synchronized void forgetQuarantined(String taskId, long collectionId) {
    fail();
    quarantined.values().removeIf(message -> message.collectionId() == collectionId);
  }

  @Override
  public void close() {}
}
