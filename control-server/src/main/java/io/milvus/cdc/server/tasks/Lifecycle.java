package io.milvus.cdc.server.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What changes during a task's life, as it is kept in the store. Every change replaces the whole
 * record on condition that nobody else changed it.
 *
 * @param version version of this document's layout, {@link #VERSION} in this release
 * @param taskId the task
 * @param createdAt when the task was accepted
 * @param wanted what was last asked for
 * @param request the request as it was given, without anything secret
 * @param reachedRunning whether the job was seen at work since the task was last asked to run
 * @param run the newest job; absent before the first
 * @param olderJobIds jobs before that one whose snapshots may still exist, oldest first
 * @param failure why the task cannot run, when retrying does not help
 * @param progress the newest known progress; absent before the first
 * @param parallelism how many subtasks its next job has; absent in records of servers that did not
 *     keep it here: as many as its definition says
 */
public record Lifecycle(
    int version,
    String taskId,
    Instant createdAt,
    Wanted wanted,
    JsonNode request,
    boolean reachedRunning,
    Optional<Run> run,
    List<String> olderJobIds,
    Optional<String> failure,
    Optional<Progress> progress,
    Optional<Integer> parallelism) {

  /** The layout written by this release. */
  public static final int VERSION = 1;

  /**
   * How many of the oldest and of the newest older jobs are remembered. Only jobs that Flink
   * refuses again and again become more. The oldest may have snapshots, and the newest may yet come
   * to life.
   */
  private static final int OLDER_JOBS = 10;

  public Lifecycle {
    olderJobIds = List.copyOf(olderJobIds);
  }

  /** What was last asked for. */
  public enum Wanted {
    /** The definition is being written; the client has no answer yet. */
    PREPARING,
    RUNNING,
    PAUSED,
    DELETED
  }

  /**
   * One job of a task.
   *
   * @param jobId chosen and recorded before the job is submitted, so that a crash in between can
   *     never lead to two jobs
   * @param restoredFrom the snapshot it starts from
   * @param submitted whether Flink is known to have accepted it
   * @param ended whether it has ended and {@code newestSnapshot} is final
   * @param newestSnapshot its newest known savepoint or checkpoint
   * @param exactStart whether {@code restoredFrom} was the exact end of the job before it; in
   *     records of servers that did not keep it, it is not
   * @param exactEnd whether it was stopped with {@code newestSnapshot}, so that it has applied
   *     nothing of what comes after it
   */
  public record Run(
      String jobId,
      Optional<String> restoredFrom,
      boolean submitted,
      boolean ended,
      Optional<String> newestSnapshot,
      boolean exactStart,
      boolean exactEnd) {

    /** Where the next job continues. */
    Optional<String> next() {
      return newestSnapshot.or(this::restoredFrom);
    }

    /** What has become of it; an absent snapshot leaves the one that is known. */
    private Run with(
        boolean newSubmitted, boolean newEnded, Optional<String> newest, boolean newExactEnd) {
      return new Run(
          jobId,
          restoredFrom,
          newSubmitted,
          newEnded,
          newest.or(this::newestSnapshot),
          exactStart,
          newExactEnd);
    }
  }

  /**
   * How far a task is. The totals are over all its jobs.
   *
   * @param jobId the job that last reported
   * @param replicatedUntil everything up to this time of the source is applied
   * @param total counts since the task was created
   * @param ofJob the part of them that the job itself has reported last
   */
  public record Progress(
      String jobId, Optional<Instant> replicatedUntil, Counts total, Counts ofJob) {}

  /**
   * Counts of what was applied.
   *
   * @param rowsInserted rows inserted or upserted
   * @param rowsDeleted primary keys deleted
   * @param ddlApplied operations on objects
   */
  public record Counts(long rowsInserted, long rowsDeleted, long ddlApplied) {

    static final Counts NONE = new Counts(0, 0, 0);

    Counts plus(Counts other) {
      return new Counts(
          rowsInserted + other.rowsInserted,
          rowsDeleted + other.rowsDeleted,
          ddlApplied + other.ddlApplied);
    }

    Counts minus(Counts other) {
      return new Counts(
          rowsInserted - other.rowsInserted,
          rowsDeleted - other.rowsDeleted,
          ddlApplied - other.ddlApplied);
    }

    boolean anyBelow(Counts other) {
      return rowsInserted < other.rowsInserted
          || rowsDeleted < other.rowsDeleted
          || ddlApplied < other.ddlApplied;
    }
  }

  static Lifecycle preparing(String taskId, Instant createdAt, JsonNode request, int parallelism) {
    return new Lifecycle(
        VERSION,
        taskId,
        createdAt,
        Wanted.PREPARING,
        request,
        false,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(parallelism));
  }

  /** With another wish; to run again means to try again, whatever failed before. */
  Lifecycle asked(Wanted newWanted) {
    return asked(newWanted, parallelism);
  }

  /** With another wish, and another number of subtasks. */
  Lifecycle asked(Wanted newWanted, Optional<Integer> newParallelism) {
    return new Lifecycle(
        version,
        taskId,
        createdAt,
        newWanted,
        request,
        false,
        run,
        olderJobIds,
        Optional.empty(),
        progress,
        newParallelism);
  }

  Lifecycle withReachedRunning() {
    return with(true, run, olderJobIds, failure, progress);
  }

  /** Whether a job is recorded as one of this task. */
  boolean hasJob(String jobId) {
    return run.filter(newest -> newest.jobId().equals(jobId)).isPresent()
        || olderJobIds.contains(jobId);
  }

  /** With a job to be submitted, or one that runs and was not known to be the newest. */
  Lifecycle withNewRun(String jobId) {
    List<String> older =
        new ArrayList<>(
            Stream.concat(olderJobIds.stream(), run.stream().map(Run::jobId))
                .filter(olderId -> !olderId.equals(jobId))
                .distinct()
                .toList());
    if (older.size() > 2 * OLDER_JOBS) {
      // The one with the snapshot that the task continues from may be anywhere.
      String snapshot = run.flatMap(Run::next).orElse("");
      older
          .subList(OLDER_JOBS, older.size() - OLDER_JOBS)
          .removeIf(olderId -> !snapshot.contains(olderId));
    }
    return with(
        reachedRunning,
        Optional.of(
            new Run(
                jobId,
                run.flatMap(Run::next),
                false,
                false,
                Optional.empty(),
                run.map(Run::exactEnd).orElse(false),
                false)),
        older,
        failure,
        progress);
  }

  Lifecycle withSubmitted() {
    return withRun(run.map(r -> r.with(true, r.ended(), Optional.empty(), r.exactEnd())));
  }

  Lifecycle withSnapshot(Optional<String> newest) {
    return withRun(run.map(r -> r.with(r.submitted(), r.ended(), newest, r.exactEnd())));
  }

  /**
   * With the end of its job.
   *
   * @param exactly whether the job was stopped with {@code newest}
   */
  Lifecycle withEnded(Optional<String> newest, boolean exactly) {
    return withRun(run.map(r -> r.with(r.submitted(), true, newest, exactly)));
  }

  Lifecycle withFailure(String reason) {
    return with(reachedRunning, run, olderJobIds, Optional.of(reason), progress);
  }

  Lifecycle withProgress(Optional<Progress> newProgress) {
    return with(reachedRunning, run, olderJobIds, failure, newProgress.or(() -> progress));
  }

  Lifecycle withoutOlderJobs() {
    return with(reachedRunning, run, List.of(), failure, progress);
  }

  private Lifecycle withRun(Optional<Run> newRun) {
    return with(reachedRunning, newRun, olderJobIds, failure, progress);
  }

  private Lifecycle with(
      boolean newReachedRunning,
      Optional<Run> newRun,
      List<String> newOlderJobIds,
      Optional<String> newFailure,
      Optional<Progress> newProgress) {
    return new Lifecycle(
        version,
        taskId,
        createdAt,
        wanted,
        request,
        newReachedRunning,
        newRun,
        newOlderJobIds,
        newFailure,
        newProgress,
        parallelism);
  }
}
