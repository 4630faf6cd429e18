package io.milvus.cdc.target;

import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.StoppedCollection.FirstMessage;
import io.milvus.cdc.task.StoppedCollection.UnreadableMessage;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The collections that this run has stopped, and what of them is not applied. Told to a store, from
 * where the next start of the job goes on with them. Safe for use by many threads.
 */
final class Stops {

  private static final Logger LOG = LoggerFactory.getLogger(Stops.class);

  /** In place of a sequence, where all that was asked for is applied. */
  static final long HOLDS_NOTHING_BACK = Long.MAX_VALUE;

  private final StopStore store;
  private final Clock clock;
  private final Map<Long, Stop> stops = new HashMap<>();

  /** One writes at a time, so that whoever has written knows that nothing is on its way. */
  private final Lock writing = new ReentrantLock();

  /** Collections that an earlier run has stopped. */
  private final Set<Long> earlier = new HashSet<>();

  /** Those of them that lack no message: they were stopped before the first one. */
  private final Set<Long> lackingNothing = new HashSet<>();

  private final Set<Long> seen = new HashSet<>();
  private final Set<Long> obsolete = new HashSet<>();

  private static final class Stop {
    final String collection;
    final Optional<StoppedCollection.Name> name;
    final String reason;
    final Instant since;
    final String stopId = UUID.randomUUID().toString();
    final long sequence;
    final Map<String, FirstMessage> topics = new TreeMap<>();
    final List<UnreadableMessage> unreadable = new ArrayList<>();
    boolean fromUnknown;
    long fromTimestamp = Long.MAX_VALUE;
    boolean unwritten = true;

    Stop(
        String collection,
        Optional<StoppedCollection.Name> name,
        String reason,
        Instant since,
        long sequence) {
      this.collection = collection;
      this.name = name;
      this.reason = reason;
      this.since = since;
      this.sequence = sequence;
    }

    void lacks(SourceEvent event) {
      if (event instanceof LogMessage message) {
        LogMessageHeader header = message.header();
        if (header.kind() == LogMessageHeader.Kind.FLUSH) {
          return; // Its topic is not the collection's, and without it no row is missing.
        }
        lacks(header.pchannel(), new FirstMessage(header.ledgerId(), header.entryId()));
        if (header.timestamp() < fromTimestamp) {
          fromTimestamp = header.timestamp();
          unwritten = true;
        }
      } else if (event instanceof CollectionStopped stopped
          && !stopped.pchannel().equals(CollectionStopped.NO_MESSAGE)) {
        lacks(stopped.pchannel(), new FirstMessage(stopped.ledgerId(), stopped.entryId()));
        fromUnknown = true;
        if (stopped.isOneMessage() && unreadable.size() < StoppedCollection.MOST_UNREADABLE) {
          unreadable.add(
              new UnreadableMessage(
                  stopped.pchannel(), stopped.ledgerId(), stopped.entryId(), false));
          unwritten = true;
        }
      }
    }

    /** The time of a message that cannot be read is not known, so it may be any. */
    private long knownFrom() {
      return fromTimestamp == Long.MAX_VALUE || fromUnknown ? 0 : fromTimestamp;
    }

    private void lacks(String pchannel, FirstMessage message) {
      FirstMessage before = topics.get(pchannel);
      FirstMessage first = before == null ? message : before.orEarlier(message);
      if (!first.equals(before)) {
        topics.put(pchannel, first);
        unwritten = true;
      }
    }

    StoppedCollection toStore(long collectionId) {
      return new StoppedCollection(
          StoppedCollection.VERSION,
          collectionId,
          collection,
          name,
          reason,
          since,
          stopId,
          knownFrom(),
          topics,
          unreadable);
    }
  }

  Stops(StopStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
    for (StoppedCollection stopped : store.read()) {
      earlier.add(stopped.collectionId());
      if (stopped.topics().isEmpty()) {
        lackingNothing.add(stopped.collectionId());
      }
    }
  }

