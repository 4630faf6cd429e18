package io.milvus.cdc.log;

import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.StoppedCollection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What of a topic is read once more, for collections that an earlier run had to stop: a topic goes
 * back to the first message that one of them lacks, and up to where it had been read only what they
 * lack is emitted.
 *
 * @param until where the topic had been read to: behind it everything is emitted; empty when
 *     everything is
 * @param collections the collections that are not complete up to there
 * @param done ids of stops that are made up for on this topic and may still be in the task store
 * @param skipped messages that cannot be read and that somebody has asked to go on without; not
 *     kept in savepoints, because the task store says it at each start
 */
public record Revisit(
    Optional<Position> until, List<Again> collections, Set<String> done, Set<Position> skipped) {

  static final Revisit NONE = new Revisit(Optional.empty(), List.of(), Set.of());

  public Revisit {
    collections = List.copyOf(collections);
    done = Set.copyOf(done);
    skipped = Set.copyOf(skipped);
  }

  /** As it is kept in savepoints. */
  Revisit(Optional<Position> until, List<Again> collections, Set<String> done) {
    this(until, collections, done, Set.of());
  }

  /**
   * A collection that lacks messages.
   *
   * @param collectionId its id
   * @param stopId which stop this makes up for
   * @param from the first message that it lacks
   * @param notBefore TSO: what is older is applied
   */
  public record Again(long collectionId, String stopId, Position from, long notBefore) {

    boolean lacks(long collection, Position position, long timestamp) {
      return collectionId == collection && !from.isAfterEntry(position) && timestamp >= notBefore;
    }
  }

  /**
   * Where a topic is read from when a job starts.
   *
   * @param restored how far the topic was read
   * @param stopped the collections that the task has stopped
   */
  static TopicSplit begin(TopicSplit restored, List<StoppedCollection> stopped) {
    Revisit before = restored.revisit();
    Map<Long, Again> again = new LinkedHashMap<>();
    before.collections().forEach(each -> again.put(each.collectionId(), each));
    Set<String> known = new LinkedHashSet<>();
    Set<Position> skipped = new LinkedHashSet<>();
    for (StoppedCollection stop : stopped) {
      known.add(stop.stopId());
      stop.unreadable().stream()
          .filter(message -> message.skip() && message.pchannel().equals(restored.pchannel()))
          .forEach(message -> skipped.add(Position.of(message.ledgerId(), message.entryId())));
      StoppedCollection.FirstMessage first = stop.topics().get(restored.pchannel());
      if (first == null || before.done().contains(stop.stopId())) {
        continue;
      }
      Position from = Position.of(first.ledgerId(), first.entryId());
      Again unfinished = again.get(stop.collectionId());
      if (unfinished != null) {
        from = earlier(from, later(unfinished.from(), firstUnread(restored)));
      }
      again.put(
          stop.collectionId(),
          new Again(stop.collectionId(), stop.stopId(), from, stop.fromTimestamp()));
    }
    Set<String> done = new LinkedHashSet<>(before.done());
    done.retainAll(known);
    if (again.isEmpty()) {
      return restored.with(new Revisit(Optional.empty(), List.of(), done, skipped));
    }
    // What is not made up for yet goes on where it was; going further back is not for it.
    List<Again> collections = new ArrayList<>();
    for (Again each : again.values()) {
      boolean old = before.collections().contains(each);
      collections.add(
          old
              ? new Again(
                  each.collectionId(),
                  each.stopId(),
                  later(each.from(), firstUnread(restored)),
                  each.notBefore())
              : each);
    }
    Revisit revisit =
        new Revisit(before.until().or(() -> lastRead(restored)), collections, done, skipped);
    Position start = collections.stream().map(Again::from).reduce(Revisit::earlier).orElseThrow();
    boolean goesBack = lastRead(restored).filter(last -> !start.isAfterEntry(last)).isPresent();
    return goesBack
        ? new TopicSplit(restored.pchannel(), Optional.of(start), true, revisit)
        : restored.with(revisit);
  }

  /** Everything up to there was emitted, nothing behind it. */
  private static Optional<Position> lastRead(TopicSplit split) {
    return split
        .position()
        .map(
            position ->
                split.inclusive()
                    ? Position.of(position.ledgerId(), position.entryId() - 1)
                    : position);
  }

  /**
   * Nothing before it is still to be emitted. Of a batch that was emitted in part all counts as
   * unread: a repetition is harmless, a gap is not.
   */
  private static Optional<Position> firstUnread(TopicSplit split) {
    return split
        .position()
        .map(
            position ->
                split.inclusive() || position.batchIndex() != Position.WHOLE_ENTRY
                    ? position
                    : Position.of(position.ledgerId(), position.entryId() + 1));
  }

  private static Position earlier(Position one, Position other) {
    return one.isAfterEntry(other) ? other : one;
  }

  private static Position later(Position one, Optional<Position> other) {
    return other.isPresent() && other.get().isAfterEntry(one) ? other.get() : one;
  }

  /** Whether an operation is emitted. */
  boolean emits(long collectionId, Position position, long timestamp) {
    return until.isEmpty()
        || position.isAfterEntry(until.get())
        || collections.stream().anyMatch(each -> each.lacks(collectionId, position, timestamp));
  }

  /** Whether to go on without a message that cannot be read. */
  boolean skips(Position unreadable) {
    return skipped.stream().anyMatch(unreadable::isSameEntry);
  }

  /** The same after everything up to a place was emitted. */
  Revisit after(Position position) {
    if (collections.isEmpty()
        || until.filter(end -> end.isAfterEntry(position)).isPresent()
        || collections.stream().anyMatch(each -> each.from().isAfterEntry(position))) {
      return this;
    }
    Set<String> finished = new LinkedHashSet<>(done);
    collections.forEach(each -> finished.add(each.stopId()));
    return new Revisit(Optional.empty(), List.of(), finished, skipped);
  }
}
