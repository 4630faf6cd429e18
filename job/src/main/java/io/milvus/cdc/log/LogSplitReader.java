package io.milvus.cdc.log;

import io.milvus.cdc.event.SourceEvent.TimeTick;
import io.milvus.cdc.task.LogContext;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsAddition;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads all topics of one reader task in one thread, in the {@link ReadingOrder} of what they hold.
 * It sleeps until a topic has something: each idle topic has one request outstanding at the client,
 * whose completion wakes the thread.
 */
final class LogSplitReader implements SplitReader<LogRecord, TopicSplit> {

  private static final Logger LOG = LoggerFactory.getLogger(LogSplitReader.class);

  /** After so many messages, or some time of the log, it is decided anew which topic is read. */
  private static final int MESSAGES_PER_TURN = 250;

  /**
   * Milvus ticks all topics at the same moment, and these ticks arrive within milliseconds: to wait
   * for them is a delay that nobody notices, and saves several threads from being woken for each.
   */
  private static final long GATHER_NANOS = TimeUnit.MILLISECONDS.toNanos(8);

  /** With these there is one topic that ticks, beside the one of clients' requests. */
  private static final int FEW_TOPICS = 2;

  /** When nothing has come for so long, there is no backlog that a wait would slow down. */
  private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** That a message takes while it waits downstream, beside its payload. */
  private static final int OVERHEAD_BYTES = 256;

  private static final int OPENERS = 4;
  private static final long OPEN_RETRY_MILLIS = 1000;

  /** Makes the connection when the first topic is opened, again and again until it works. */
  @FunctionalInterface
  interface Connector {
    SourceConnection connect() throws IOException;
  }

  private final Connector connector;
  private final LogTuning tuning;
  private final ReadRows read;
  private final SkippedKinds skipped;

  /** That of the thread that makes it; Flink reads in another one. */
  private final LogContext logContext = LogContext.current();

  private final ScheduledExecutorService openers =
      Executors.newScheduledThreadPool(OPENERS, logContext.threads("log-topic-opener"));
  private final AtomicInteger outages = new AtomicInteger();
  private final Map<String, TopicReader> topics = new HashMap<>();

  /** Topics of which the others were said to wait for messages that do not come. */
  private final Set<TopicReader> stalled = ConcurrentHashMap.newKeySet();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  // The following are guarded by the lock.
  private final ReadingOrder<TopicReader> order;
  private boolean wakeUp;

  /** The fetching thread's alone: no batch is begun before. */
  private long nextBatchAt = System.nanoTime();

  /** How many topics there are, for other threads. */
  private volatile int numberOfTopics;

  // Guarded by this; written once.
  private volatile boolean closed;
  private Optional<SourceConnection> connection = Optional.empty();

  LogSplitReader(Connector connector, LogTuning tuning, ReadRows read, SkippedKinds skipped) {
    this.connector = connector;
    this.tuning = tuning;
    this.order = new ReadingOrder<>(tuning.mostAhead(), tuning.silence(), tuning.mostAheadBytes());
    this.read = read;
    this.skipped = skipped;
  }

  @Override
  public void handleSplitsChanges(SplitsChange<TopicSplit> change) {
    logContext.enter();
    if (!(change instanceof SplitsAddition<TopicSplit>)) {
      throw new UnsupportedOperationException("Topics are only added, not: " + change);
    }
    List<TopicReader> added =
        change.splits().stream()
            .map(
                split ->
                    new TopicReader(
                        split,
                        read,
                        skipped,
                        new ReceiverWindow(tuning.receiverQueueSize(), this::shareOfTopic),
                        this::enqueue))
            .toList();
    added.forEach(topic -> topics.put(topic.split().splitId(), topic));
    numberOfTopics = topics.size();
    for (TopicReader topic : added) {
      add(topic);
      open(topic);
    }
  }

  private long shareOfTopic() {
    return tuning.receiverQueueBytes() / numberOfTopics;
  }

  private void add(TopicReader topic) {
    lock.lock();
    try {
      order.add(topic, topic.split().hasNumber(), System.nanoTime());
    } finally {
      lock.unlock();
    }
  }

  private void open(TopicReader topic) {
    openers.execute(() -> tryToOpen(topic, false));
  }

  /** Comes back later when it cannot be, so that others are tried meanwhile. */
  private void tryToOpen(TopicReader topic, boolean wasOutage) {
    if (closed) {
      return;
    }
    try {
      SourceConnection source = connection();
      SourceConnection.OpenTopic open = source.open(topic.split(), topic::begin);
      opened(topic); // Before it can be read, and have to be opened again.
      topic.opened(source, open);
      if (wasOutage && outages.decrementAndGet() == 0) {
        LOG.info("The source's log can be opened again");
      }
    } catch (IOException e) {
      if (closed) {
        return; // That is why it could not be.
      }
      if (!wasOutage && outages.getAndIncrement() == 0) {
        LOG.warn(
            "The source's log cannot be opened, it is tried until it can: topic={}",
            topic.split().pchannel(),
            e);
      }
      openLater(topic);
    } catch (RuntimeException | Error e) {
      topic.failed(e);
    }
  }

