package io.milvus.cdc.log;

import java.io.Serializable;
import java.time.Duration;

/**
 * How the log is read.
 *
 * @param receiverQueueSize messages per topic that the client holds before they are asked for. A
 *     message of Milvus has at most 5 MB, so this bounds memory too
 * @param batchMessages at most so many messages are handed over at once
 * @param batchBytes no further message is added once so many bytes of payload are handed over
 * @param listingInterval how often the source is asked for its topics
 */
public record LogTuning(
    int receiverQueueSize, int batchMessages, int batchBytes, Duration listingInterval)
    implements Serializable {

  /** What a job uses. */
  public static final LogTuning DEFAULT =
      new LogTuning(64, 1000, 4 * 1024 * 1024, Duration.ofSeconds(5));
}
