package io.milvus.cdc.task;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Whether rows are written to a task's topics just now, as far as this process reads them. A hint
 * for how often something is worth its price, and no more: the parts of a job may run in several
 * processes. It takes some bytes for each task that the process has run.
 *
 * <p>Safe for use by several threads.
 */
public final class SourceTraffic {

  private static final long RECENT_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final Map<String, SourceTraffic> BY_TASK = new ConcurrentHashMap<>();

  private volatile long newest = System.nanoTime() - RECENT_NANOS;

  private SourceTraffic() {}

  /** The same one for all parts of a task that run here. */
  public static SourceTraffic of(String taskId) {
    return BY_TASK.computeIfAbsent(taskId, first -> new SourceTraffic());
  }

  /** Rows have come. */
  public void rowsCame() {
    newest = System.nanoTime();
  }

  /** Whether rows came within the last seconds. */
  public boolean isRecent() {
    return System.nanoTime() - newest < RECENT_NANOS;
  }
}
