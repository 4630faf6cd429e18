package io.milvus.cdc.server.tasks;

import io.milvus.cdc.server.flink.FlinkCluster;
import io.milvus.cdc.server.flink.FlinkCluster.JobSubmission;
import io.milvus.cdc.server.flink.FlinkCluster.SavepointFailed;
import io.milvus.cdc.server.flink.FlinkCluster.SavepointPending;
import io.milvus.cdc.server.flink.FlinkCluster.SavepointProgress;
import io.milvus.cdc.server.flink.FlinkCluster.SavepointTaken;
import io.milvus.cdc.server.flink.FlinkException;
import io.milvus.cdc.server.flink.Job;
import io.milvus.cdc.server.flink.JobMeasures;
import io.milvus.cdc.server.flink.Snapshots;
import io.milvus.cdc.server.tasks.Lifecycle.Progress;
import io.milvus.cdc.server.tasks.Lifecycle.Run;
import io.milvus.cdc.server.tasks.Lifecycle.Wanted;
import io.milvus.cdc.server.tasks.LifecycleStore.Stored;
import io.milvus.cdc.server.tasks.TaskMemory.Stop;
import io.milvus.cdc.task.TaskDefinition;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes Flink agree with what is wanted. The store says what is wanted of each task, Flink says
 * what is; a step closes a part of the difference. A step can be repeated at any time and by
 * anybody: what it decides depends on nothing that a crash loses.
 */
