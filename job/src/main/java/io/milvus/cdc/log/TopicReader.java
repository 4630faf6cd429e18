package io.milvus.cdc.log;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.log.SourceConnection.OpenTopic;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.Position;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.pulsar.client.api.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one topic. It is either ready, then {@link #next} may have a message, or it waits for one
 * and tells when it comes. Used by the fetcher's thread; only what comes is written by the client's
 * or the opener's thread, before it says so.
 */
final class TopicReader {

  private static final Logger LOG = LoggerFactory.getLogger(TopicReader.class);

  private static final int MAX_REOPENS = 3;

  /** Making a reader anew costs a round trip or two, so a slightly larger message does not. */
  private static final int RESIZE_FACTOR = 4;

  private static final long NEIGHBOUR_MILLIS = 1000;

  /** After so many gaps that the broker repeats, entries that are no messages are usual there. */
  private static final int MOST_GAPS = 3;

  private final ReadRows read;
  private final SkippedKinds skipped;
  private final ReceiverWindow window;
  private final Consumer<TopicReader> onReady;

  private TopicSplit split;
  private Optional<SourceConnection> source = Optional.empty();
  private Optional<OpenTopic> open = Optional.empty();
  private Optional<Position> lastDoubtful = Optional.empty();
  private boolean mayJump;
  private long lastPublishTime;
  private Optional<Position> expected = Optional.empty();
  private int reopens;

  /** The first message after a gap that the topic was opened anew for. */
  private Optional<Position> afterGap = Optional.empty();

  private int gaps;

  /** To be told before the next message. */
  private final Queue<SourceEvent> untold = new ArrayDeque<>();

  private volatile Optional<Arrival> arrival = Optional.empty();

  /** What a waiting reader waited for. */
  private sealed interface Arrival {
    record Opened(SourceConnection source, OpenTopic topic) implements Arrival {}

    record Received(Message<byte[]> message) implements Arrival {}

    record Failed(Throwable reason) implements Arrival {}
  }

  /** What the topic has now. */
  sealed interface Next {
    /** A message. */
    record Available(LogRecord message, int bytes) implements Next {}

    /** Nothing; it will tell when there is something. */
    record Waiting() implements Next {}

    /** It must be opened again, from {@link #split}. */
    record Reopen() implements Next {}
  }

  /**
   * A reader that waits to be opened.
   *
   * @param window how many messages the client may hold
   * @param onReady called from any thread when waiting is over
   */
  TopicReader(
      TopicSplit split,
      ReadRows read,
      SkippedKinds skipped,
      ReceiverWindow window,
      Consumer<TopicReader> onReady) {
    this.split = split;
    this.read = read;
    this.skipped = skipped;
    this.window = window;
    this.onReady = onReady;
  }

  /** From where it is to be opened. */
  TopicSplit split() {
    return split;
  }

  /**
   * How many messages the client may hold of the topic that is about to be opened; asked by the
   * opener's thread.
   *
   * @param averageBytes of its messages
   */
  int begin(long averageBytes) {
    return window.open(averageBytes);
  }

  /** Whether everything was read that the topic held when it was opened. */
  boolean isAtEnd() {
    if (open.isEmpty()) {
      return false;
    }
    return isAllRead(split, open.get().lastHeld());
  }

  /**
   * @param last what a topic holds; an entry below 0 when that is nothing
   */
  private static boolean isAllRead(TopicSplit split, Position last) {
    return last.entryId() < 0 || split.isRead(last);
  }

  /**
   * Asks the broker for the last message, if that was not read yet; empty when it was. Called by
   * the fetcher's thread.
   */
  CompletableFuture<Optional<Position>> unread() {
    TopicSplit read = split;
    if (open.isEmpty()) {
      return CompletableFuture.failedFuture(new IOException("it is about to be opened"));
    }
    return open.get()
        .reader()
        .lastHeld()
        .thenApply(last -> Optional.of(last).filter(id -> !isAllRead(read, id)));
  }

  /** The topic was opened; called by any thread. */
  void opened(SourceConnection source, OpenTopic topic) {
    arrive(new Arrival.Opened(source, topic));
  }

  /** The topic cannot be opened; called by any thread. */
  void failed(Throwable reason) {
    arrive(new Arrival.Failed(reason));
  }

  private void arrive(Arrival what) {
    arrival = Optional.of(what);
    onReady.accept(this);
  }

  /**
   * The next message, if there is one now. To be called only when ready.
   *
   * @throws IOException when the topic cannot be read on; opening it again may help
   * @throws PermanentFailure when it cannot be read on at all
   */
  Next next() throws IOException {
    if (lostRevisit()) {
      return new Next.Reopen();
    }
    while (true) {
      if (!untold.isEmpty()) {
        return new Next.Available(
            new LogRecord(Optional.of(untold.remove()), 0, split.position().orElseThrow()), 0);
      }
      if (!tryResize()) {
        return new Next.Reopen();
      }
      Optional<Message<byte[]>> message = receive();
      if (message.isEmpty()) {
        window.drained();
        if (!tryResize()) {
          return new Next.Reopen();
        }
        CompletableFuture<Message<byte[]>> unused =
            open.orElseThrow()
                .reader()
                .next()
                .whenComplete(
                    (received, failure) ->
                        arrive(
                            failure == null
                                ? new Arrival.Received(received)
                                : new Arrival.Failed(failure)));
        return new Next.Waiting();
      }
      Position position = Position.of(message.get().getMessageId());
      if (expected.isPresent() && !position.isSameEntry(expected.get())) {
        return mismatch(position);
      }
      expected = Optional.empty();
      reopens = 0;
      boolean isRead = split.isRead(position);
      if (!isRead && !mayJump && split.position().isPresent()) {
        Position last = split.position().get();
        if (isMissingBetween(last, position)) {
          closeReader();
          return new Next.Reopen();
        }
        verifyNoGap(message.get(), last, position);
      }
      mayJump = false;
      lastPublishTime = message.get().getPublishTime();
      if (isRead) {
        continue;
      }
      Revisit revisit = split.revisit();
      split = split.after(position);
      LogReader reader = open.orElseThrow().reader();
      ByteString payload = UnsafeByteOperations.unsafeWrap(message.get().getData());
      window.read(payload.size(), reader.held(), reader.heldBytes(), reader.missing());
      return new Next.Available(
          decode(payload, position, message.get().getPublishTime(), revisit), payload.size());
    }
  }

  /**
   * When what should be read once more is gone, the collections concerned are stopped for good and
   * the topic goes on for all others.
   */
  private boolean lostRevisit() {
    if (split.revisit().until().isPresent()
        && arrival.isPresent()
        && arrival.get() instanceof Arrival.Failed failed
        && failed.reason() instanceof PermanentFailure lost) {
      arrival = Optional.empty();
      Position end = split.revisit().until().get();
      for (Revisit.Again again : split.revisit().collections()) {
        untold.add(
            SourceEvent.CollectionStopped.lost(
                again.collectionId(),
                split.pchannel(),
                again.from().ledgerId(),
                again.from().entryId(),
                "what it lacks cannot be read any more, drop its copy and create the task anew to"
                    + " copy it again: "
                    + lost.getMessage()));
      }
      split = new TopicSplit(split.pchannel(), Optional.of(end), false);
      return true;
    }
    return false;
  }

  /**
   * Lets the client hold as many messages as it may. What it has asked the broker for cannot be
   * taken back, so when that is far too much the reader is closed, to be opened anew.
   *
   * @return false when it is closed
   */
  private boolean tryResize() {
    if (arrival.isPresent() || open.isEmpty()) {
      return true;
    }
    LogReader reader = open.get().reader();
    if (reader.queueSize() > RESIZE_FACTOR * window.size()) {
      closeReader();
      return false;
    }
    reader.resize(window.size());
    return true;
  }

  /**
   * Whether entries of a ledger have not come, so that the topic is to be opened anew for them.
   * Once only: some may be no messages, which Pulsar does not give (markers of its transactions and
   * of subscriptions that it replicates).
   */
  private boolean isMissingBetween(Position last, Position next) {
    if (gaps == MOST_GAPS
        || next.ledgerId() != last.ledgerId()
        || next.entryId() <= last.entryId() + 1) {
      return false;
    }
    if (afterGap.isPresent() && afterGap.get().isSameEntry(next)) {
      gaps++;
      LOG.warn(
          "Entries of a topic are not given by its broker, the task goes on without them: they are"
              + " markers of Pulsar's own, or it has lost them: topic={} last={} next={}{}",
          split.pchannel(),
          last,
          next,
          gaps == MOST_GAPS ? "; more of them are not told" : "");
      return false;
    }
    LOG.warn(
        "Entries of a topic did not come, it is opened anew for them: topic={} last={} next={}",
        split.pchannel(),
        last,
        next);
    afterGap = Optional.of(next);
    return true;
  }

  private void verifyNoGap(Message<byte[]> message, Position last, Position position)
      throws IOException {
    // A short-lived ledger can be gone as soon as it is complete. Ledgers go as a whole, so a gap
    // that begins and ends within a second of the log is not one.
    if (position.ledgerId() != last.ledgerId()
        && message.getPublishTime() - lastPublishTime > NEIGHBOUR_MILLIS) {
      source.orElseThrow().verifyNoGap(split.pchannel(), last, position);
    }
  }

  private Optional<Message<byte[]>> receive() throws IOException {
    if (arrival.isEmpty()) {
      return open.orElseThrow().reader().poll();
    }
    Arrival arrived = arrival.get();
    arrival = Optional.empty();
    if (arrived instanceof Arrival.Received received) {
      return Optional.of(received.message());
    } else if (arrived instanceof Arrival.Opened opened) {
      source = Optional.of(opened.source());
      open = Optional.of(opened.topic());
      // What a topic held is asked when the job starts, not when its reader is made anew.
      lastDoubtful = lastDoubtful.or(() -> Optional.of(opened.topic().lastDoubtful()));
      mayJump = opened.topic().expected().isEmpty();
      expected = opened.topic().expected();
      return opened.topic().reader().poll();
    } else if (arrived instanceof Arrival.Failed failed) {
      if (failed.reason() instanceof PermanentFailure permanent) {
        throw permanent;
      }
      throw new IOException("Topic " + split.pchannel() + " cannot be read", failed.reason());
    }
    throw new IllegalStateException("Unknown " + arrived);
  }

  /** What was there when the topic was opened is gone at its first message. */
  private Next mismatch(Position first) {
    reopens++;
    if (reopens > MAX_REOPENS) {
      throw new PermanentFailure(
          "Start position no longer retained: topic "
              + split.pchannel()
              + ", position "
              + expected.orElseThrow()
              + ", first message read "
              + first
              + ". Create the task anew.");
    }
    closeReader();
    return new Next.Reopen();
  }

  private LogRecord decode(
      ByteString payload, Position position, long publishedMillis, Revisit revisit) {
    DecodedMessage decoded;
    try {
      decoded = MessageDecoder.decode(payload);
    } catch (InvalidProtocolBufferException e) {
      if (revisit.skips(position)) {
        skipped.countUnreadable(split.pchannel(), position);
        return new LogRecord(Optional.empty(), 0, position);
      }
      return new LogRecord(
          Optional.of(
              new SourceEvent.UnreadableMessage(
                  split.pchannel(),
                  position.ledgerId(),
                  position.entryId(),
                  publishedMillis,
                  "topic "
                      + split.pchannel()
                      + " message "
                      + position
                      + " is not a message of Milvus' log: "
                      + e.getMessage())),
          0,
          position);
    }
    if (decoded instanceof DecodedMessage.Operation operation) {
      read.count(operation, payload.size());
      if (!revisit.emits(operation.collectionId(), position, operation.timestamp())) {
        return new LogRecord(Optional.empty(), 0, position);
      }
      LogMessageHeader header =
          new LogMessageHeader(
              operation.kind(),
              split.pchannel(),
              position.ledgerId(),
              position.entryId(),
              operation.collectionId(),
              operation.vchannel(),
              operation.timestamp(),
              !position.isAfterEntry(lastDoubtful.orElseThrow()));
      return new LogRecord(
          Optional.of(new SourceEvent.LogMessage(header, payload)),
          operation.timestamp(),
          position);
    } else if (decoded instanceof DecodedMessage.Tick tick) {
      return new LogRecord(
          Optional.of(new SourceEvent.TimeTick(split.pchannel(), tick.timestamp())),
          tick.timestamp(),
          position);
    } else if (decoded instanceof DecodedMessage.Flush flush) {
      return new LogRecord(
          Optional.of(
              new SourceEvent.FlushRequested(
                  split.pchannel(),
                  position.ledgerId(),
                  position.entryId(),
                  flush.database(),
                  flush.collections(),
                  flush.timestamp())),
          flush.timestamp(),
          position);
    } else if (decoded instanceof DecodedMessage.InMetadata) {
      return new LogRecord(Optional.empty(), 0, position);
    } else if (decoded instanceof DecodedMessage.Skipped other) {
      skipped.count(other.type(), split.pchannel(), position);
      return new LogRecord(Optional.empty(), 0, position);
    }
    throw new IllegalStateException("Unknown " + decoded);
  }

  private void closeReader() {
    open.map(OpenTopic::reader).ifPresent(LogReader::close);
    open = Optional.empty();
  }
}
