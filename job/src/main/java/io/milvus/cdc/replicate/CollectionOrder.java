package io.milvus.cdc.replicate;

import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * Holds the log messages of one collection until their order is certain.
 *
 * <p>Promise: messages come out by timestamp over all shards; at one timestamp deletes before
 * inserts (a delete at T removes what is older than T, so a source's upsert, whose insert is
 * published first, means "delete, then insert"); messages that agree in both come out as they came
 * in. A message comes out no earlier than a time tick at or after its timestamp has been seen on
 * every topic that the collection has shards on, because only the tick says that nothing older is
 * still to come.
 */
final class CollectionOrder {

  /** A topic's messages come nearly in order, and a collection's are on few topics. */
  private static final int MOST_RUNS = 4;

  /** What came in order; each message is in one that it fits to, or among the strays. */
  private final List<Deque<Waiting>> runs = new ArrayList<>(MOST_RUNS);

  private final PriorityQueue<Waiting> strays = new PriorityQueue<>();
  private long arrivals;

  /** Has what it is compared by at hand: while a backlog is read, many messages wait. */
  private record Waiting(long timestamp, int rank, long arrival, LogMessage message)
      implements Comparable<Waiting> {

    @Override
    public int compareTo(Waiting other) {
      if (timestamp != other.timestamp) {
        return timestamp < other.timestamp ? -1 : 1;
      }
      return rank != other.rank
          ? Integer.compare(rank, other.rank)
          : Long.compare(arrival, other.arrival);
    }
  }

  private static int rank(Kind kind) {
    return switch (kind) {
      case CREATE_COLLECTION -> 0;
      case CREATE_PARTITION -> 1;
      case DELETE -> 2;
      case INSERT -> 3;
      case DROP_PARTITION -> 4;
      case FLUSH -> 5;
      case DROP_COLLECTION -> 6;
    };
  }

  /** Takes a message in. */
  void add(LogMessage message) {
    LogMessageHeader header = message.header();
    Waiting added = new Waiting(header.timestamp(), rank(header.kind()), arrivals++, message);
    for (Deque<Waiting> run : runs) {
      if (run.isEmpty() || run.getLast().compareTo(added) < 0) {
        run.add(added);
        return;
      }
    }
    if (runs.size() < MOST_RUNS) {
      Deque<Waiting> run = new ArrayDeque<>();
      run.add(added);
      runs.add(run);
    } else {
      strays.add(added);
    }
  }

  /** The messages that the next one is first of; empty when nothing waits. */
  private Queue<Waiting> next() {
    Queue<Waiting> next = strays;
    Waiting first = strays.peek();
    for (Deque<Waiting> run : runs) {
      Waiting firstOfRun = run.peek();
      if (firstOfRun != null && (first == null || firstOfRun.compareTo(first) < 0)) {
        next = run;
        first = firstOfRun;
      }
    }
    return next;
  }

  /** Whether nothing waits. */
  boolean isEmpty() {
    return next().isEmpty();
  }

  /**
   * The timestamp (TSO) of the oldest message that waits.
   *
   * @throws java.util.NoSuchElementException when nothing waits
   */
  long oldest() {
    return next().element().timestamp;
  }

  /**
   * Hands out, in order, every message at or below a time.
   *
   * @param safeTime TSO up to which all topics of the collection have ticked
   */
  void release(long safeTime, Consumer<LogMessage> out) {
    for (Queue<Waiting> next = next();
        !next.isEmpty() && next.element().timestamp <= safeTime;
        next = next()) {
      out.accept(next.remove().message);
    }
  }

  /**
   * Everything that waits, in the order of its release, marked as possibly applied before: it will
   * be released after the snapshot that this list goes into.
   */
  List<LogMessage> snapshot() {
    List<Waiting> ordered = new ArrayList<>(strays);
    runs.forEach(ordered::addAll);
    Collections.sort(ordered);
    List<LogMessage> messages = new ArrayList<>(ordered.size());
    for (Waiting each : ordered) {
      LogMessageHeader header = each.message.header().asMaybeApplied();
      messages.add(new LogMessage(header, each.message.payload()));
    }
    return messages;
  }
}
