package io.milvus.cdc.target;

import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * Tells a fault of one collection from a target that does not work: whether the target does for
 * others what it does not do for that one. Safe for use by many threads.
 *
 * <p>Times are those of {@link System#nanoTime}.
 */
final class WorkForOthers {

  /**
   * What a step does. A target that is over its quota refuses what would make it grow, and does the
   * rest, so only an insert shows that it takes inserts.
   */
  enum Work {
    INSERT,
    DELETE,
    ANY;

    /** What is shown by a step of this kind. */
    private Set<Work> shown() {
      return EnumSet.of(this, ANY);
    }
  }

  private final Duration patience;

  /** When the newest step that was done had begun. */
  private final Map<Work, Long> done = new EnumMap<>(Work.class);

  /** Since when a step that began to fail has not been followed by one that was done. */
  private final Map<Work, Long> doubts = new EnumMap<>(Work.class);

  /**
   * @param patience when a step has begun to fail, and no other was done for so long afterwards,
   *     the target does not work
   */
  WorkForOthers(Duration patience) {
    this.patience = patience;
  }

  /** A step fails that did not before. */
  synchronized void beganToFail(Work work, long now) {
    work.shown().forEach(each -> doubts.putIfAbsent(each, now));
  }

  /**
   * A step was done.
   *
   * @param began when it was begun: what the target accepted before something happened shows
   *     nothing about afterwards
   */
  synchronized void done(Work work, long began) {
    for (Work each : work.shown()) {
      done.merge(each, began, (one, other) -> other - one > 0 ? other : one);
      doubts.computeIfPresent(each, (key, since) -> began - since > 0 ? null : since);
    }
  }

  /**
   * Whether the target has done such work since a moment, and nothing has spoken against it
   * afterwards.
   */
  synchronized boolean isDone(Work work, long since, long now) {
    boolean afterwards = done.containsKey(work) && done.get(work) - since > 0;
    boolean doubted = doubts.containsKey(work) && now - doubts.get(work) > patience.toNanos();
    return afterwards && !doubted;
  }
}
