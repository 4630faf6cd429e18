package io.milvus.cdc.log;

import java.io.Serializable;
import java.time.Duration;

/**
 * How the log is read.
 *
 * @param receiverQueueSize at most so many messages per topic are held by the client before they
 *     are asked for
 * @param receiverQueueBytes about so many bytes are held by the client for all topics of a reader,
 *     an equal share for each: where messages are large, it holds fewer of them
 * @param batchMessages at most so many messages are handed over at once
 * @param batchBytes no further message is added once so many bytes of payload are handed over
 * @param listingInterval how often the source is asked whether its topics are still there
 * @param mostAhead how far in the log's time a topic may be ahead of one that has no message at the
 *     moment: what it is ahead waits in memory, as rows of a collection are applied in the order of
 *     all its topics. More than the silence, or a topic whose last collection was dropped would
 *     hold up the others
 * @param silence how long such a topic is waited for
 * @param mostAheadBytes how much may be read meanwhile of the others of a reader when it is silent
 *     for longer, or is not open. Beyond it they wait until the topic goes on, or the broker says
 *     that it has nothing more
 */
public record LogTuning(
    int receiverQueueSize,
    int receiverQueueBytes,
    int batchMessages,
    int batchBytes,
    Duration listingInterval,
    Duration mostAhead,
    Duration silence,
    long mostAheadBytes)
    implements Serializable {

  /** What a job uses. */
  public static final LogTuning DEFAULT =
      new LogTuning(
          500,
          32 * 1024 * 1024,
          1000,
          4 * 1024 * 1024,
          Duration.ofSeconds(15),
          Duration.ofMillis(2500),
          Duration.ofSeconds(2),
          32L * 1024 * 1024);
}
