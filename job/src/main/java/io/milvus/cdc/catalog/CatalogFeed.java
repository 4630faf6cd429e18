package io.milvus.cdc.catalog;

import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.etcd.EtcdChange;
import io.milvus.cdc.etcd.EtcdConnection.RunningWatch;
import io.milvus.cdc.etcd.EtcdConnection.WatchListener;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceName;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StartPositions.TopicStart;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.UnreadableTaskException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lists the source's metadata, then watches it, and tells every difference; runs on a thread of its
 * own until it is interrupted.
 *
 * <p>Whenever the watch ends, for whatever reason (connection lost, revision compacted, too much
 * waiting), all is listed again and compared with what was told, so that nothing is missed. While
 * etcd does not answer this is tried again, without end.
 *
 * <p>Again and again it tells how far it is. With {@code t} taken from the local clock, the newest
 * revision {@code r} is then read from etcd: all that was committed before {@code t} is at or below
 * {@code r}. Progress to {@code t} is told once the watch has delivered everything up to {@code r},
 * which it says by an event at {@code r} or later, or by a progress notification, on the same
 * ordered stream. Some etcd releases (before 3.4.25 and 3.5.8) send such a notification too early
 * to a watch that is still catching up after it was opened; none is therefore asked for within the
 * first second of a watch.
 */
final class CatalogFeed implements CatalogReader.Feed {

  /**
   * How this feed deals with time; tests are in more of a hurry.
   *
   * @param firstProgress how long a watch is left alone after it was opened
   * @param progressInterval how often progress is told
   * @param stillInterval how often, as long as no rows are written and nothing at all changes in
   *     etcd; a task says that it lags up to this much then. Each question wakes several threads
   */
  record Pace(
      Duration firstProgress,
      Duration progressInterval,
      Duration stillInterval,
      Duration confirmTimeout,
      Duration minPause,
      Duration maxPause) {
    static final Pace DEFAULT =
        new Pace(
            Duration.ofSeconds(1),
            Duration.ofMillis(250),
            Duration.ofSeconds(1),
            Duration.ofSeconds(10),
            Duration.ofMillis(200),
            Duration.ofSeconds(10));
  }

  /** A task in its store. Each call throws when the store does not answer, and is repeated then. */
  interface TaskRecord {
    /** What the task is. */
    LoadedTask load() throws EtcdUnavailableException;

    /** A collection is about to be announced that is on a topic which the task does not read. */
    void addStart(String pchannel, TopicStart start) throws EtcdUnavailableException;

    /** A database is about to be announced. */
    void note(String database) throws EtcdUnavailableException;

    /** The end of a database was announced, and that is part of a checkpoint. */
    void forget(String database) throws EtcdUnavailableException;
  }

  /**
   * A task as its store has it.
   *
   * @param databases names of databases that were announced, maybe after the checkpoint that this
   *     run begins with, and whose end was not
   */
  record LoadedTask(TaskDefinition definition, StartPositions starts, Set<String> databases) {}

  private static final Logger LOG = LoggerFactory.getLogger(CatalogFeed.class);

  /** Unread messages of a watch; beyond them a listing is cheaper. */
  private static final int MAX_WAITING_SIGNALS = 10_000;

  /** How often an unanswered request for progress is repeated. */
  private static final Duration PROGRESS_REQUEST_INTERVAL = Duration.ofMillis(200);

  private final TaskRecord record;
  private final Function<TaskDefinition, MilvusMetadata> connect;
  private final KnownObjects restored;
  private final EventQueue queue;
  private final LongSupplier clock;
  private final BooleanSupplier isWritten;
  private final Pace pace;
  private final Queue<String> droppedDatabases = new ConcurrentLinkedQueue<>();

  /** Topics that the task reads. */
  private final Set<String> topics = new HashSet<>();

  private boolean connected = true;

  /** Failures in a row, without confirmed progress between them. */
  private int failures;

  /**
   * @param clock milliseconds since the epoch
   * @param isWritten whether rows are written just now, so that people look at the lag
   */
  CatalogFeed(
      TaskRecord record,
      Function<TaskDefinition, MilvusMetadata> connect,
      KnownObjects restored,
      EventQueue queue,
      LongSupplier clock,
      BooleanSupplier isWritten,
      Pace pace) {
    this.record = record;
    this.connect = connect;
    this.restored = restored;
    this.queue = queue;
    this.clock = clock;
    this.isWritten = isWritten;
    this.pace = pace;
  }

