package io.milvus.cdc.target;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.Addressed;
import io.milvus.cdc.event.SourceEvent.CatalogProgress;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.DatabaseGone;
import io.milvus.cdc.event.SourceEvent.DatabaseSeen;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.SourceEvent.ReplicatedUntil;
import io.milvus.cdc.event.SourceEvent.TimeTick;
import io.milvus.cdc.task.PermanentFailure;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies events to the target: those of one collection one after the other, those of different
 * collections side by side.
 *
 * <p>Promises: at most a fixed number of bytes waits here, {@link #submit} blocks until there is
 * room; {@link #flush} returns when all that was submitted is acknowledged by the target; what
 * fails for a passing reason is repeated as long as the reason lasts; what cannot succeed ends the
 * pipeline with a {@link PermanentFailure} that names the collection.
 *
 * <p>One thread submits and flushes.
 */
final class TargetPipeline implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TargetPipeline.class);

  private static final long FIRST_RETRY_MILLIS = 50;
  private static final long LONGEST_RETRY_MILLIS = 5_000;

  private final TargetConnection connection;
  private final TargetProgress progress;
  private final long mostBytes;
  private final ScheduledThreadPoolExecutor threads;

  private final Map<Long, Lane> collectionLanes = new HashMap<>();
  private final Set<Long> goneCollections = new HashSet<>();
  private final Map<String, Lane> databaseLanes = new HashMap<>();
  private final Map<Lane, String> troubles = new ConcurrentHashMap<>();

  // Guarded by this.
  private final Set<Lane> busy = new HashSet<>();
  private final Deque<Announcement> announcements = new ArrayDeque<>();
  private long bytes;
  private Optional<PermanentFailure> failure = Optional.empty();

  private long sequence;
  private long replicatedUntil = -1;

  private record Announcement(long sequence, long epochMillis) {}

  /**
   * @param progress is told what was done
   * @param calls how many calls to the target may be under way at once
   * @param mostBytes how much may wait here
   */
  TargetPipeline(TargetConnection connection, TargetProgress progress, int calls, long mostBytes) {
    this.connection = connection;
    this.progress = progress;
    this.mostBytes = mostBytes;
    // Steps that fail because the pipeline is being closed are not taken up again.
    this.threads =
        new ScheduledThreadPoolExecutor(
            calls, new TargetThreads(), new ThreadPoolExecutor.DiscardPolicy());
    this.threads.setRemoveOnCancelPolicy(true);
  }

  /**
   * Takes over an event.
   *
   * @throws PermanentFailure when an earlier event cannot be applied
   */
  void submit(SourceEvent event) throws InterruptedException {
    if (event instanceof LogMessage message) {
      enqueue(collectionLane(message.header().collectionId()), event);
    } else if (event instanceof CollectionSeen seen) {
      enqueue(collectionLane(seen.state().getId()), event);
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
        || event instanceof Addressed) {
      throw new IllegalArgumentException("not meant for the target: " + event);
    }
  }

  private Lane collectionLane(long collectionId) {
    goneCollections.remove(collectionId);
    return collectionLanes.computeIfAbsent(
        collectionId, id -> new Lane(new TargetCollection(id, connection)));
  }

  private Lane databaseLane(String name) {
    return databaseLanes.computeIfAbsent(name, key -> new Lane(new DatabaseWork(key, connection)));
  }

  private void enqueue(Lane lane, SourceEvent event) throws InterruptedException {
    int size = Lane.bytesOf(event);
    boolean start;
    synchronized (this) {
      while (bytes > 0 && bytes + size > mostBytes && failure.isEmpty()) {
        wait();
      }
      throwFailure();
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
    if (last != null && last.sequence() == sequence) {
      announcements.removeLast();
    }
    announcements.add(new Announcement(sequence, epochMillis));
    advance();
  }

  /** Everything before the oldest unfinished event is applied. */
  private void advance() {
    long oldest = Long.MAX_VALUE;
    for (Lane lane : busy) {
      oldest = Math.min(oldest, lane.oldest());
    }
    while (!announcements.isEmpty() && announcements.element().sequence() <= oldest) {
      replicatedUntil = announcements.remove().epochMillis();
    }
  }

  private void throwFailure() {
    failure.ifPresent(
        cause -> {
          throw new PermanentFailure(cause.getMessage(), cause);
        });
  }

  /**
   * Waits until all that was submitted is on the target.
   *
   * @throws PermanentFailure when some of it cannot be applied
   */
  synchronized void flush() throws InterruptedException {
    while (!busy.isEmpty() && failure.isEmpty()) {
      wait();
    }
    throwFailure();
    collectionLanes.keySet().removeAll(goneCollections);
    goneCollections.clear();
  }

  /**
   * Everything that happened on the source up to this moment is on the target, milliseconds since
   * the epoch on the source's clock; -1 while not known.
   */
  synchronized long replicatedUntil() {
    advance();
    return replicatedUntil;
  }

  /** What is repeated just now and why; empty when nothing is. */
  String waitingFor() {
    return troubles.entrySet().stream()
        .map(trouble -> trouble.getKey() + ": " + trouble.getValue())
        .sorted()
        .findFirst()
        .orElse("");
  }

  private void run(Lane lane) {
    try {
      while (lane.takeStep()) {
        finished(lane, lane.performStep());
      }
    } catch (TargetException e) {
      failed(lane, e);
    } catch (RuntimeException e) {
      fail(lane, e.getMessage() == null ? e.toString() : e.getMessage(), e);
    }
  }

  private void finished(Lane lane, Lane.Done done) {
    if (troubles.remove(lane) != null) {
      LOG.info("Applied after all: for=\"{}\"", lane);
    }
    progress.inserted(done.insertedRows());
    progress.deleted(done.deletedRows());
    progress.applied(done.operations());
    synchronized (this) {
      bytes -= done.bytes();
      if (lane.oldest() == Long.MAX_VALUE) {
        busy.remove(lane);
      }
      notifyAll();
    }
  }

  private void failed(Lane lane, TargetException error) {
    if (error.kind() == TargetException.Kind.PERMANENT) {
      fail(lane, error.getMessage(), error);
      return;
    }
    progress.retried();
    if (troubles.put(lane, error.getMessage()) == null) {
      LOG.warn(
          "Not applied yet, tried again until it is: target={} for=\"{}\" reason=\"{}\"",
          connection.address(),
          lane,
          error.getMessage());
    }
    int doublings = Math.min(lane.countFailure() - 1, 10);
    long longest = Math.min(LONGEST_RETRY_MILLIS, FIRST_RETRY_MILLIS << doublings);
    long delay = ThreadLocalRandom.current().nextLong(longest / 2, longest + 1);
    ScheduledFuture<?> unused = threads.schedule(() -> run(lane), delay, TimeUnit.MILLISECONDS);
  }

  private synchronized void fail(Lane lane, String reason, Exception cause) {
    if (failure.isEmpty()) {
      failure = Optional.of(new PermanentFailure(lane + ": " + reason, cause));
    }
    notifyAll();
  }

  /** Stops at once; what is not applied yet is left to the next start. */
  @Override
  public void close() throws InterruptedException {
    threads.shutdownNow();
    threads.awaitTermination(10, TimeUnit.SECONDS);
    connection.close();
  }
}
