package io.milvus.cdc.log;

import java.time.Duration;
import org.apache.flink.connector.base.source.reader.RecordsBySplits;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;

/**
 * Messages that are handed over at once, and how long after them the next ones are.
 *
 * <p>A batch wakes each of the threads that it goes through, however small it is: after a small one
 * there is a pause, in which more messages come. It is short where somebody may wait for them, and
 * longer in a backlog. After large messages there is none: it would only make more of them be held
 * at the same time.
 */
final class LogBatch {

  /** After a batch with little in it. */
  static final Duration SHORT_PAUSE = Duration.ofMillis(5);

  /** After one of small messages of a backlog: as many as come meanwhile take little memory. */
  private static final Duration LONG_PAUSE = Duration.ofMillis(15);

  /** A batch with less has little in it. */
  private static final int LITTLE_BYTES = 128 * 1024;

  /** A batch whose newest message is older is of a backlog. */
  private static final Duration BACKLOG = Duration.ofSeconds(1);

  /** With fewer, what the client may hold is what limits reading, and a long pause would, too. */
  static final int MANY_MESSAGES = 50;

  /** Messages that are no larger on the average are small. */
  private static final int SMALL_MESSAGE_BYTES = 4096;

  private final RecordsBySplits.Builder<LogRecord> records = new RecordsBySplits.Builder<>();
  private final int mostMessages;
  private final int mostBytes;
  private int messages;
  private long bytes;
  private long newest;

  /** One with no more messages than that, and no message more when it has so many bytes. */
  LogBatch(int mostMessages, int mostBytes) {
    this.mostMessages = mostMessages;
    this.mostBytes = mostBytes;
  }

  /**
   * Adds a message.
   *
   * @param splitId of the topic that it was read from
   * @param payloadBytes how large it is
   */
  void add(String splitId, LogRecord message, int payloadBytes) {
    records.add(splitId, message);
    messages++;
    bytes += payloadBytes;
    newest = Math.max(newest, message.timestamp());
  }

  /** Whether nothing may be added to it. */
  boolean isFull() {
    return messages >= mostMessages || bytes >= mostBytes;
  }

  /**
   * How long after the begin of this batch the next one is begun.
   *
   * @param nowMillis the time of day, milliseconds since the epoch
   */
  Duration pause(long nowMillis) {
    boolean isOfBacklog = nowMillis - LogWatermarks.toMillis(newest) > BACKLOG.toMillis();
    boolean isOfSmallMessages =
        messages >= MANY_MESSAGES && bytes < (long) messages * SMALL_MESSAGE_BYTES;
    if (isOfBacklog && isOfSmallMessages && !isFull()) {
      return LONG_PAUSE;
    }
    return bytes < LITTLE_BYTES ? SHORT_PAUSE : Duration.ZERO;
  }

  /** All that was added. */
  RecordsWithSplitIds<LogRecord> build() {
    return records.build();
  }
}
