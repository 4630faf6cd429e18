package io.milvus.cdc.target;

import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.DatabaseGone;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.target.WorkForOthers.Work;
import io.milvus.cdc.task.StoppedCollection;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is to be applied to one collection, or to one database: one step after the other, in the
 * order of its arrival, while lanes go on independently of each other.
 *
 * <p>Rows that follow each other make one step as far as {@link RowBatch} allows: while one step is
 * under way the next one grows, so a slow target gets large calls and an idle one gets small ones
 * at once.
 *
 * <p>What is superseded is not done: metadata that newer metadata of the collection waits behind,
 * and everything before the collection's end. It would cost calls, and more: the name that it asks
 * for may belong to another collection by now, for which this one would wait for ever.
 *
 * <p>Any thread may add; one thread at a time may run the lane: the one that {@link #add} or a
 * failed step told to.
 */
final class Lane {

  /** Memory that a queued event takes beside its payload, by and large. */
  static final int OVERHEAD_BYTES = 256;

  private final LaneWork work;
  private final OptionalLong collectionId;
  private final Deque<Item> queue = new ArrayDeque<>();
  private final Deque<Item> step = new ArrayDeque<>();
  private boolean running;
  private Optional<RowBatch> batch = Optional.empty();

  /** How many of the next messages make a step of their own each, of rows that may be there. */
  private int alone;

  /** How many ends of the collection are queued. */
  private int ends;

  /** The step is superseded: there is nothing to do for it. */
  private boolean moot;

  /** The newest metadata that was applied, in whole or not. */
  private Optional<Item> metadata = Optional.empty();

  /** Something of it is lacking, or is still to be loaded. */
  private boolean isUnfinished;

  private Optional<String> lacking = Optional.empty();

  private int failures;
  private long firstFailure;
  private long failingSince;

  /** Why the current step failed last; means nothing when it has not failed. */
  private TargetException.Kind lastFailure = TargetException.Kind.OUTAGE;

  private long refusedSince;

  private record Item(long sequence, SourceEvent event) {

    int bytes() {
      return bytesOf(event);
    }

    boolean isRows() {
      return event instanceof LogMessage message
          && (message.header().kind() == Kind.INSERT || message.header().kind() == Kind.DELETE);
    }

    LogMessage message() {
      return (LogMessage) event;
    }
  }

  /** A lane of a database. */
  Lane(LaneWork work) {
    this(work, OptionalLong.empty());
  }

  /** A lane of a collection. */
  Lane(LaneWork work, long collectionId) {
    this(work, OptionalLong.of(collectionId));
  }

  private Lane(LaneWork work, OptionalLong collectionId) {
    this.work = work;
    this.collectionId = collectionId;
  }

  /** The collection that it is about; empty for a database. */
  OptionalLong collectionId() {
    return collectionId;
  }

  /** The names of the collection; empty for a database, or while they are not known. */
  Optional<StoppedCollection.Name> collection() {
    return work.collection();
  }

  /** Memory that an event takes while it waits in a lane. */
  static int bytesOf(SourceEvent event) {
    return event instanceof LogMessage message
        ? message.payload().size() + OVERHEAD_BYTES
        : OVERHEAD_BYTES;
  }

  /**
   * Adds an event at the end.
   *
   * @param sequence grows with every event of all lanes
   * @return whether the caller must see to it that the lane is run
   */
  synchronized boolean add(long sequence, SourceEvent event) {
    queue.add(new Item(sequence, event));
    if (event instanceof CollectionGone) {
      ends++;
    }
    boolean wasRunning = running;
    running = true;
    return !wasRunning;
  }

  /** The sequence of the oldest event that is not applied; the largest number when all are. */
  synchronized long oldest() {
    if (!step.isEmpty()) {
      return step.element().sequence();
    }
    return queue.isEmpty() ? Long.MAX_VALUE : queue.element().sequence();
  }

  /** What is to be done for metadata that is not applied in whole. */
  enum Again {
    /** Nothing: there is none any more. */
    NEVER,
    /** The lane is running: ask later. */
    LATER,
    /** It is the next step, and the caller must see to it that the lane is run. */
    NOW
  }

  /** Whether there is metadata that is to be taken up again. */
  synchronized boolean isUnfinished() {
    return isUnfinished;
  }

  /** Takes up once more the metadata that was not applied in whole. */
  synchronized Again takeUpAgain() {
    if (!isUnfinished) {
      return Again.NEVER;
    }
    if (running) {
      return Again.LATER;
    }
    queue.addFirst(metadata.orElseThrow());
    running = true;
    return Again.NOW;
  }

  /** What the newest metadata lacks although it is applied; empty when nothing. */
  synchronized Optional<String> lacking() {
    return lacking;
  }

  /**
   * The sequence of metadata of which something is {@link #lacking}; the largest number when there
   * is none.
   */
  synchronized long lackingSequence() {
    return lacking.isEmpty() ? Long.MAX_VALUE : metadata.orElseThrow().sequence();
  }

  /**
   * Takes up the next step; one that failed stays the next one.
   *
   * @return false when there is none: the lane is not running any more
   */
  boolean takeStep() {
    supersede();
    if (!step.isEmpty()) {
      return true;
    }
    Optional<Item> first = head();
    if (first.isEmpty()) {
      return false;
    }
    if (first.get().isRows()) {
      batch = Optional.of(takeRows(first.get()));
    } else {
      moveToStep();
      batch = Optional.empty();
    }
    return true;
  }

  private RowBatch takeRows(Item first) {
    RowBatch rows = work.newBatch();
    if (alone > 0) {
      boolean unused = rows.add(first.message());
      rows.markMaybeApplied();
      alone--;
      var unusedToo = moveToStep();
      return rows;
    }
    for (Optional<Item> item = Optional.of(first);
        item.isPresent() && item.get().isRows() && fits(rows, item.get().message());
        item = moveToStep()) {}
    return rows;
  }

  /** One that fits no batch at all is refused when it comes first. */
  private static boolean fits(RowBatch rows, LogMessage message) {
    try {
      return rows.add(message);
    } catch (RowBatch.UnfitMessageException e) {
      if (rows.isEmpty()) {
        throw e;
      }
      return false;
    }
  }

  private synchronized void supersede() {
    if (ends > 0 && !(queue.element().event() instanceof CollectionGone && step.isEmpty())) {
      while (!(queue.element().event() instanceof CollectionGone)) {
        step.add(queue.remove());
      }
      batch = Optional.empty();
      alone = 0;
      moot = true;
      return;
    }
    Item next = step.isEmpty() ? queue.peek() : step.element();
    if (next == null || !(next.event() instanceof CollectionSeen)) {
      return;
    }
    queue.stream()
        .map(Item::event)
        .filter(CollectionSeen.class::isInstance)
        .reduce((older, newer) -> newer)
        // What is repeated may be the newest itself, which the queue still holds.
        .filter(newest -> newest != next.event())
        .ifPresent(
            newest -> {
              Deque<Item> from = step.isEmpty() ? queue : step;
              from.remove();
              from.addFirst(new Item(next.sequence(), newest));
            });
  }

  private synchronized Optional<Item> head() {
    if (queue.isEmpty()) {
      running = false;
    }
    return Optional.ofNullable(queue.peek());
  }

  /** Moves the queue's head to the step and returns the new head. */
  private synchronized Optional<Item> moveToStep() {
    Item moved = queue.remove();
    if (moved.event() instanceof CollectionGone) {
      ends--;
    }
    step.add(moved);
    return Optional.ofNullable(queue.peek());
  }

  /** Whether the step drops a database; not so when it has come back in the meantime. */
  synchronized boolean dropsDatabase() {
    return !step.isEmpty() && step.element().event() instanceof DatabaseGone && queue.isEmpty();
  }

  /** One that was tried is not: it may be done yet although nobody heard of it. */
  private boolean isOutdated() {
    return failures == 0 && step.element().event() instanceof DatabaseGone && !dropsDatabase();
  }

  /**
   * What a step did.
   *
   * @param bytes memory that its events took
   * @param insertedRows rows inserted or upserted
   * @param deletedRows keys deleted
   * @param rowBytes payloads of the messages that held these rows and keys
   * @param operations on objects
   */
  record Done(int bytes, int insertedRows, int deletedRows, int rowBytes, int operations) {}

  /** Applies the step that {@link #takeStep} took up; when it fails the step stays. */
  Done performStep() throws TargetException {
    int operations = 0;
    if (batch.isPresent()) {
      writeRows(batch.get());
    } else if (!moot && !isOutdated()) {
      operations = work.apply(step.element().event());
    }
    keepUnfinished();
    failures = 0;
    Done done =
        new Done(
            bytesOfStep(),
            batch.map(RowBatch::insertedRows).orElse(0),
            batch.map(RowBatch::deletedRows).orElse(0),
            batch.map(RowBatch::bytes).orElse(0),
            operations);
    synchronized (this) {
      step.clear();
      moot = false;
    }
    return done;
  }

  private int bytesOfStep() {
    return batch
        .map(rows -> rows.bytes() + OVERHEAD_BYTES * step.size())
        .orElseGet(() -> step.stream().mapToInt(Item::bytes).sum());
  }

  private synchronized void keepUnfinished() {
    SourceEvent event = step.element().event();
    if (event instanceof CollectionSeen) {
      metadata = Optional.of(step.element());
    } else if (event instanceof CollectionGone) {
      metadata = Optional.empty();
    }
    lacking = metadata.flatMap(item -> work.lacking());
    isUnfinished = metadata.isPresent() && (lacking.isPresent() || work.isLoadPending());
  }

  private void writeRows(RowBatch rows) throws TargetException {
    try {
      work.write(rows);
    } catch (TargetException e) {
      // The call may have done its work all the same.
      rows.markMaybeApplied();
      throw e;
    }
  }

  /** What the current step does. */
  WorkForOthers.Work work() {
    return batch.map(rows -> rows.insertedRows() > 0 ? Work.INSERT : Work.DELETE).orElse(Work.ANY);
  }

  /**
   * Counts a failure of the current step: 1 for the first.
   *
   * @param others is told of it, and asked whether the target works
   */
  int countFailure(TargetException.Kind kind, WorkForOthers others) {
    long now = System.nanoTime();
    boolean again = failures++ > 0;
    if (!again) {
      firstFailure = now;
      if (kind.mayBeAway()) {
        others.beganToFail(work(), now);
      }
    }
    boolean worked =
        kind != TargetException.Kind.OUTAGE
            && (!kind.mayBeAway() || others.isDone(work(), firstFailure, now));
    if (!again || !worked) {
      failingSince = now;
    }
    if (!again || lastFailure != TargetException.Kind.UNAUTHORIZED) {
      refusedSince = now;
    }
    lastFailure = kind;
    return failures;
  }

  /** How long a current step that failed has been failing while the target as a whole worked. */
  Duration failingFor() {
    return Duration.ofNanos(System.nanoTime() - failingSince);
  }

  /** How long a current step whose last failure is a refusal has met nothing but refusals. */
  Duration refusedFor() {
    return Duration.ofNanos(System.nanoTime() - refusedSince);
  }

  /** Which message the current step begins with, for messages to people; empty for other steps. */
  Optional<String> firstMessage() {
    return Optional.ofNullable(step.peek())
        .filter(item -> item.event() instanceof LogMessage)
        .map(item -> item.message().header().position());
  }

  /**
   * Takes a refused step apart, so that each of its messages is tried by itself.
   *
   * @return false when it is of one message only
   */
  synchronized boolean takeApart() {
    if (batch.isEmpty() || step.size() < 2) {
      return false;
    }
    alone = step.size();
    while (!step.isEmpty()) {
      queue.addFirst(step.removeLast());
    }
    batch = Optional.empty();
    failures = 0;
    return true;
  }

  /**
   * The message of the log that was refused: the current step, or what no step can be made of.
   * Empty when it is no message; a flush is none that could be left out and put back.
   */
  synchronized Optional<SourceEvent> refusedMessage() {
    return Optional.ofNullable(step.isEmpty() ? queue.peek() : step.element())
        .map(Item::event)
        .filter(
            event ->
                event instanceof LogMessage message
                    ? message.header().kind() != Kind.FLUSH
                    : event instanceof CollectionStopped stopped && stopped.isOneMessage());
  }

  /** Goes on without {@link #refusedMessage}. */
  synchronized Done leaveOut() {
    Item refused = step.isEmpty() ? queue.remove() : step.remove();
    batch = Optional.empty();
    failures = 0;
    return new Done(refused.bytes(), 0, 0, 0, 0);
  }

  /** Gives up: hands over all that is not applied, in order. */
  synchronized List<SourceEvent> giveUp() {
    List<SourceEvent> notApplied = new ArrayList<>();
    step.forEach(item -> notApplied.add(item.event()));
    queue.forEach(item -> notApplied.add(item.event()));
    step.clear();
    queue.clear();
    metadata = Optional.empty();
    isUnfinished = false;
    lacking = Optional.empty();
    alone = 0;
    ends = 0;
    running = false;
    failures = 0;
    return notApplied;
  }

  /** What the lane is about, for messages to people. */
  @Override
  public String toString() {
    return work.toString();
  }
}
