package io.milvus.cdc.server.tasks;

import io.milvus.cdc.server.flink.FlinkCluster;
import io.milvus.cdc.server.flink.FlinkException;
import io.milvus.cdc.server.flink.Job;
import io.milvus.cdc.server.flink.JobMeasures;
import io.milvus.cdc.task.JobTraffic;
import io.milvus.cdc.task.TaskDefinition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A cluster whose jobs do nothing but keep snapshots. A job runs as soon as it is submitted and
 * stops as soon as its savepoint is asked for.
 */
public final class FakeFlink implements FlinkCluster {

  /** What a test may look at. */
  public final List<JobSubmission> submissions = new ArrayList<>();

  private final Path directory;
  private final Steps steps;
  private final Map<String, Job> jobs = new LinkedHashMap<>();
  private final Set<String> usedIds = new HashSet<>();
  private final List<Optional<String>> newestAtSubmission = new ArrayList<>();
  private final Map<String, String> savepoints = new HashMap<>();
  private final Set<String> stops = new HashSet<>();
  private final Set<String> neverEnding = new HashSet<>();
  private final Map<String, String> failures = new HashMap<>();
  private final Map<String, Supplier<JobMeasures>> measures = new HashMap<>();
  private Optional<JobTraffic> traffic = Optional.empty();
  private Optional<String> waitingFor = Optional.empty();
  private Optional<String> newest = Optional.empty();
  private long snapshots = 1;
  private int mostLive = 0;
  private boolean savepointsHang = false;
  private boolean submissionsAreRefused = false;
  private int calls = 0;
  private int triggers = 0;
  private Optional<String> unreachable = Optional.empty();

  public FakeFlink(Path directory, Steps steps) {
    this.directory = directory;
    this.steps = steps;
  }

  /** The cluster starts anew and has forgotten everything but what is on disk. */
  public synchronized void forget() {
    jobs.clear();
    usedIds.clear();
  }

  synchronized void hangSavepoints() {
    savepointsHang = true;
  }

  /** Its job manager starts anew: jobs go on, and no stop that was asked for is known any more. */
  synchronized void forgetStops() {
    stops.clear();
    savepointsHang = false;
  }

  /** A job can neither be stopped nor cancelled. */
  synchronized void refuseToEnd(String jobId) {
    neverEnding.add(jobId);
  }

  public synchronized void unreachable(boolean on) {
    unreachable = on ? Optional.of("The Flink cluster does not answer") : Optional.empty();
  }

  /** No job is accepted from now on, or each again. */
  synchronized void refuseSubmissions(boolean on) {
    submissionsAreRefused = on;
  }

  public synchronized void fail(String jobId, String reason) {
    failures.put(jobId, reason);
    failWithoutCause(jobId);
  }

  /** As a cluster shows it at first. */
  synchronized void failWithoutCause(String jobId) {
    put(jobId, Job.State.FAILED);
  }

  synchronized void restarting(String jobId, String reason) {
    failures.put(jobId, reason);
    put(jobId, Job.State.RESTARTING);
  }

  public synchronized void report(String jobId, JobMeasures reported) {
    report(jobId, () -> reported);
  }

  /** What a job says whenever it is asked. */
  synchronized void report(String jobId, Supplier<JobMeasures> reported) {
    measures.put(jobId, reported);
  }

  /** From now on a job reports nothing. */
  synchronized void silence(String jobId) {
    measures.remove(jobId);
  }

  /** Keeps a checkpoint of a job as Flink does, and returns its path. */
  synchronized String checkpoint(String jobId) {
    return snapshot(directory.resolve(jobId).resolve("chk-" + snapshots));
  }

  /** The REST interface tells of the newest snapshot of a job from now on. */
  synchronized void knowCheckpoint(String jobId) {
    savepoints.put(jobId, newest.orElseThrow());
  }

  /** For each submission, the newest snapshot that any job had kept by then. */
  synchronized List<Optional<String>> newestAtSubmission() {
    return newestAtSubmission;
  }

  synchronized int mostLiveAtOnce() {
    return mostLive;
  }

  synchronized List<Job> live() {
    return jobs.values().stream().filter(Job::isLive).toList();
  }

  /** A job that nobody has recorded. */
  synchronized void startElsewhere(String jobId, String taskId) {
    usedIds.add(jobId);
    jobs.put(jobId, new Job(jobId, TaskDefinition.jobName(taskId), Job.State.RUNNING, 0, true));
  }