  @Override
  public void run() {
    try {
      LoadedTask task = untilAnswered(record::load);
      topics.addAll(task.starts().topics().keySet());
      for (String database : restored.databases()) {
        if (!task.databases().contains(database)) {
          note(database); // By a release that made no notes.
        }
      }
      follow(task, new Announcements(task.definition().selection(), restored, task.databases()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (UnreadableMetadataException | UnreadableTaskException e) {
      // Reading it again would not help.
      queue.fail(new PermanentFailure(e.getMessage(), e));
    } catch (RuntimeException e) {
      queue.fail(e);
    } catch (Error e) {
      // Nobody would hear of it on this thread, and the task would stand still without a word.
      queue.fail(e);
    }
  }

  /** The end of databases was announced, and that is part of a completed checkpoint. */
  @Override
  public void dropped(Collection<String> databases) {
    droppedDatabases.addAll(databases);
  }

  /** Asks the task's store. */
  @FunctionalInterface
  private interface StoreCall<T> {
    T run() throws EtcdUnavailableException;
  }

  private <T> T untilAnswered(StoreCall<T> call) throws InterruptedException {
    while (true) {
      try {
        return call.run();
      } catch (EtcdUnavailableException e) {
        lost(e);
        pause();
      }
    }
  }

  /**
   * A database has neither an id nor a mark on the target: the note tells, after a restart from an
   * older checkpoint, that it was the task which made it.
   */
  private void note(String database) throws InterruptedException {
    String unused =
        untilAnswered(
            () -> {
              record.note(database);
              return database;
            });
  }

  private void forgetDropped(Announcements announcements) throws EtcdUnavailableException {
    for (String database = droppedDatabases.peek();
        database != null;
        database = droppedDatabases.peek()) {
      if (!announcements.databases().contains(database)) {
        record.forget(database);
      }
      droppedDatabases.remove();
    }
  }

  private void follow(LoadedTask task, Announcements announcements) throws InterruptedException {
    while (true) {
      // A connection of its own for each try: what is left of a broken one cannot get in the way.
      try (MilvusMetadata metadata = connect.apply(task.definition())) {
        long before = clock.getAsLong();
        Catalog catalog = new Catalog(task.definition().source().metaPrefix(), task.starts());
        long revision = metadata.list(catalog::apply);
        catalog.takeChanges();
        tell(announcements.afterListing(catalog));
        queue.put(new SourceEvent.CatalogProgress(before));
        watch(metadata, revision, catalog, announcements);
      } catch (EtcdUnavailableException e) {
        throwIfInterrupted();
        lost(e);
      } catch (WatchEndedException e) {
        lost(e);
      }
      pause();
    }
  }

  /** What a watch has told. */
  private sealed interface Signal {
    record Changed(List<EtcdChange> changes) implements Signal {}

    record Progressed(long revision) implements Signal {}

    record Ended(String reason) implements Signal {}
  }

  /** The watch is over, and all has to be listed again. */
  private static final class WatchEndedException extends Exception {
    private static final long serialVersionUID = 1L;

    WatchEndedException(String reason) {
      super("the watch ended: " + reason);
    }
  }

  private void watch(
      MilvusMetadata metadata, long listed, Catalog catalog, Announcements announcements)
      throws InterruptedException, EtcdUnavailableException, WatchEndedException {
    Signals signals = new Signals();
    try (RunningWatch watch = metadata.watch(listed + 1, signals)) {
      long delivered = listed;
      long earliestProgress = System.nanoTime() + pace.firstProgress().toNanos();
      long nextProgress = earliestProgress;
      Optional<Unconfirmed> unconfirmed = Optional.empty();
      while (true) {
        forgetDropped(announcements);
        long now = System.nanoTime();
        if (unconfirmed.isPresent()) {
          if (delivered >= unconfirmed.get().revision()) {
            boolean isSettled = catalog.settleLoads(now);
            tellChanges(catalog, announcements);
            if (isSettled) {
              queue.put(new SourceEvent.CatalogProgress(unconfirmed.get().epochMillis()));
            }
            found(delivered);
            unconfirmed = Optional.empty();
          } else if (now - unconfirmed.get().since() > pace.confirmTimeout().toNanos()) {
            throw new WatchEndedException(
                "it was silent for " + pace.confirmTimeout().toSeconds() + " s");
          } else {
            watch.requestProgress();
          }
        } else if (now - nextProgress >= 0) {
          long before = clock.getAsLong();
          long newest = metadata.revision();
          earliestProgress = now + pace.progressInterval().toNanos();
          boolean isStill = newest == delivered && !isWritten.getAsBoolean();
          nextProgress = isStill ? now + pace.stillInterval().toNanos() : earliestProgress;
          unconfirmed = Optional.of(new Unconfirmed(before, newest, now));
          continue;
        }
        long wait =
            unconfirmed.isPresent()
                ? PROGRESS_REQUEST_INTERVAL.toNanos()
                : Math.max(0, nextProgress - System.nanoTime());
        OptionalLong heard = take(signals, wait, catalog, announcements);
        if (heard.isPresent()) {
          delivered = Math.max(delivered, heard.getAsLong());
          nextProgress = earliestProgress;
        }
      }
    }
  }

  /**
   * Takes in what the watch has told.
   *
   * @return up to which revision all has been told, when it told something
   */
  private OptionalLong take(
      Signals signals, long waitNanos, Catalog catalog, Announcements announcements)
      throws InterruptedException, WatchEndedException {
    Signal signal = signals.queue.poll(waitNanos, TimeUnit.NANOSECONDS);
    if (signals.overflown.get()) {
      throw new WatchEndedException("more changes than can be held are waiting");
    }
    if (signal == null) {
      return OptionalLong.empty();
    }
    if (signal instanceof Signal.Changed changed) {
      changed.changes().forEach(catalog::apply);
      tellChanges(catalog, announcements);
      return OptionalLong.of(changed.changes().get(changed.changes().size() - 1).revision());
    } else if (signal instanceof Signal.Progressed progressed) {
      return OptionalLong.of(progressed.revision());
    } else if (signal instanceof Signal.Ended ended) {
      throw new WatchEndedException(ended.reason());
    }
    throw new IllegalStateException("unknown signal " + signal);
  }

  /** A moment that is told as progress as soon as the watch has come to its revision. */
  private record Unconfirmed(long epochMillis, long revision, long since) {}

  private static final class Signals implements WatchListener {
    final BlockingQueue<Signal> queue = new LinkedBlockingQueue<>(MAX_WAITING_SIGNALS);
    final AtomicBoolean overflown = new AtomicBoolean();

    @Override
    public void changed(List<EtcdChange> changes) {
      offer(new Signal.Changed(changes));
    }

    @Override
    public void progressed(long revision) {
      offer(new Signal.Progressed(revision));
    }

    @Override
    public void ended(String reason) {
      offer(new Signal.Ended(reason));
    }

    private void offer(Signal signal) {
      if (!queue.offer(signal)) {
        overflown.set(true);
      }
    }
  }

  private void tellChanges(Catalog catalog, Announcements announcements)
      throws InterruptedException {
    tell(announcements.afterChanges(catalog, catalog.takeChanges()));
  }

  private void tell(List<SourceEvent> events) throws InterruptedException {
    addTopics(events);
    for (SourceEvent event : events) {
      if (event instanceof SourceEvent.DatabaseSeen seen) {
        note(seen.name());
      }
      queue.put(event);
    }
  }

  /**
   * The topics of a collection are noted before it is announced: its copy is changed, and dropped,
   * by what they hold. Of several collections the oldest decides where a topic is read from, and
   * one that is announced later is written later: Milvus lets nobody write to a collection before
   * its metadata says that it is created, and tells of these changes in their order.
   */
  private void addTopics(List<SourceEvent> events) throws InterruptedException {
    Map<String, TopicStart> added = new TreeMap<>();
    for (SourceEvent event : events) {
      if (event instanceof SourceEvent.CollectionSeen seen) {
        addTopics(seen.state(), added);
      }
    }
    for (Map.Entry<String, TopicStart> start : added.entrySet()) {
      topics.add(
          untilAnswered(
              () -> {
                record.addStart(start.getKey(), start.getValue());
                return start.getKey();
              }));
    }
  }

  private void addTopics(CollectionState collection, Map<String, TopicStart> added) {
    for (Shard shard : collection.getShardsList()) {
      String topic = shard.getPchannel();
      if (topics.contains(topic)) {
        continue;
      }
      try {
        TopicStart start = TopicStart.ofNewCollection(shard.getStartMessageId());
        if (!added.containsKey(topic) || start.isBefore(added.get(topic))) {
          added.put(topic, start);
        }
      } catch (IllegalArgumentException e) {
        throw new UnreadableMetadataException("of collection " + SourceName.of(collection), e);
      }
    }
  }

  private void lost(Exception cause) {
    if (connected) {
      connected = false;
      LOG.warn(
          "The source's metadata cannot be watched, trying again until it can: reason=\"{}\"",
          cause.getMessage());
    }
  }

  private void found(long revision) {
    failures = 0;
    if (!connected) {
      connected = true;
      LOG.info("The source's metadata is watched again: revision={}", revision);
    }
  }

  private void pause() throws InterruptedException {
    long millis = pace.minPause().toMillis() << Math.min(failures++, 16);
    Thread.sleep(Math.min(millis, pace.maxPause().toMillis()));
  }

  private static void throwIfInterrupted() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }
}
