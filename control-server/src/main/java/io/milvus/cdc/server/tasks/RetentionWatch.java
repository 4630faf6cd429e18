package io.milvus.cdc.server.tasks;

import io.milvus.cdc.task.SourceCluster;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows for how long the source keeps its log, so that a task can say how much time is left before
 * what it still needs may be deleted. The source is asked once a minute, for all tasks.
 */
public final class RetentionWatch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(RetentionWatch.class);
  private static final Duration INTERVAL = Duration.ofMinutes(1);

  private final SourceLog sourceLog;
  private final SourceCluster source;
  private final ScheduledExecutorService ticker =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "retention-watch");
            thread.setDaemon(true);
            return thread;
          });
  private volatile Optional<Duration> kept = Optional.empty();

  /** Knows nothing before {@link #start} or {@link #ask}. */
  public RetentionWatch(SourceLog sourceLog, SourceCluster source) {
    this.sourceLog = sourceLog;
    this.source = source;
  }

  /** Begins to ask. */
  public void start() {
    var unused =
        ticker.scheduleWithFixedDelay(this::ask, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Asks now; what was known stays when there is no answer. */
  public void ask() {
    try {
      kept = sourceLog.retention(source);
    } catch (RuntimeException e) {
      LOG.debug("The source does not tell how long it keeps its log: reason={}", e.getMessage());
    }
  }

  /**
   * The time until something may be deleted that happened after a moment of the source; zero when
   * it may be gone, empty when nobody knows.
   */
  Optional<Duration> left(Instant replicatedUntil, Instant now) {
    return kept.map(
        time -> Reconciler.nonNegative(Duration.between(now, replicatedUntil.plus(time))));
  }

  @Override
  public void close() {
    ticker.shutdownNow();
  }
}