  @Override
  public synchronized List<Job> jobs() {
    refuseIfUnreachable();
    return asked("jobs", List.copyOf(jobs.values()));
  }

  /** A question was answered; nothing has changed. */
  private <T> T asked(String question, T answer) {
    calls++;
    steps.before(question);
    steps.after(question);
    return answer;
  }

  /** How often the cluster was asked something, since it began. */
  public synchronized int calls() {
    return calls;
  }

  @Override
  public synchronized void submit(JobSubmission submission) {
    refuseIfUnreachable();
    steps.before("submit");
    if (submissionsAreRefused) {
      throw new FlinkException.Refused("The job jar has no such class");
    }
    if (!usedIds.add(submission.jobId())) {
      throw new FlinkException.Refused("Job has already been submitted");
    }
    submissions.add(submission);
    newestAtSubmission.add(newest);
    jobs.put(
        submission.jobId(),
        new Job(
            submission.jobId(),
            TaskDefinition.jobName(submission.taskId()),
            Job.State.RUNNING,
            0,
            true));
    mostLive = Math.max(mostLive, live().size());
    steps.after("submit");
  }

  @Override
  public synchronized String stopWithSavepoint(String jobId) {
    refuseIfUnreachable();
    steps.before("stop");
    refuseIfEnded(jobId);
    if (!savepointsHang) {
      savepoints.put(
          jobId,
          snapshot(
              directory.resolve("savepoints").resolve(jobId).resolve("savepoint-" + snapshots)));
      put(jobId, Job.State.FINISHED);
    }
    String triggerId = "trigger " + ++triggers;
    stops.add(triggerId);
    steps.after("stop");
    return triggerId;
  }

  @Override
  public synchronized SavepointProgress savepoint(String jobId, String triggerId) {
    refuseIfUnreachable();
    if (!stops.contains(triggerId)) {
      throw new FlinkException.Refused("There is no savepoint operation of " + triggerId);
    }
    return asked(
        "savepoint",
        savepoints.containsKey(jobId)
            ? new SavepointTaken(savepoints.get(jobId))
            : new SavepointPending());
  }

  @Override
  public synchronized void cancel(String jobId) {
    refuseIfUnreachable();
    steps.before("cancel");
    refuseIfEnded(jobId);
    put(jobId, Job.State.CANCELED);
    steps.after("cancel");
  }

  @Override
  public synchronized Optional<String> newestSnapshot(String jobId) {
    refuseIfUnreachable();
    return asked("newestSnapshot", Optional.ofNullable(savepoints.get(jobId)));
  }

  @Override
  public synchronized Optional<String> failure(String jobId) {
    return asked("failure", Optional.ofNullable(failures.get(jobId)));
  }

  @Override
  public synchronized Optional<JobMeasures> measures(String jobId) {
    return asked("measures", Optional.ofNullable(measures.get(jobId)).map(Supplier::get));
  }

  @Override
  public synchronized Optional<JobTraffic> traffic(String jobId) {
    return asked("traffic", traffic);
  }

  /** Lets every job tell its traffic. */
  public synchronized void tellsTraffic(JobTraffic told) {
    traffic = Optional.of(told);
  }

  @Override
  public synchronized Optional<String> waitingFor(String jobId) {
    return waitingFor;
  }

  /** Lets every job say what it waits for. */
  synchronized void waitsFor(String text) {
    waitingFor = Optional.of(text);
  }

  private void refuseIfUnreachable() {
    if (unreachable.isPresent()) {
      throw new FlinkException.Unreachable(unreachable.get());
    }
  }

  /** As Flink does: a job that has ended can be neither stopped nor cancelled. */
  private void refuseIfEnded(String jobId) {
    if (!jobs.get(jobId).isLive()) {
      throw new FlinkException.Refused("Job " + jobId + " has already ended");
    }
    if (neverEnding.contains(jobId)) {
      throw new FlinkException.Refused("Job " + jobId + " does not end");
    }
  }

  private void put(String jobId, Job.State state) {
    Job job = jobs.get(jobId);
    jobs.put(jobId, new Job(jobId, job.name(), state, job.startTime(), state == Job.State.RUNNING));
  }

  private String snapshot(Path path) {
    try {
      Files.createDirectories(path);
      Path metadata = Files.writeString(path.resolve("_metadata"), "state");
      Files.setLastModifiedTime(metadata, FileTime.fromMillis(1_000_000L * snapshots++));
      String kept = path.toUri().toString().replaceAll("/+$", "").replace("file:///", "file:/");
      newest = Optional.of(kept);
      return kept;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
