package io.milvus.cdc.target;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.Addressed;
import io.milvus.cdc.event.SourceEvent.CatalogProgress;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionOutside;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.DatabaseGone;
import io.milvus.cdc.event.SourceEvent.DatabaseSeen;
import io.milvus.cdc.event.SourceEvent.FlushRequested;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.SourceEvent.ReplicatedUntil;
import io.milvus.cdc.event.SourceEvent.TimeTick;
import io.milvus.cdc.event.SourceEvent.UnreadableMessage;
import io.milvus.cdc.target.TargetProgress.RetryCause;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.TargetTuning;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies events to the target: those of one collection one after the other, those of different
 * collections side by side.
 *
 * <p>Promises:
 *
 * <ul>
 *   <li>At most a fixed number of bytes waits here, {@link #submit} blocks until there is room.
 *   <li>{@link #flush} returns when all that was submitted is acknowledged by the target, or its
 *       collection is stopped and the task store knows from where on.
 *   <li>What fails because the target as a whole is away is repeated as long as that lasts.
 *   <li>A message that cannot be applied is left out when there is a {@link Quarantine}, which has
 *       it then.
 *   <li>Otherwise a collection whose next step cannot succeed, or did not for {@link
 *       TargetTuning#patience} while the target worked, is stopped with a reason; the others go on.
 *       Nothing of it is applied any more, so its order is kept.
 *   <li>Credentials that the target goes on to refuse, and a database that cannot be created or
 *       dropped, end the pipeline with a {@link PermanentFailure}.
 * </ul>
 *
 * <p>One thread submits and flushes.
 */
final class TargetPipeline implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TargetPipeline.class);

  private static final long FIRST_RETRY_MILLIS = 50;
  private static final long STORE_RETRY_MILLIS = 500;

  /** Between two tries of what an applied step lacks. */
  private static final long FINISH_MILLIS = 500;

  private static final String HOW_TO_SKIP =
      "; to go on without it, pause the task and resume it with skip_unreadable";

  /**
   * A collection whose steps fail for the patience, while the target works for others, is stopped;
   * in so small a part of it the target has to do something for others when a step begins to fail.
   */
  private static final int PARTS_OF_PATIENCE = 10;

  /** Moments that are not reached yet; those of a stopped collection never are. */
  private static final int MOST_ANNOUNCEMENTS = 10_000;

  private final TargetConnection connection;
  private final TargetProgress progress;
  private final Stops stops;
  private final Optional<Quarantine> quarantine;
  private final TargetTuning tuning;
  private final Duration refusalPatience;
  private final ScheduledThreadPoolExecutor threads;
  private final SideBySide calls;
  private final WorkForOthers others;

  private final Map<Long, Lane> collectionLanes = new HashMap<>();
  private final Set<Long> goneCollections = new HashSet<>();
  private final Map<String, Lane> databaseLanes = new HashMap<>();
  private final Map<Lane, String> troubles = new ConcurrentHashMap<>();

  // Guarded by this.
  private final Set<Lane> busy = new HashSet<>();

  /** Lanes that are asked from time to time whether a step lacks something; guarded by this. */
  private final Set<Lane> unfinished = new HashSet<>();

  private boolean isFlushing;

  private final Deque<Announcement> announcements = new ArrayDeque<>();
  private long bytes;
  private Optional<RuntimeException> failure = Optional.empty();

  private long sequence;
  private long replicatedUntil = -1;

  private record Announcement(long sequence, long epochMillis) {}

  /**
   * @param progress is told what was done
   * @param stops keeps the collections that cannot go on
   * @param quarantine keeps the messages that cannot be applied; absent when these stop their
   *     collections
   * @param tuning how the target is written
   * @param refusalPatience how long refused credentials are tried again: a Milvus whose users
   *     cannot be looked up for the moment refuses them as well (Milvus 2.3 to 2.5)
   */
  TargetPipeline(
      TargetConnection connection,
      TargetProgress progress,
      Stops stops,
      Optional<Quarantine> quarantine,
      TargetTuning tuning,
      Duration refusalPatience) {
    this.connection = connection;
    this.progress = progress;
    this.stops = stops;
    this.quarantine = quarantine;
    this.tuning = tuning;
    this.refusalPatience = refusalPatience;
    this.others = new WorkForOthers(tuning.patience().dividedBy(PARTS_OF_PATIENCE));
    // Steps that fail because the pipeline is being closed are not taken up again.
    this.threads =
        new ScheduledThreadPoolExecutor(
            tuning.calls(), new TargetThreads(), new ThreadPoolExecutor.DiscardPolicy());
    this.threads.setRemoveOnCancelPolicy(true);
    this.calls = new SideBySide(threads);
  }

  /**
   * Takes over an event.
   *
   * @throws PermanentFailure when the task cannot go on
   */
  void submit(SourceEvent event) throws InterruptedException {
    if (event instanceof LogMessage message) {
      submit(message.header().collectionId(), event);
    } else if (event instanceof CollectionSeen seen) {
      stops.seen(seen.state().getId());
      submit(seen.state().getId(), event);
    } else if (event instanceof CollectionStopped stopped) {
      submit(stopped.collectionId(), event);
    } else if (event instanceof CollectionGone gone) {
      enqueue(collectionLane(gone.collectionId()), event);
      goneCollections.add(gone.collectionId());
    } else if (event instanceof DatabaseSeen seen) {
      enqueue(databaseLane(seen.name()), event);
    } else if (event instanceof DatabaseGone gone) {
      enqueue(databaseLane(gone.name()), event);
    } else if (event instanceof ReplicatedUntil until) {
      announce(until.epochMillis());
    } else if (event instanceof TimeTick
        || event instanceof CatalogProgress
        || event instanceof UnreadableMessage
        || event instanceof CollectionOutside
        || event instanceof FlushRequested
        || event instanceof Addressed) {
      throw new IllegalArgumentException("not meant for the target: " + event);
    }
  }

  /** What is held back must not wait for room: the others would wait with it. */
  private void submit(long collectionId, SourceEvent event) throws InterruptedException {
    if (!stops.holdsBack(collectionId, event)) {
      enqueue(collectionLane(collectionId), event);
    }
  }

  private Lane collectionLane(long collectionId) {
    goneCollections.remove(collectionId);
    return collectionLanes.computeIfAbsent(
        collectionId, id -> new Lane(new TargetCollection(id, connection, tuning, calls), id));
  }

  private Lane databaseLane(String name) {
    return databaseLanes.computeIfAbsent(name, key -> new Lane(new DatabaseWork(key, connection)));
  }

  private void enqueue(Lane lane, SourceEvent event) throws InterruptedException {
    int size = Lane.bytesOf(event);
    boolean start;
    synchronized (this) {
      while (bytes > 0 && bytes + size > tuning.bufferBytes() && failure.isEmpty()) {
        wait();
      }
      throwFailure();
      if (event instanceof CollectionGone gone) {
        stops.gone(gone.collectionId());
      } else if (lane.collectionId().isPresent()
          && stops.holdsBack(lane.collectionId().getAsLong(), event)) {
        return;
      }
      bytes += size;
      start = lane.add(sequence++, event);
      busy.add(lane);
    }
    if (start) {
      threads.execute(() -> run(lane));
    }
  }

  private synchronized void announce(long epochMillis) {
    throwFailure();
    Announcement last = announcements.peekLast();
    boolean nothingBetween = last != null && last.sequence() == sequence;
    if (nothingBetween || announcements.size() >= MOST_ANNOUNCEMENTS) {
      announcements.removeLast();
    }
    announcements.add(new Announcement(sequence, epochMillis));
    advance();
  }

  /** Everything before the oldest unfinished event is applied. */
  private void advance() {
    long oldest = stops.oldest();
    for (Lane lane : busy) {
      oldest = Math.min(oldest, lane.oldest());
    }
    for (Lane lane : unfinished) {
      oldest = Math.min(oldest, lane.lackingSequence());
    }
    while (!announcements.isEmpty() && announcements.element().sequence() <= oldest) {
      replicatedUntil = announcements.remove().epochMillis();
    }
  }

  private void throwFailure() {
    failure.ifPresent(
        cause -> {
          throw cause;
        });
  }

  /**
   * Waits until all that was submitted is on the target, or held back for a collection that is
   * stopped and noted in the task store.
   *
   * @throws PermanentFailure when the task cannot go on
   */
  void flush() throws InterruptedException {
    synchronized (this) {
      isFlushing = true;
      try {
        while (!busy.isEmpty() && failure.isEmpty()) {
          wait();
        }
      } finally {
        isFlushing = false;
      }
      throwFailure();
    }
    stops.allElseApplied();
    tellStore();
    collectionLanes.keySet().removeAll(goneCollections);
    goneCollections.forEach(progress::gone);
    goneCollections.clear();
  }

  /** A checkpoint that forgets what is held back would lose it, so it waits for the store. */
  private void tellStore() throws InterruptedException {
    boolean waiting = false;
    while (true) {
      try {
        stops.write();
        quarantine.ifPresent(kept -> goneCollections.forEach(kept::forget));
        return;
      } catch (UncheckedIOException e) {
        if (!waiting) {
          LOG.warn("The task store cannot be told of stopped collections, repeated until it is", e);
        }
        waiting = true;
        Thread.sleep(STORE_RETRY_MILLIS);
      }
    }
  }

  /**
   * Everything that happened on the source up to this moment is on the target, milliseconds since
   * the epoch on the source's clock; -1 while not known.
   */
  synchronized long replicatedUntil() {
    advance();
    return replicatedUntil;
  }

  /** What is stopped, and what is repeated just now, and why; empty when nothing is. */
  String waitingFor() {
    Optional<String> stopped = stops.summary();
    Optional<String> waiting =
        troubles.entrySet().stream()
            .map(trouble -> trouble.getKey() + ": " + trouble.getValue())
            .sorted()
            .findFirst()
            .map(text -> "target " + connection.address() + ", " + text);
    return Stream.concat(stopped.stream(), waiting.stream()).collect(Collectors.joining("; "));
  }

  private void run(Lane lane) {
    try {
      while (lane.takeStep()) {
        if (waitsForCollections(lane)) {
          runLater(lane, FIRST_RETRY_MILLIS);
          return;
        }
        perform(lane);
      }
    } catch (TargetException e) {
      failed(lane, e);
    } catch (RowBatch.UnfitMessageException e) {
      refused(lane, e.getMessage(), e);
    } catch (PermanentFailure e) {
      fail(lane, e.getMessage(), e);
    } catch (RuntimeException e) {
      LOG.error("A step failed in an unforeseen way, report this: for=\"{}\"", lane, e);
      giveUp(lane, e.toString(), e);
    } catch (Error e) {
      // Of the process, not of the collection; the pool would keep it to itself.
      fail(new IllegalStateException(lane + ": " + e, e));
    }
  }

  /** A database is dropped when what came before has left it, or has passed through it. */
  private synchronized boolean waitsForCollections(Lane lane) {
    return lane.dropsDatabase()
        && busy.stream()
            .anyMatch(other -> other.collectionId().isPresent() && other.oldest() < lane.oldest());
  }

  private void perform(Lane lane) throws TargetException {
    WorkForOthers.Work work = lane.work();
    long began = System.nanoTime();
    Lane.Done done = lane.performStep();
    if (done.insertedRows() + done.deletedRows() + done.operations() > 0) {
      others.done(work, began);
    }
    finished(lane, done);
  }

  private void finished(Lane lane, Lane.Done done) {
    Optional<String> lacking = lane.lacking();
    if (lacking.isPresent()) {
      progress.retried(RetryCause.LACKING);
      trouble(lane, lacking.get());
    } else if (troubles.remove(lane) != null) {
      LOG.info("Applied after all: for=\"{}\"", lane);
    }
    progress.applied(lane, done);
    synchronized (this) {
      bytes -= done.bytes();
      if (lane.oldest() == Long.MAX_VALUE) {
        busy.remove(lane);
      }
      if (lane.isUnfinished() && unfinished.add(lane)) {
        finishLater(lane);
      }
      notifyAll();
    }
  }

  private void finishLater(Lane lane) {
    ScheduledFuture<?> unused =
        threads.schedule(() -> finish(lane), FINISH_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Tries again what an applied step lacks; a checkpoint in between need not wait for it. */
  private synchronized void finish(Lane lane) {
    if (isFlushing && lane.isUnfinished() && lane.lacking().isEmpty()) {
      finishLater(lane); // With many loads pending, some would always be tried just then.
      return;
    }
    switch (lane.takeUpAgain()) {
      case NEVER -> unfinished.remove(lane);
      case LATER -> finishLater(lane);
      case NOW -> {
        bytes += Lane.OVERHEAD_BYTES;
        busy.add(lane);
        threads.execute(() -> run(lane));
        finishLater(lane);
      }
    }
  }

  private void failed(Lane lane, TargetException error) {
    int failures = lane.countFailure(error.kind(), others);
    switch (error.kind()) {
      case UNAUTHORIZED -> {
        if (lane.refusedFor().compareTo(refusalPatience) < 0) {
          repeat(lane, error, failures);
        } else {
          fail(
              lane,
              error.getMessage()
                  + "; correct the user at the target and resume the task, or create it anew with"
                  + " other credentials",
              error);
        }
      }
      case PERMANENT -> refused(lane, error.getMessage() + where(lane), error);
      case OUTAGE -> repeat(lane, error, failures);
      case BUSY, TRANSIENT, NOT_FOUND -> {
        if (lane.collectionId().isPresent() && lane.failingFor().compareTo(tuning.patience()) > 0) {
          giveUp(
              lane,
              "tried for "
                  + tuning.patience().toMinutes()
                  + " minutes, the last answer was: "
                  + error.getMessage()
                  + where(lane),
              error);
        } else {
          repeat(lane, error, failures);
        }
      }
    }
  }

  /** Leaves a message out if that is what is wanted, and if it is a message. */
  private void refused(Lane lane, String reason, Exception cause) {
    Optional<SourceEvent> message = lane.refusedMessage();
    if (quarantine.isEmpty() || message.isEmpty()) {
      boolean unreadable = message.filter(CollectionStopped.class::isInstance).isPresent();
      giveUp(lane, unreadable ? reason + HOW_TO_SKIP : reason, cause);
      return;
    }
    if (lane.takeApart()) {
      threads.execute(() -> run(lane));
      return;
    }
    Quarantine.Poison poison =
        new Quarantine.Poison(
            lane.collectionId().orElseThrow(),
            lane.toString(),
            lane.collection(),
            message.get(),
            reason);
    try {
      if (quarantine.get().put(poison)) {
        finished(lane, lane.leaveOut());
        threads.execute(() -> run(lane));
      } else {
        giveUp(lane, "too many of its messages are quarantined; the next: " + reason, cause);
      }
    } catch (TargetException e) {
      failed(lane, e);
    }
  }

  private static String where(Lane lane) {
    return lane.firstMessage().map(position -> " (" + position + ")").orElse("");
  }

  private void repeat(Lane lane, TargetException error, int failures) {
    progress.retried(RetryCause.of(error.kind()));
    trouble(lane, error.getMessage());
    int doublings = Math.min(failures - 1, 10);
    long longest = Math.min(tuning.longestRetry().toMillis(), FIRST_RETRY_MILLIS << doublings);
    long delay = ThreadLocalRandom.current().nextLong(longest / 2, longest + 1);
    runLater(lane, delay);
  }

  private void trouble(Lane lane, String reason) {
    if (troubles.put(lane, reason) == null) {
      LOG.warn(
          "Not applied yet, tried again until it is: target={} for=\"{}\" reason=\"{}\"",
          connection.address(),
          lane,
          reason);
    }
  }

  private void runLater(Lane lane, long delayMillis) {
    ScheduledFuture<?> unused =
        threads.schedule(() -> run(lane), delayMillis, TimeUnit.MILLISECONDS);
  }

  /** Ends a collection's replication; a database is what others stand on, so it ends the task's. */
  private void giveUp(Lane lane, String reason, Exception cause) {
    if (lane.collectionId().isEmpty()) {
      fail(lane, reason, cause);
      return;
    }
    troubles.remove(lane);
    boolean holdsBack;
    synchronized (this) {
      long first = lane.oldest();
      List<SourceEvent> lacking = lane.giveUp();
      holdsBack = !(lacking.get(0) instanceof CollectionStopped stopped) || stopped.holdsBack();
      lacking.forEach(event -> bytes -= Lane.bytesOf(event));
      busy.remove(lane);
      if (lacking.size() > 1 && lacking.get(lacking.size() - 1) instanceof CollectionGone gone) {
        dropInstead(lane, gone);
      } else {
        if (holdsBack) {
          progress.stopped();
        }
        stops.stop(
            lane.collectionId().getAsLong(),
            lane.toString(),
            lane.collection(),
            reason,
            holdsBack ? first : Stops.HOLDS_NOTHING_BACK,
            lacking);
      }
      notifyAll();
    }
    logStop(lane, reason, holdsBack);
    stops.writeSoon();
  }

  private void logStop(Lane lane, String reason, boolean holdsBack) {
    if (holdsBack) {
      LOG.error(
          "Collection stopped, all others go on; pause and resume the task once the cause is gone:"
              + " target={} for=\"{}\" reason=\"{}\"",
          connection.address(),
          lane,
          reason);
    } else {
      LOG.warn("Collection is followed no further: for=\"{}\" reason=\"{}\"", lane, reason);
    }
  }

  /** What cannot be applied to a collection does not matter any more when it is dropped anyway. */
  private synchronized void dropInstead(Lane lane, CollectionGone gone) {
    bytes += Lane.bytesOf(gone);
    if (lane.add(sequence++, gone)) {
      threads.execute(() -> run(lane));
    }
    busy.add(lane);
  }

  private void fail(Lane lane, String reason, Exception cause) {
    fail(new PermanentFailure(lane + ": " + reason, cause));
  }

  private synchronized void fail(RuntimeException cause) {
    failure = failure.or(() -> Optional.of(cause));
    notifyAll();
  }

  /** Stops at once; what is not applied yet is left to the next start. */
  @Override
  public void close() throws InterruptedException {
    threads.shutdownNow();
    threads.awaitTermination(10, TimeUnit.SECONDS);
    quarantine.ifPresent(Quarantine::close);
    connection.close();
  }
}