  private void openLater(TopicReader topic) {
    try {
      ScheduledFuture<?> unused =
          openers.schedule(() -> tryToOpen(topic, true), OPEN_RETRY_MILLIS, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      // Closed in the meantime.
    }
  }

  private void opened(TopicReader topic) {
    lock.lock();
    try {
      order.opened(topic, System.nanoTime());
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  private void closed(TopicReader topic) {
    lock.lock();
    try {
      order.closed(topic);
    } finally {
      lock.unlock();
    }
  }

  private synchronized SourceConnection connection() throws IOException {
    if (closed) {
      throw new IOException("closed");
    }
    if (connection.isEmpty()) {
      connection = Optional.of(connector.connect());
    }
    return connection.get();
  }

  @Override
  public RecordsWithSplitIds<LogRecord> fetch() throws IOException {
    LogBatch batch = new LogBatch(tuning.batchMessages(), tuning.batchBytes());
    Optional<TopicReader> topic = awaitReady();
    if (topic.isPresent()) {
      LockSupport.parkNanos(nextBatchAt - System.nanoTime());
    }
    long begin = System.nanoTime();
    while (topic.isPresent()) {
      readTurn(topic.get(), batch);
      topic = batch.isFull() ? Optional.empty() : pollReady();
    }
    nextBatchAt = begin + batch.pause(System.currentTimeMillis()).toNanos();
    return batch.build();
  }

  /** Reads a topic until it has nothing, or another one may be known less far. */
  private void readTurn(TopicReader topic, LogBatch batch) throws IOException {
    long mostMillis = tuning.mostAhead().toMillis();
    long first = 0;
    long latest = 0;
    long bytes = 0;
    boolean ticks = false;
    boolean isWaiting = false;
    for (int read = 0;
        read < MESSAGES_PER_TURN && latest - first < mostMillis && !isWaiting && !batch.isFull();
        read++) {
      TopicReader.Next next = topic.next();
      if (next instanceof TopicReader.Next.Available available) {
        batch.add(topic.split().splitId(), available.message(), available.bytes());
        if (!stalled.isEmpty() && stalled.remove(topic)) {
          LOG.info("A topic's messages come again: topic={}", topic.split().pchannel());
        }
        bytes += available.bytes() + OVERHEAD_BYTES;
        long millis = LogWatermarks.toMillis(available.message().timestamp());
        first = first == 0 ? millis : first;
        latest = Math.max(latest, millis);
        ticks |= available.message().event().filter(TimeTick.class::isInstance).isPresent();
      } else {
        isWaiting = true;
        if (next instanceof TopicReader.Next.Reopen) {
          closed(topic);
          open(topic);
        }
      }
    }
    endTurn(topic, bytes, latest, ticks, isWaiting);
  }

  private void endTurn(
      TopicReader topic, long bytes, long millis, boolean ticks, boolean isWaiting) {
    lock.lock();
    try {
      order.read(topic, bytes, millis, ticks, topic.isAtEnd());
      if (!isWaiting) {
        order.ready(topic);
      }
    } finally {
      lock.unlock();
    }
  }

  private void enqueue(TopicReader topic) {
    lock.lock();
    try {
      order.ready(topic);
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** The next topic that is to be read; waits for one, or until woken up. */
  private Optional<TopicReader> awaitReady() throws IOException {
    lock.lock();
    try {
      while (true) {
        if (wakeUp) {
          wakeUp = false;
          return Optional.empty();
        }
        // Of one moment, or one that is ready could wait for nobody and without end.
        long start = System.nanoTime();
        Optional<TopicReader> topic = order.take(start);
        if (topic.isPresent()) {
          return topic;
        }
        List<ReadingOrder.Question<TopicReader>> questions = order.toAsk(start);
        if (!questions.isEmpty()) {
          questions.forEach(this::ask);
          continue; // It may be answered already.
        }
        OptionalLong nanos = order.untilNextSilence(start);
        if (nanos.isPresent()) {
          long unused = changed.awaitNanos(nanos.getAsLong());
        } else {
          changed.await();
        }
        if (numberOfTopics > FEW_TOPICS && System.nanoTime() - start > IDLE_NANOS) {
          gather();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted while waiting for messages", e);
    } finally {
      lock.unlock();
    }
  }

  /** Asks whether a topic that holds up others has nothing more; the fetching thread's alone. */
  private void ask(ReadingOrder.Question<TopicReader> question) {
    CompletableFuture<Void> unused =
        question
            .topic()
            .unread()
            .handle(
                (unread, failure) -> {
                  logContext.enter(); // The client's threads work for this job only.
                  boolean isExhausted = failure == null && unread.isEmpty();
                  if (isExhausted) {
                    stalled.remove(question.topic());
                  } else if (stalled.add(question.topic())) {
                    LOG.warn(
                        "A topic has messages that do not come, or its broker does not say whether"
                            + " it has, and the others wait for it: topic={} last_message={}",
                        question.topic().split().pchannel(),
                        failure == null ? unread.get() : "unknown",
                        failure);
                  }
                  answered(question, isExhausted);
                  return null;
                });
  }

  private void answered(ReadingOrder.Question<TopicReader> question, boolean isExhausted) {
    lock.lock();
    try {
      order.answered(question, isExhausted);
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Gives what comes together time to come. */
  private void gather() {
    lock.unlock();
    try {
      LockSupport.parkNanos(GATHER_NANOS);
    } finally {
      lock.lock();
    }
  }

  private Optional<TopicReader> pollReady() {
    lock.lock();
    try {
      return order.take(System.nanoTime());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void wakeUp() {
    lock.lock();
    try {
      wakeUp = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void pauseOrResumeSplits(Collection<TopicSplit> toPause, Collection<TopicSplit> toResume) {
    lock.lock();
    try {
      toPause.forEach(split -> order.pause(topic(split), true));
      toResume.forEach(split -> order.pause(topic(split), false));
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  private TopicReader topic(TopicSplit split) {
    TopicReader topic = topics.get(split.splitId());
    if (topic == null) {
      throw new IllegalStateException("Topic " + split.splitId() + " is not read here");
    }
    return topic;
  }

  @Override
  public void close() {
    closed = true;
    openers.shutdownNow();
    synchronized (this) {
      connection.ifPresent(SourceConnection::close);
      connection = Optional.empty();
    }
  }
}