public final class Reconciler implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);

  /** More than what checkpoints and restarts make of it. */
  private static final Duration LONG_LAG = Duration.ofSeconds(15);

  /** How long a create request may take between its first and its last write. */
  private static final Duration PREPARING_TIMEOUT = Duration.ofMinutes(2);

  /** How long a job that is starting gets to be able to take a savepoint. */
  private static final Duration START_PATIENCE = Duration.ofSeconds(5);

  /** Flink shows that a job has failed somewhat before it shows why, as it caches answers. */
  private static final Duration CAUSE_PATIENCE = Duration.ofSeconds(5);

  private static final Duration CANCEL_AGAIN = Duration.ofSeconds(5);

  /**
   * How many jobs are asked for a report in each {@link ReconcilerSettings#interval}. Flink has no
   * request that tells the metrics of several jobs' operators, so each is a request of its own;
   * with more jobs than this they take turns.
   */
  private static final int ASKED_PER_INTERVAL = 10;

  /** How long tasks count as watched after somebody saw them; a page asks more often. */
  private static final Duration WATCHED_FOR = Duration.ofSeconds(10);

  private static final Duration ASK_SNAPSHOT = Duration.ofSeconds(5);

  private static final Duration ASK_TRAFFIC = Duration.ofSeconds(10);
  private static final int REFUSALS_PER_JOB_ID = 3;
  private static final int THREADS = 4;

  /**
   * The cluster's jobs at one moment.
   *
   * @param takenAt {@link System#nanoTime} before the question was sent
   * @param all the jobs, those of other servers among them
   * @param ownPrefix see {@link LifecycleStore#jobIdPrefix}
   */
  private record Jobs(long takenAt, List<Job> all, String ownPrefix) {

    /** A name proves nothing: another server on this cluster may have a task of the same id. */
    List<Job> live(Lifecycle lifecycle) {
      String name = TaskDefinition.jobName(lifecycle.taskId());
      return all.stream()
          .filter(job -> job.isLive() && job.name().equals(name))
          .filter(job -> lifecycle.hasJob(job.id()) || job.id().startsWith(ownPrefix))
          .toList();
    }

    Optional<Job> byId(String jobId) {
      return all.stream().filter(job -> job.id().equals(jobId)).findFirst();
    }
  }

  private final LifecycleStore store;
  private final TaskDefinitions definitions;
  private final FlinkCluster flink;
  private final Snapshots snapshots;
  private final ReconcilerSettings settings;
  private final Clock clock;
  private final Map<String, TaskMemory> memories = new ConcurrentHashMap<>();
  private final ScheduledExecutorService ticker =
      Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "reconciler"));
  private final ExecutorService steps;

  /** A report this old was missed twice, when jobs are asked as often as now. */
  private volatile Duration reportIsFresh;

  /** When somebody last wanted to see tasks. */
  private volatile Instant watchedAt = Instant.EPOCH;

  /** Whether the last look found every task as it should be, and none was asked to change since. */
  private volatile boolean allAsWanted;

  // The ticker's alone.
  private int ticksSinceLook;
  private boolean storeIsInTrouble;

  private volatile Optional<String> clusterTrouble = Optional.empty();

  /** Does nothing before {@link #start}, except when asked by {@link #reconcile}. */
  public Reconciler(
      LifecycleStore store,
      TaskDefinitions definitions,
      FlinkCluster flink,
      Snapshots snapshots,
      ReconcilerSettings settings,
      Clock clock) {
    this(
        store,
        definitions,
        flink,
        snapshots,
        settings,
        clock,
        Executors.newFixedThreadPool(THREADS, task -> new Thread(task, "reconciler-step")));
  }

  /** As above, with steps made by an executor of the caller's. */
  Reconciler(
      LifecycleStore store,
      TaskDefinitions definitions,
      FlinkCluster flink,
      Snapshots snapshots,
      ReconcilerSettings settings,
      Clock clock,
      ExecutorService steps) {
    this.steps = steps;
    this.store = store;
    this.definitions = definitions;
    this.flink = flink;
    this.snapshots = snapshots;
    this.settings = settings;
    this.clock = clock;
    this.reportIsFresh = freshness(0, pace());
  }

  private Duration freshness(int jobs, Duration pace) {
    Duration round = settings.interval().multipliedBy(jobs / ASKED_PER_INTERVAL);
    Duration longer = round.compareTo(pace) > 0 ? round : pace;
    // A job is asked in the first look after it is due.
    return twiceMissed(longer.plus(betweenLooks()));
  }

  private static Duration twiceMissed(Duration between) {
    return between.multipliedBy(2).plusSeconds(1);
  }

  /** Between two looks at a job's metrics. */
  private Duration pace() {
    return isWatched() ? settings.sampleInterval() : settings.unwatchedInterval();
  }

  private Duration betweenLooks() {
    return isWatched() || !allAsWanted ? settings.interval() : settings.calmInterval();
  }

  private boolean isWatched() {
    return clock.instant().isBefore(watchedAt.plus(WATCHED_FOR));
  }

  /** Somebody wants to see tasks, and probably soon again: what is known of them is kept fresh. */
  void watched() {
    watchedAt = clock.instant();
  }

  /** Begins to look at all tasks again and again. */
  public void start() {
    long millis = settings.interval().toMillis();
    var unused = ticker.scheduleWithFixedDelay(this::tick, 0, millis, TimeUnit.MILLISECONDS);
  }

  private void tick() {
    try {
      lookIfDue();
    } catch (FlinkException e) {
      LOG.debug("Tasks are not looked at: reason={}", e.getMessage());
    } catch (TaskException e) {
      if (!storeIsInTrouble) {
        LOG.warn("Tasks are not looked at: reason={}", e.getMessage());
      }
      storeIsInTrouble = true;
    } catch (RejectedExecutionException e) {
      LOG.debug("Tasks are not looked at any more: the server stops");
    } catch (RuntimeException e) {
      LOG.error("Tasks are not looked at, report this as a bug", e);
    }
  }

  /** Looks at all tasks once, or leaves it to a later time when nothing calls for it. */
  void lookIfDue() {
    ticksSinceLook++;
    if (ticksSinceLook >= betweenLooks().dividedBy(settings.interval())) {
      look();
    }
  }

  /** One request for the states of all jobs, then a step for each task. */
  private void look() {
    int most = ASKED_PER_INTERVAL * ticksSinceLook;
    ticksSinceLook = 0;
    allAsWanted = false;
    Jobs jobs = jobs();
    // Whoever changes a task has written it before he says so here: it is read, or this taken back.
    allAsWanted = true;
    List<Stored> all = store.all();
    if (storeIsInTrouble) {
      LOG.info("Tasks are looked at again");
      storeIsInTrouble = false;
    }
    if (!all.stream().allMatch(stored -> isAsWanted(stored.lifecycle(), jobs))) {
      allAsWanted = false;
    }
    Set<String> turns = turns(all, jobs, most);
    for (Stored stored : all) {
      boolean ask = turns.contains(id(stored));
      steps.execute(() -> stepUnlessBusy(stored, jobs, ask));
    }
  }

  /** Whether there is nothing to do for a task but to hear how far it is. */
  private static boolean isAsWanted(Lifecycle lifecycle, Jobs jobs) {
    List<Job> live = jobs.live(lifecycle);
    return switch (lifecycle.wanted()) {
      case RUNNING -> lifecycle.failure().isPresent() || runs(lifecycle, live);
      case PAUSED -> live.isEmpty() && lifecycle.run().map(Run::ended).orElse(true);
      case PREPARING, DELETED -> false;
    };
  }

  private static boolean runs(Lifecycle lifecycle, List<Job> live) {
    Optional<String> recordedId = lifecycle.run().map(Run::jobId);
    return lifecycle.reachedRunning()
        && live.size() == 1
        && live.get(0).isRunning()
        && recordedId.filter(live.get(0).id()::equals).isPresent();
  }

  /**
   * The tasks whose jobs are asked in this look: of those that are due, the longest not asked.
   *
   * @param most how many at most
   */
  private Set<String> turns(List<Stored> all, Jobs jobs, int most) {
    List<String> running =
        all.stream()
            .map(Stored::lifecycle)
            .filter(lifecycle -> lifecycle.wanted() == Wanted.RUNNING)
            .filter(lifecycle -> !jobs.live(lifecycle).isEmpty())
            .map(Lifecycle::taskId)
            .toList();
    Duration pace = pace();
    reportIsFresh = freshness(running.size(), pace);
    List<String> turns =
        running.stream()
            .filter(taskId -> isDue(memory(taskId), pace))
            .sorted(Comparator.comparingLong(taskId -> memory(taskId).turnAt))
            .limit(most)
            .toList();
    turns.forEach(taskId -> memory(taskId).turnAt = jobs.takenAt());
    return Set.copyOf(turns);
  }

  private boolean isDue(TaskMemory memory, Duration interval) {
    return memory.sampledAt.filter(at -> clock.instant().isBefore(at.plus(interval))).isEmpty();
  }

  private Jobs jobs() {
    long now = System.nanoTime();
    try {
      Jobs jobs = new Jobs(now, flink.jobs(), store.jobIdPrefix());
      if (clusterTrouble.isPresent()) {
        LOG.info("Flink cluster answers again");
        clusterTrouble = Optional.empty();
      }
      return jobs;
    } catch (FlinkException e) {
      if (clusterTrouble.isEmpty()) {
        LOG.warn("Flink cluster does not answer: reason={}", e.getMessage());
      }
      clusterTrouble = Optional.of(e.getMessage());
      throw e;
    }
  }

  private void stepUnlessBusy(Stored stored, Jobs jobs, boolean ask) {
    TaskMemory memory = memory(stored.lifecycle().taskId());
    if (memory.lock.tryLock()) {
      try {
        guardedStep(stored, jobs, memory, ask);
      } finally {
        memory.lock.unlock();
      }
    }
  }

  /** Makes one step for one task now, after whatever is under way for it. */
  public void reconcile(String taskId) {
    allAsWanted = false;
    TaskMemory memory = memory(taskId);
    memory.lock.lock();
    try {
      Jobs jobs = jobs();
      store.find(taskId).ifPresent(stored -> guardedStep(stored, jobs, memory, true));
    } catch (FlinkException e) {
      LOG.debug("Task is not looked at: task={} reason={}", taskId, e.getMessage());
    } finally {
      memory.lock.unlock();
    }
  }

  /** Makes one step for one task soon. */
  void nudge(String taskId) {
    try {
      steps.execute(() -> reconcile(taskId));
    } catch (RejectedExecutionException e) {
      LOG.debug("Task is not looked at any more: the server stops, task={}", taskId);
    }
  }

  /** Why the cluster could not be asked the last time, when it could not. */
  Optional<String> clusterTrouble() {
    return clusterTrouble;
  }

  /**
   * Asks the cluster once.
   *
   * @throws FlinkException when it does not answer
   */
  public void checkCluster() {
    var unused = flink.jobs();
  }

  private TaskMemory memory(String taskId) {
    return memories.computeIfAbsent(taskId, TaskMemory::new);
  }

  /**
   * @param ask whether the job may be asked for a report
   */
  private void guardedStep(Stored stored, Jobs jobs, TaskMemory memory, boolean ask) {
    if (jobs.takenAt() <= memory.actedAt) {
      return; // What is known is older than what was done since.
    }
    String taskId = stored.lifecycle().taskId();
    try {
      step(stored, jobs, memory, ask);
    } catch (FlinkException.Unreachable e) {
      memory.reason = Optional.of(e.getMessage());
    } catch (FlinkException.Refused e) {
      memory.reason = Optional.of("Flink refused a request: " + e.getMessage());
      LOG.warn("Flink refused a request: task={} reason={}", taskId, e.getMessage());
    } catch (TaskException | UncheckedIOException e) {
      memory.reason = Optional.of(e.getMessage());
      LOG.warn("Task cannot be looked after: task={} reason={}", taskId, e.getMessage());
    } catch (RuntimeException e) {
      memory.reason = Optional.of("The server made an error, its log says which; report it");
      LOG.error("Task cannot be looked after, report this as a bug: task={}", taskId, e);
    }
  }

  private void step(Stored stored, Jobs jobs, TaskMemory memory, boolean ask) {
    Lifecycle lifecycle = stored.lifecycle();
    List<Job> live = jobs.live(lifecycle);
    if (!live.isEmpty()) {
      memory.missingSince = Optional.empty();
    }
    switch (lifecycle.wanted()) {
      case PREPARING -> giveUpPreparing(stored);
      case RUNNING -> keepRunning(stored, jobs, live, memory, ask);
      case PAUSED -> keepPaused(stored, jobs, live, memory);
      case DELETED -> remove(stored, live, memory);
    }
  }

  /** A create request that never came to its end has answered nobody. */
  private void giveUpPreparing(Stored stored) {
    if (stored.lifecycle().createdAt().plus(PREPARING_TIMEOUT).isBefore(clock.instant())) {
      store.replace(stored, stored.lifecycle().asked(Wanted.DELETED));
    }
  }

  private void keepRunning(
      Stored stored, Jobs jobs, List<Job> live, TaskMemory memory, boolean ask) {
    Lifecycle lifecycle = stored.lifecycle();
    if (lifecycle.failure().isPresent()) {
      return;
    }
    if (!live.isEmpty()) {
      observe(stored, live, memory, ask);
      return;
    }
    if (lifecycle.run().isEmpty() || lifecycle.run().get().ended()) {
      startNew(stored, memory);
      return;
    }
    Run run = lifecycle.run().get();
    Optional<Job> ended = jobs.byId(run.jobId());
    if (ended.isPresent()) {
      if (ended.get().state() == Job.State.FAILED) {
        fail(stored, run, memory);
      } else {
        settle(stored, ended, memory).ifPresent(settled -> startNew(settled, memory));
      }
    } else if (!run.submitted() && snapshots.newest(run.jobId()).isEmpty()) {
      if (memory.attempts < REFUSALS_PER_JOB_ID) {
        submit(stored, run, memory);
      } else if (!clock.instant().isBefore(memory.nextAttempt)) {
        startNew(stored, memory);
      }
    } else if (isLost(run, memory)) {
      LOG.warn("Job is gone, the task is started again: task={} job={}", id(stored), run.jobId());
      settle(stored, Optional.empty(), memory).ifPresent(settled -> startNew(settled, memory));
    }
  }

  private boolean isLost(Run run, TaskMemory memory) {
    if (settings.clusterStartsEmpty()
        && memory.submittedHere.filter(run.jobId()::equals).isEmpty()) {
      return true;
    }
    Instant now = clock.instant();
    if (memory.missingSince.isEmpty()) {
      memory.missingSince = Optional.of(now);
    }
    return !now.isBefore(memory.missingSince.get().plus(settings.lostJobGrace()));
  }

  private void startNew(Stored stored, TaskMemory memory) {
    if (clock.instant().isBefore(memory.nextAttempt)) {
      return;
    }
    String random = UUID.randomUUID().toString().replace("-", "");
    String jobId = (store.jobIdPrefix() + random).substring(0, random.length());
    store
        .replace(stored, stored.lifecycle().withNewRun(jobId))
        .ifPresent(recorded -> submit(recorded, recorded.lifecycle().run().orElseThrow(), memory));
  }

  private void submit(Stored stored, Run run, TaskMemory memory) {
    if (clock.instant().isBefore(memory.nextAttempt)) {
      return;
    }
    Optional<TaskDefinition> definition;
    try {
      definition = definitions.definition(id(stored));
    } catch (TaskException.Unreadable e) {
      failUnsubmitted(stored, e.getMessage());
      return;
    }
    if (definition.isEmpty()) {
      failUnsubmitted(stored, "The task's definition is gone from the store; delete the task");
      return;
    }
    try {
      flink.submit(
          new JobSubmission(
              run.jobId(),
              id(stored),
              stored.lifecycle().parallelism().orElse(definition.get().parallelism()),
              run.restoredFrom(),
              run.exactStart()));
    } catch (FlinkException e) {
      memory.submissionFailed(clock.instant(), "The job cannot be started: " + e.getMessage());
      LOG.warn("Job cannot be started: task={} reason={}", id(stored), e.getMessage());
      return;
    } finally {
      memory.actedAt = System.nanoTime();
    }
    memory.submissionAccepted(run.jobId());
    LOG.info(
        "Job started: task={} job={} restoredFrom={}",
        id(stored),
        run.jobId(),
        run.restoredFrom().orElse("nothing"));
    var unused = store.replace(stored, stored.lifecycle().withSubmitted());
  }

  private void failUnsubmitted(Stored stored, String reason) {
    LOG.error("Task failed: task={} reason={}", id(stored), reason);
    var unused = store.replace(stored, stored.lifecycle().withFailure(reason));
  }

  /** Looks at a job that runs, and records what has to survive. */
  private void observe(Stored stored, List<Job> live, TaskMemory memory, boolean ask) {
    Lifecycle lifecycle = stored.lifecycle();
    Optional<String> recordedId = lifecycle.run().map(Run::jobId);
    Job job =
        live.stream()
            .filter(candidate -> recordedId.filter(candidate.id()::equals).isPresent())
            .findFirst()
            .orElse(live.get(0));
    for (Job other : live) {
      if (!other.equals(job)) {
        LOG.warn("A second job of a task is cancelled: task={} job={}", id(stored), other.id());
        flink.cancel(other.id());
      }
    }
    Lifecycle updated = lifecycle;
    if (recordedId.filter(job.id()::equals).isEmpty()) {
      LOG.warn("A job that was started elsewhere is adopted: task={} job={}", id(stored), job.id());
      updated = updated.withNewRun(job.id());
    }
    if (!updated.run().orElseThrow().submitted()) {
      updated = updated.withSubmitted();
    }
    if (job.isRunning() && !updated.reachedRunning()) {
      updated = updated.withReachedRunning();
    }
    if (ask) {
      sample(lifecycle, job, memory);
      updated = withKept(updated, job, memory);
    }
    if (!updated.equals(lifecycle)) {
      var unused = store.replace(stored, updated);
    }
  }

  private void sample(Lifecycle lifecycle, Job job, TaskMemory memory) {
    Instant now = clock.instant();
    if (!isDue(memory, settings.sampleInterval())) {
      return;
    }
    memory.sampledAt = Optional.of(now);
    Optional<String> reason = Optional.empty();
    Optional<JobMeasures> measures = measures(job, memory);
    if (job.isRunning()) {
      if (measures.isPresent()) {
        boolean repeats = measures.get().work().retriesInAll() > memory.retries;
        Optional<Instant> until = measures.get().replicatedUntil();
        // A job that was started while nothing can be applied does not know how far it is.
        boolean stands =
            until.isEmpty() || until.equals(memory.progress.flatMap(Progress::replicatedUntil));
        if (repeats && stands) {
          reason =
              flink
                  .waitingFor(job.id())
                  .or(
                      () ->
                          Optional.of(
                              "Calls to the target are being repeated, it does not answer as it"
                                  + " should"));
        } else if (stands && memory.reason.isPresent() && memory.retries > 0) {
          reason = memory.reason;
        } else if (stands && mayWait(measures.get())) {
          reason = flink.waitingFor(job.id());
        }
        memory.retries = measures.get().work().retriesInAll();
        memory.measured(job.id(), measures.get(), lifecycle.progress());
        // Flink goes on telling what it knows while it waits for a task manager that is lost.
        if (!measures.equals(memory.latest)) {
          memory.measuredAt = now;
        }
        memory.latest = measures;
        askTraffic(job, memory);
      }
    } else {
      reason =
          flink
              .failure(job.id())
              .map(cause -> "The job restarts after: " + cause)
              .or(() -> Optional.of("The job is starting"));
    }
    memory.reason = reason;
  }

  private Optional<JobMeasures> measures(Job job, TaskMemory memory) {
    Optional<JobMeasures> measures = Optional.empty();
    try {
      measures = job.isRunning() ? flink.measures(job.id()) : Optional.empty();
    } finally {
      memory.isSilent = measures.isEmpty();
    }
    return measures;
  }

  /** In requests of its own, so now and then only; nothing that is decided depends on it. */
  private void askTraffic(Job job, TaskMemory memory) {
    Instant now = clock.instant();
    if (memory.trafficAskedAt.filter(at -> now.isBefore(at.plus(ASK_TRAFFIC))).isEmpty()) {
      memory.trafficAskedAt = Optional.of(now);
      memory.traffic = flink.traffic(job.id()).or(() -> memory.traffic);
    }
  }

  /** A job that has stopped a collection before all else never knows its lag. */
  private static boolean mayWait(JobMeasures measures) {
    return measures.work().collectionsStopped() > 0
        || measures.lag().filter(lag -> lag.compareTo(LONG_LAG) <= 0).isEmpty();
  }

  /** With what a later start needs, written only now and then. */
  private Lifecycle withKept(Lifecycle lifecycle, Job job, TaskMemory memory) {
    Instant now = clock.instant();
    Lifecycle updated = lifecycle;
    boolean snapshotDue =
        memory.snapshotAskedAt.filter(at -> now.isBefore(at.plus(ASK_SNAPSHOT))).isEmpty();
    boolean keepDue =
        memory.keptAt.filter(at -> now.isBefore(at.plus(settings.keepInterval()))).isEmpty();
    if (snapshotDue && (keepDue || !lifecycle.olderJobIds().isEmpty())) {
      memory.snapshotAskedAt = Optional.of(now);
      Optional<String> newest = flink.newestSnapshot(job.id());
      if (newest.isPresent()) {
        updated = updated.withSnapshot(newest);
        // A job's own first checkpoint holds everything; what came before is not needed any more.
        updated.olderJobIds().forEach(snapshots::delete);
        updated = updated.withoutOlderJobs();
      }
    }
    if (keepDue && memory.progress.isPresent()) {
      memory.keptAt = Optional.of(now);
      updated = updated.withProgress(memory.progress);
    }
    return updated;
  }

  private void fail(Stored stored, Run run, TaskMemory memory) {
    Optional<String> cause = flink.failure(run.jobId());
    Instant now = clock.instant();
    Instant failedAt = memory.failedAt.orElse(now);
    memory.failedAt = Optional.of(failedAt);
    if (cause.isEmpty() && now.isBefore(failedAt.plus(CAUSE_PATIENCE))) {
      return;
    }
    String reason =
        cause
            .or(() -> memory.reason)
            .orElse("The job failed; Flink's page of job " + run.jobId() + " says more");
    LOG.error("Task failed: task={} job={} reason={}", id(stored), run.jobId(), reason);
    Optional<String> newest = newestSnapshot(run, true, memory);
    var unused =
        store.replace(
            stored,
            stored
                .lifecycle()
                .withEnded(newest, false)
                .withProgress(memory.progress)
                .withFailure(reason));
    memory.stop = Optional.empty();
    memory.reason = Optional.empty();
    memory.failedAt = Optional.empty();
  }

  private void keepPaused(Stored stored, Jobs jobs, List<Job> live, TaskMemory memory) {
    if (!live.isEmpty()) {
      live.forEach(job -> stop(job, memory));
      return;
    }
    Optional<Run> open = stored.lifecycle().run().filter(run -> !run.ended());
    if (open.isPresent()) {
      Optional<Job> ended = jobs.byId(open.get().jobId());
      if (ended.isPresent() || !open.get().submitted() || isLost(open.get(), memory)) {
        settle(stored, ended, memory)
            .ifPresent(
                settled ->
                    LOG.info(
                        "Task paused: task={} continuesFrom={}",
                        id(stored),
                        settled.lifecycle().run().flatMap(Run::next).orElse("its start")));
      }
    }
  }

  private void stop(Job job, TaskMemory memory) {
    Instant now = clock.instant();
    Stop stop =
        memory
            .stop
            .filter(known -> known.jobId().equals(job.id()))
            .orElseGet(
                () ->
                    new Stop(job.id(), Optional.empty(), now, Optional.empty(), Optional.empty()));
    memory.stop = Optional.of(stop);
    if (stop.cancelledAt().isPresent()) {
      if (!now.isBefore(stop.cancelledAt().get().plus(CANCEL_AGAIN))) {
        cancel(job, stop, memory, "cancelling takes long");
      }
    } else if (stop.triggerId().isEmpty()) {
      if (job.isRunning()) {
        try {
          memory.stop = Optional.of(stop.triggered(flink.stopWithSavepoint(job.id())));
        } catch (FlinkException.Refused e) {
          cancel(job, stop, memory, e.getMessage());
        }
      } else if (job.state() == Job.State.RESTARTING
          || job.state() == Job.State.FAILING
          || !now.isBefore(stop.since().plus(START_PATIENCE))) {
        cancel(job, stop, memory, "the job is " + job.state());
      }
    } else {
      SavepointProgress progress;
      try {
        progress = flink.savepoint(job.id(), stop.triggerId().get());
      } catch (FlinkException.Refused e) {
        stopIsUnknown(job, memory, e);
        memory.stop = Optional.empty(); // It is asked for anew.
        return;
      }
      if (progress instanceof SavepointTaken taken) {
        memory.stop = Optional.of(stop.taken(taken.path()));
      } else if (progress instanceof SavepointFailed failed) {
        cancel(job, stop, memory, failed.reason());
      } else if (progress instanceof SavepointPending
          && !now.isBefore(stop.since().plus(settings.stopTimeout()))) {
        cancel(
            job, stop, memory, "it took longer than " + settings.stopTimeout().toSeconds() + " s");
      }
    }
  }

  private void cancel(Job job, Stop stop, TaskMemory memory, String why) {
    LOG.warn(
        "Job cannot be stopped with a savepoint, its newest checkpoint is used:"
            + " task={} job={} reason={}",
        memory.taskId,
        job.id(),
        why);
    flink.cancel(job.id());
    memory.stop = Optional.of(stop.cancelled(clock.instant()));
  }

  /** Records where a job that has ended left off. */
  private Optional<Stored> settle(Stored stored, Optional<Job> known, TaskMemory memory) {
    Run run = stored.lifecycle().run().orElseThrow();
    known
        .filter(job -> job.state() == Job.State.FINISHED)
        .ifPresent(job -> lookForSavepoint(job, memory));
    Optional<String> newest = newestSnapshot(run, known.isPresent(), memory);
    Optional<Stored> settled =
        store.replace(
            stored,
            stored
                .lifecycle()
                .withEnded(newest, wasStoppedExactly(run, known, memory))
                .withProgress(memory.progress));
    if (settled.isPresent()) {
      memory.stop = Optional.empty();
      memory.missingSince = Optional.empty();
      memory.reason = Optional.empty();
    }
    return settled;
  }

  /** A job may end between two looks at its savepoint. */
  private void lookForSavepoint(Job job, TaskMemory memory) {
    Optional<Stop> asked =
        memory.stop.filter(
            stop ->
                stop.jobId().equals(job.id())
                    && stop.savepoint().isEmpty()
                    && stop.triggerId().isPresent());
    if (asked.isEmpty()) {
      return;
    }
    try {
      if (flink.savepoint(job.id(), asked.get().triggerId().get())
          instanceof SavepointTaken taken) {
        memory.stop = Optional.of(asked.get().taken(taken.path()));
      }
    } catch (FlinkException.Refused e) {
      stopIsUnknown(job, memory, e);
    }
  }

  /** Flink forgets it after minutes, and when its JobManager restarts. */
  private static void stopIsUnknown(Job job, TaskMemory memory, FlinkException.Refused answer) {
    LOG.info(
        "Flink does not know a stop any more: task={} job={} reason={}",
        memory.taskId,
        job.id(),
        answer.getMessage());
  }

  /** A job that could not be stopped after its savepoint has gone on from it. */
  private static boolean wasStoppedExactly(Run run, Optional<Job> known, TaskMemory memory) {
    return known.filter(job -> job.state() == Job.State.FINISHED).isPresent()
        && savepoint(run, memory).isPresent();
  }

  /** The savepoint with which a job was asked to stop, once it is known. */
  private static Optional<String> savepoint(Run run, TaskMemory memory) {
    return memory.stop.filter(stop -> stop.jobId().equals(run.jobId())).flatMap(Stop::savepoint);
  }

  private Optional<String> newestSnapshot(Run run, boolean knownToFlink, TaskMemory memory) {
    return savepoint(run, memory)
        .or(() -> snapshots.newest(run.jobId()))
        .or(() -> knownToFlink ? flink.newestSnapshot(run.jobId()) : Optional.empty());
  }

  private void remove(Stored stored, List<Job> live, TaskMemory memory) {
    if (!live.isEmpty()) {
      Instant now = clock.instant();
      for (Job job : live) {
        Optional<Stop> stop = memory.stop.filter(known -> known.jobId().equals(job.id()));
        boolean cancelled =
            stop.flatMap(Stop::cancelledAt)
                .filter(at -> now.isBefore(at.plus(CANCEL_AGAIN)))
                .isPresent();
        if (!cancelled) {
          flink.cancel(job.id());
          memory.stop =
              Optional.of(
                  new Stop(job.id(), Optional.empty(), now, Optional.of(now), Optional.empty()));
        }
      }
      return;
    }
    Lifecycle lifecycle = stored.lifecycle();
    Stream.concat(lifecycle.olderJobIds().stream(), lifecycle.run().stream().map(Run::jobId))
        .forEach(snapshots::delete);
    if (store.delete(stored) || store.find(lifecycle.taskId()).isEmpty()) {
      LOG.info("Task deleted: task={}", lifecycle.taskId());
      memories.remove(lifecycle.taskId());
    }
  }

  private static String id(Stored stored) {
    return stored.lifecycle().taskId();
  }

  /**
   * A task as it is now, as far as this process knows.
   *
   * @param retention how long the source keeps what the task needs
   */
  TaskView view(Lifecycle lifecycle, RetentionWatch retention) {
    Optional<TaskMemory> memory = Optional.ofNullable(memories.get(lifecycle.taskId()));
    boolean stopped = lifecycle.run().map(Run::ended).orElse(true);
    Optional<String> trouble = clusterTrouble.or(() -> memory.flatMap(known -> known.reason));
    TaskView.State state;
    Optional<String> reason;
    if (lifecycle.wanted() == Wanted.PAUSED) {
      state = stopped ? TaskView.State.PAUSED : TaskView.State.RUNNING;
      reason =
          stopped
              ? Optional.of(
                  lifecycle.run().isPresent()
                      ? "Paused on request"
                      : "Not started yet, resume starts it")
              : trouble.or(() -> Optional.of("Is being paused"));
    } else if (lifecycle.failure().isPresent()) {
      state = TaskView.State.FAILED;
      reason = lifecycle.failure();
    } else {
      state = lifecycle.reachedRunning() ? TaskView.State.RUNNING : TaskView.State.INITIAL;
      reason = trouble;
    }
    Optional<Progress> progress = memory.flatMap(known -> known.progress).or(lifecycle::progress);
    Optional<Instant> until = progress.flatMap(Progress::replicatedUntil);
    return new TaskView(
        lifecycle.taskId(),
        lifecycle.request(),
        state,
        reason,
        lifecycle.run().map(Run::jobId),
        lag(memory, until),
        until,
        until.flatMap(moment -> retention.left(moment, clock.instant())),
        progress.map(Progress::total),
        memory.flatMap(known -> known.latest).map(JobMeasures::work),
        memory.flatMap(known -> known.traffic),
        lifecycle.parallelism(),
        lifecycle.createdAt());
  }

  /** As the job says while it reports; since its last report while it does not. */
  private Optional<Duration> lag(Optional<TaskMemory> memory, Optional<Instant> replicatedUntil) {
    Instant now = clock.instant();
    return memory
        .filter(known -> now.isBefore(known.measuredAt.plus(freshFor(known))))
        .flatMap(known -> known.latest)
        .flatMap(JobMeasures::lag)
        .or(() -> replicatedUntil.map(until -> nonNegative(Duration.between(until, now))));
  }

  private Duration freshFor(TaskMemory memory) {
    return memory.isSilent ? twiceMissed(settings.sampleInterval()) : reportIsFresh;
  }

  static Duration nonNegative(Duration duration) {
    return duration.isNegative() ? Duration.ZERO : duration;
  }

  /**
   * Stops looking after tasks, and stops the jobs of all that run with a savepoint, so that the
   * next start continues where they left off. What cannot be stopped in time continues from its
   * newest checkpoint.
   */
  public void stopJobs(Duration timeout) {
    close();
    Instant deadline = clock.instant().plus(timeout);
    Map<String, Stored> open = new HashMap<>();
    try {
      for (Stored stored : store.all()) {
        open.put(stored.lifecycle().taskId(), stored);
      }
      while (!open.isEmpty() && clock.instant().isBefore(deadline)) {
        Jobs jobs = jobs();
        open.values().removeIf(stored -> stopped(stored, jobs));
        LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
      }
    } catch (FlinkException | TaskException | UncheckedIOException e) {
      LOG.warn("Jobs are not stopped with a savepoint: reason={}", e.getMessage());
    }
    LOG.info("Jobs stopped: withoutSavepoint={}", open.size());
  }

  private boolean stopped(Stored stored, Jobs jobs) {
    TaskMemory memory = memory(id(stored));
    List<Job> live = jobs.live(stored.lifecycle());
    try {
      if (live.isEmpty()) {
        Optional<Run> run = stored.lifecycle().run().filter(open -> !open.ended());
        run.flatMap(open -> jobs.byId(open.jobId()))
            .filter(job -> job.state() == Job.State.FINISHED || job.state() == Job.State.CANCELED)
            .ifPresent(
                job -> settle(store.find(id(stored)).orElse(stored), Optional.of(job), memory));
        return true;
      }
      live.forEach(job -> stop(job, memory));
    } catch (FlinkException.Refused e) {
      if (memory.reason.filter(e.getMessage()::equals).isEmpty()) {
        memory.reason = Optional.of(e.getMessage());
        LOG.warn("Job is not stopped yet: task={} reason={}", id(stored), e.getMessage());
      }
    }
    return false;
  }

  /** Stops looking after tasks; jobs are left alone. */
  @Override
  public void close() {
    ticker.shutdownNow();
    steps.shutdownNow();
    try {
      var unused = steps.awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
