package io.milvus.cdc.log;

import java.util.function.LongSupplier;

/**
 * How many messages of a topic the Pulsar client may hold before they are asked for.
 *
 * <p>The client counts messages, not bytes, and what it has once asked the broker for comes, also
 * while nothing is read because the target is away. So it asks for few as long as nobody knows how
 * large they are, for more when it keeps reading waiting, and for no more than fit into the topic's
 * share of memory.
 *
 * <p>Knows neither Pulsar nor threads: used by one at a time.
 */
final class ReceiverWindow {

  /** Of a topic of which it is not known what comes: a silent one has messages of 100 bytes. */
  static final int BLIND = 4;

  /** With one, reading would wait for each message. */
  private static final int FEWEST = 2;

  /** What was read longer ago than so many messages, or twice that, says nothing any more. */
  private static final int REMEMBERED = 500;

  /** When so often nothing was missing there is no backlog. A tick comes every 200 ms. */
  private static final int QUIET = 100;

  private final int most;
  private final LongSupplier share;

  private int size;
  private long largest = 1;
  private long largestBefore = 1;
  private int read;
  private boolean isLimiting;
  private int quiet;

  /**
   * A window that is not open.
   *
   * @param most messages
   * @param share how many bytes the topic's messages may take
   */
  ReceiverWindow(int most, LongSupplier share) {
    this.most = most;
    this.share = share;
  }

  /** The number of messages that may be held. */
  int size() {
    return size;
  }

  /**
   * The size to begin with.
   *
   * @param averageBytes of the topic's messages, as far as the broker knows
   */
  int open(long averageBytes) {
    size = Math.min(BLIND, fitting(Math.max(averageBytes, largest())));
    isLimiting = false;
    quiet = 0;
    return size;
  }

  /**
   * A message was taken out.
   *
   * @param bytes of it
   * @param held how many are still held
   * @param heldBytes how large these are together
   * @param missing how many more than these the broker has been asked for
   */
  void read(long bytes, int held, long heldBytes, int missing) {
    if (read++ == REMEMBERED) {
      read = 1;
      largestBefore = largest;
      largest = 1;
    }
    largest = Math.max(largest, held == 0 ? bytes : Math.max(bytes, heldBytes / held));
    isLimiting |= missing <= 0;
    size = Math.min(size, fitting(largest()));
  }

  /** All that was held is taken out. */
  void drained() {
    if (isLimiting) {
      size = Math.min(2 * size, fitting(largest()));
      quiet = 0;
    } else if (++quiet >= QUIET) {
      size = Math.min(BLIND, fitting(largest()));
    }
    isLimiting = false;
  }

  private long largest() {
    return Math.max(largest, largestBefore);
  }

  private int fitting(long bytes) {
    return (int) Math.max(FEWEST, Math.min(most, share.getAsLong() / bytes));
  }
}
