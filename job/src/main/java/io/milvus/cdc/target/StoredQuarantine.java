package io.milvus.cdc.target;

import com.google.protobuf.ByteString;
import io.milvus.cdc.event.DeadLetter;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.TaskStore;
import io.milvus.cdc.task.TaskStoreFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what is left out to the dead letters, then notes it in the task store. What was noted by an
 * earlier run is neither sent nor noted again.
 */
final class StoredQuarantine implements Quarantine {

  private static final Logger LOG = LoggerFactory.getLogger(StoredQuarantine.class);

  /** Of one collection. */
  static final int MOST_MESSAGES = 100;

  private final String taskId;
  private final TaskStoreFactory stores;
  private final DeadLetters letters;
  private final Clock clock;
  private final Runnable counter;

  /** Positions by collection. */
  private final Map<Long, Set<String>> kept = new HashMap<>();

  /**
   * Reads what is kept already.
   *
   * @param counter runs once for each message that is left out
   */
  StoredQuarantine(
      String taskId, TaskStoreFactory stores, DeadLetters letters, Clock clock, Runnable counter) {
    this.taskId = taskId;
    this.stores = stores;
    this.letters = letters;
    this.clock = clock;
    this.counter = counter;
    try (TaskStore store = stores.open()) {
      store
          .quarantined(taskId)
          .forEach(message -> positions(message.collectionId()).add(message.position()));
    }
  }

  private Set<String> positions(long collectionId) {
    return kept.computeIfAbsent(collectionId, id -> new HashSet<>());
  }

  @Override
  public synchronized boolean put(Poison poison) throws TargetException {
    QuarantinedMessage message = message(poison);
    Set<String> positions = positions(poison.collectionId());
    if (positions.contains(message.position())) {
      return true;
    }
    if (positions.size() >= MOST_MESSAGES) {
      return false;
    }
    send(poison, message);
    try (TaskStore store = stores.open()) {
      store.quarantine(taskId, message);
    } catch (UncheckedIOException e) {
      throw notKept("the task store does not answer: " + e.getMessage(), message, e);
    }
    positions.add(message.position());
    counter.run();
    LOG.warn(
        "Message quarantined, the collection goes on without it: for=\"{}\" message={} reason=\"{}\"",
        poison.collection(),
        message.position(),
        poison.reason());
    return true;
  }

  /** A message that may have been any collection's is sent for the first of them. */
  private void send(Poison poison, QuarantinedMessage message) throws TargetException {
    if (kept.values().stream().anyMatch(positions -> positions.contains(message.position()))) {
      return;
    }
    Optional<ByteString> payload =
        poison.event() instanceof LogMessage read ? Optional.of(read.payload()) : Optional.empty();
    try {
      letters.send(
          new DeadLetter(
              message.pchannel(),
              message.ledgerId(),
              message.entryId(),
              payload,
              message.collectionId(),
              message.collection(),
              message.reason()));
    } catch (IOException e) {
      throw notKept("the dead letter topic does not take it: " + e.getMessage(), message, e);
    }
  }

  private static TargetException notKept(String why, QuarantinedMessage message, Exception cause) {
    return new TargetException(
        TargetException.Kind.TRANSIENT,
        "message %s is to be quarantined (%s), and %s"
            .formatted(message.position(), message.reason(), why),
        cause);
  }

  private QuarantinedMessage message(Poison poison) {
    if (poison.event() instanceof LogMessage message) {
      LogMessageHeader header = message.header();
      return message(
          poison, header.pchannel(), header.ledgerId(), header.entryId(), header.timestamp());
    }
    if (poison.event() instanceof CollectionStopped stopped) {
      return message(poison, stopped.pchannel(), stopped.ledgerId(), stopped.entryId(), 0);
    }
    throw new IllegalArgumentException("no message: " + poison.event());
  }

  private QuarantinedMessage message(
      Poison poison, String pchannel, long ledgerId, long entryId, long timestamp) {
    return new QuarantinedMessage(
        QuarantinedMessage.VERSION,
        poison.collectionId(),
        poison.collection(),
        poison.name(),
        pchannel,
        ledgerId,
        entryId,
        timestamp,
        poison.reason(),
        clock.instant());
  }

  @Override
  public synchronized void forget(long collectionId) {
    if (kept.containsKey(collectionId)) {
      try (TaskStore store = stores.open()) {
        store.forgetQuarantined(taskId, collectionId);
      }
      kept.remove(collectionId);
    }
  }

  @Override
  public void close() {
    letters.close();
  }
}
