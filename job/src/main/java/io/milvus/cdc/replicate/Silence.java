package io.milvus.cdc.replicate;

import io.milvus.cdc.replicate.Replication.Slowest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Notices when a part of the source tells nothing any more: its metadata, or a topic of a live
 * collection, which both tick several times a second. Asked again and again, by any thread.
 */
final class Silence {

  private final Duration patience;
  private long known;
  private Instant since;

  /**
   * A watch.
   *
   * @param patience how long a part may be silent
   */
  Silence(Duration patience, Instant now) {
    this.patience = patience;
    this.known = -1;
    this.since = now;
  }

  /** What has been silent for too long, for people; empty when nothing has. */
  synchronized String inWords(Slowest slowest, Instant now) {
    if (slowest.epochMillis() != known) {
      known = slowest.epochMillis();
      since = now;
    }
    if (now.isBefore(since.plus(patience))) {
      return "";
    }
    Instant second = since.truncatedTo(ChronoUnit.SECONDS);
    if (slowest.untold().isPresent()) {
      return "messages of collection "
          + slowest.untold().getAsLong()
          + " wait, which the source's etcd has not told of since "
          + second
          + "; pause and resume the task, so that it is asked again";
    }
    return slowest
        .topic()
        .map(
            topic ->
                "nothing has come from topic "
                    + topic
                    + " since "
                    + second
                    + ": the source does not write to it, or its Pulsar does not deliver it; see"
                    + " their logs")
        .orElse("the source's etcd has told nothing since " + second);
  }
}
