package io.milvus.cdc.server.tasks;

import io.milvus.cdc.server.flink.JobMeasures;
import io.milvus.cdc.server.tasks.Lifecycle.Counts;
import io.milvus.cdc.server.tasks.Lifecycle.Progress;
import io.milvus.cdc.task.JobTraffic;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a process knows of a task beyond its record; all of it can be found out again after a crash.
 * The lock is held during a step; what answers read is volatile.
 */
final class TaskMemory {

  private static final Duration FIRST_BACKOFF = Duration.ofSeconds(1);
  private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(30);

  /**
   * A stop that is under way.
   *
   * @param jobId the job
   * @param triggerId the savepoint's; absent when the job is not asked for one
   * @param since when it began
   * @param cancelledAt when the job was cancelled last
   * @param savepoint the savepoint, once taken
   */
  record Stop(
      String jobId,
      Optional<String> triggerId,
      Instant since,
      Optional<Instant> cancelledAt,
      Optional<String> savepoint) {

    Stop triggered(String id) {
      return new Stop(jobId, Optional.of(id), since, cancelledAt, savepoint);
    }

    Stop cancelled(Instant now) {
      return new Stop(jobId, triggerId, since, Optional.of(now), savepoint);
    }

    Stop taken(String path) {
      return new Stop(jobId, triggerId, since, cancelledAt, Optional.of(path));
    }
  }

  final String taskId;
  final ReentrantLock lock = new ReentrantLock();

  Optional<Stop> stop = Optional.empty();
  Optional<Instant> missingSince = Optional.empty();

  /** When the job was seen to have failed; present only until it is recorded why. */
  Optional<Instant> failedAt = Optional.empty();

  volatile Optional<Instant> sampledAt = Optional.empty();
  Optional<Instant> snapshotAskedAt = Optional.empty();
  Optional<Instant> keptAt = Optional.empty();
  Instant nextAttempt = Instant.EPOCH;
  int attempts = 0;
  Optional<String> submittedHere = Optional.empty();
  long retries = 0;

  volatile long actedAt = Long.MIN_VALUE;
  volatile Optional<String> reason = Optional.empty();
  volatile Optional<Progress> progress = Optional.empty();

  /** What the newest job last reported; absent before its first report. */
  volatile Optional<JobMeasures> latest = Optional.empty();

  /** What the newest job last said about its traffic; absent before it did. */
  volatile Optional<JobTraffic> traffic = Optional.empty();

  Optional<Instant> trafficAskedAt = Optional.empty();

  /** When it was this task's turn to have its job asked, in nanoseconds; the ticker's alone. */
  long turnAt = Long.MIN_VALUE;

  /** When the job last reported something new, as it does each time it is asked. */
  volatile Instant measuredAt = Instant.EPOCH;

  /** Whether the job reported nothing when it was asked last. */
  volatile boolean isSilent;

  TaskMemory(String taskId) {
    this.taskId = taskId;
  }

  void submissionFailed(Instant now, String why) {
    Duration backoff = FIRST_BACKOFF.multipliedBy(1L << Math.min(attempts, 5));
    nextAttempt = now.plus(backoff.compareTo(LONGEST_BACKOFF) < 0 ? backoff : LONGEST_BACKOFF);
    attempts++;
    reason = Optional.of(why);
  }

  void submissionAccepted(String jobId) {
    submittedHere = Optional.of(jobId);
    attempts = 0;
    nextAttempt = Instant.EPOCH;
    missingSince = Optional.empty();
    failedAt = Optional.empty();
    reason = Optional.empty();
    latest = Optional.empty();
    traffic = Optional.empty();
    trafficAskedAt = Optional.empty();
    retries = 0;
  }

  /** Takes in what a job reports; a job's counts begin again at zero whenever it restarts. */
  void measured(String jobId, JobMeasures measures, Optional<Progress> recorded) {
    Counts current =
        new Counts(measures.rowsInserted(), measures.rowsDeleted(), measures.ddlApplied());
    Optional<Progress> before = progress.or(() -> recorded);
    Counts earlier =
        before
            .map(
                known ->
                    known.jobId().equals(jobId) && !current.anyBelow(known.ofJob())
                        ? known.total().minus(known.ofJob())
                        : known.total())
            .orElse(Counts.NONE);
    progress =
        Optional.of(
            new Progress(
                jobId,
                measures.replicatedUntil().or(() -> before.flatMap(Progress::replicatedUntil)),
                earlier.plus(current),
                current));
  }
}
