package io.milvus.cdc.server.tasks;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lag of every task in the last 15 minutes, for a person who has just begun to look. It is in
 * memory only and begins anew with the process; a moment at which a lag was not known is missing.
 */
public final class LagHistory implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(LagHistory.class);
  private static final Duration KEPT = Duration.ofMinutes(15);
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  /**
   * A lag.
   *
   * @param age how long ago it was
   * @param lag how far the target was behind
   */
  public record Sample(Duration age, Duration lag) {}

  /** A lag at a moment. */
  private record Recorded(Instant at, Duration lag) {}

  private final Supplier<List<TaskView>> tasks;
  private final Clock clock;

  /** By task, the oldest first. */
  private final Map<String, Deque<Recorded>> recorded = new LinkedHashMap<>();

  private final ScheduledExecutorService ticker =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "lag-history");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * Knows nothing before {@link #start} or {@link #record}.
   *
   * @param tasks all tasks as they are at this moment
   * @param clock tells the time
   */
  public LagHistory(Supplier<List<TaskView>> tasks, Clock clock) {
    this.tasks = tasks;
    this.clock = clock;
  }

  /** Begins to record. */
  public void start() {
    var unused =
        ticker.scheduleWithFixedDelay(
            this::recordIfPossible, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void recordIfPossible() {
    try {
      record();
    } catch (RuntimeException e) {
      LOG.debug("The lags of the tasks are not known: reason={}", e.getMessage());
    }
  }

  /** Takes down the lag of every task at this moment, and forgets tasks that are gone. */
  public void record() {
    List<TaskView> views = tasks.get();
    Instant now = clock.instant();
    synchronized (recorded) {
      recorded.keySet().retainAll(views.stream().map(TaskView::taskId).toList());
      for (TaskView view : views) {
        Deque<Recorded> samples = recorded.computeIfAbsent(view.taskId(), id -> new ArrayDeque<>());
        view.lag().ifPresent(lag -> samples.addLast(new Recorded(now, lag)));
        samples.removeIf(sample -> isOld(sample, now));
      }
    }
  }

  /** What is known of each task by its id, the oldest sample first. */
  public Map<String, List<Sample>> recent() {
    Instant now = clock.instant();
    Map<String, List<Sample>> recent = new LinkedHashMap<>();
    synchronized (recorded) {
      recorded.forEach(
          (taskId, samples) ->
              recent.put(
                  taskId,
                  samples.stream()
                      .filter(sample -> !isOld(sample, now))
                      .map(sample -> new Sample(Duration.between(sample.at(), now), sample.lag()))
                      .toList()));
    }
    return recent;
  }

  private static boolean isOld(Recorded sample, Instant now) {
    return sample.at().plus(KEPT).isBefore(now);
  }

  @Override
  public void close() {
    ticker.shutdownNow();
  }
}