  /**
   * Stops a collection.
   *
   * @param collection what it is, for people
   * @param name its names on the source, if they are known
   * @param reason what happened and what to do, for people
   * @param sequence that of the first event that is not applied, or {@link #HOLDS_NOTHING_BACK}
   * @param lacking what is not applied
   */
  synchronized void stop(
      long collectionId,
      String collection,
      Optional<StoppedCollection.Name> name,
      String reason,
      long sequence,
      List<SourceEvent> lacking) {
    Stop stop = new Stop(collection, name, reason, clock.instant(), sequence);
    lacking.forEach(stop::lacks);
    stops.put(collectionId, stop);
    lackingNothing.remove(collectionId);
  }

  /** Takes note of an event that is not applied, if its collection is stopped. */
  synchronized boolean holdsBack(long collectionId, SourceEvent event) {
    Stop stop = stops.get(collectionId);
    if (stop != null) {
      stop.lacks(event);
    }
    return stop != null;
  }

  /** A collection exists. */
  synchronized void seen(long collectionId) {
    if (lackingNothing.contains(collectionId)) {
      seen.add(collectionId);
    }
  }

  /** A collection does not exist any more. */
  synchronized void gone(long collectionId) {
    boolean stopped = stops.remove(collectionId) != null;
    if (earlier.remove(collectionId) || stopped) {
      obsolete.add(collectionId);
    }
    lackingNothing.remove(collectionId);
  }

  /** All that was submitted is applied, but for what is stopped. */
  synchronized void allElseApplied() {
    seen.retainAll(lackingNothing);
    obsolete.addAll(seen);
    lackingNothing.removeAll(seen);
    seen.clear();
  }

  /** The sequence of the first event that is not applied; the largest number when all are. */
  synchronized long oldest() {
    return stops.values().stream()
        .mapToLong(stop -> stop.sequence)
        .min()
        .orElse(HOLDS_NOTHING_BACK);
  }

  /** How many stopped collections hold back the task, with the reason of one, for people. */
  synchronized Optional<String> summary() {
    List<Stop> holding =
        stops.values().stream().filter(stop -> stop.sequence != HOLDS_NOTHING_BACK).toList();
    return holding.stream()
        .min(Comparator.comparing(stop -> stop.since))
        .map(
            first ->
                (holding.size() == 1 ? "stopped: " : holding.size() + " collections are stopped: ")
                    + first.collection
                    + ": "
                    + first.reason);
  }

  /**
   * Tells the store what it does not know yet; when this returns it knows all.
   *
   * @throws UncheckedIOException when it does not answer; to be repeated
   */
  void write() {
    writing.lock();
    try {
      for (Map.Entry<Long, Stop> entry : unwritten().entrySet()) {
        write(entry.getKey(), entry.getValue());
      }
      for (long collectionId : obsolete()) {
        store.change(collectionId, before -> Optional.empty());
        synchronized (this) {
          obsolete.remove(collectionId);
        }
      }
    } finally {
      writing.unlock();
    }
  }

  private void write(long collectionId, Stop stop) {
    StoppedCollection stopped;
    synchronized (this) {
      stop.unwritten = false;
      stopped = stop.toStore(collectionId);
    }
    try {
      store.change(
          collectionId, before -> Optional.of(before.map(stopped::goingBackFor).orElse(stopped)));
    } catch (RuntimeException e) {
      synchronized (this) {
        stop.unwritten = true;
      }
      throw e;
    }
  }

  private synchronized Map<Long, Stop> unwritten() {
    Map<Long, Stop> unwritten = new TreeMap<>(stops);
    unwritten.values().removeIf(stop -> !stop.unwritten);
    return unwritten;
  }

  private synchronized List<Long> obsolete() {
    return new ArrayList<>(obsolete);
  }

  /** As {@link #write}, but what fails is left to the next time. */
  void writeSoon() {
    try {
      write();
    } catch (UncheckedIOException e) {
      LOG.warn("A stopped collection cannot be noted in the task store yet", e);
    }
  }
}
