package io.milvus.cdc.server.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.milvus.cdc.server.flink.FlinkCluster;
import io.milvus.cdc.server.flink.Job;
import io.milvus.cdc.server.flink.JobMeasures;
import io.milvus.cdc.server.flink.SnapshotFiles;
import io.milvus.cdc.server.flink.Snapshots;
import io.milvus.cdc.server.tasks.TaskService.Resumption;
import io.milvus.cdc.server.tasks.TaskView.State;
import io.milvus.cdc.task.JobWork;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.TargetCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ReconcilerTest {

  private static final NewTask TASK = task("t1", "localhost");

  @TempDir Path directory;

  private static NewTask task(String taskId, String targetHost) {
    return new NewTask(
        Optional.of(taskId),
        new TargetCluster(targetHost, 19530, false, Optional.empty(), 10),
        Selection.everything(),
        RequestedStarts.none(),
        JsonNodeFactory.instance.objectNode(),
        true,
        Optional.empty(),
        false);
  }

  /** The process ends here. */
  private static final class Crash extends Error {
    private static final long serialVersionUID = 1L;
  }

  /** Ends the process after one of its calls to the outside. */
  private static final class CrashAfter implements Steps {
    private final int step;
    private int seen = 0;

    CrashAfter(int step) {
      this.step = step;
    }

    @Override
    public void after(String name) {
      if (++seen == step) {
        throw new Crash();
      }
    }

    boolean crashed() {
      return seen >= step;
    }
  }

  /** What is kept on disk, each access being a step. */
  private record SteppedSnapshots(Snapshots files, Steps steps) implements Snapshots {

    @Override
    public Optional<String> newest(String jobId) {
      steps.before("newest");
      Optional<String> newest = files.newest(jobId);
      steps.after("newest");
      return newest;
    }

    @Override
    public void delete(String jobId) {
      steps.before("forget");
      files.delete(jobId);
      steps.after("forget");
    }
  }

  /** A server on parts that survive it. */
  private static final class World {
    final SettableClock clock = new SettableClock();
    final InMemoryLifecycleStore store;
    final InMemoryDefinitions definitions;
    final FakeFlink flink;
    final Path directory;
    final Steps steps;
    Reconciler reconciler;
    TaskService tasks;

    World(Path directory, Steps steps) {
      this.directory = directory;
      this.steps = steps;
      definitions = new InMemoryDefinitions(steps);
      store = new InMemoryLifecycleStore(definitions, steps);
      flink = new FakeFlink(directory, steps);
      restart(false);
    }

    /** A new process on the same store; a cluster inside it starts empty. */
    void restart(boolean embedded) {
      ReconcilerSettings settings = settings(embedded);
      if (embedded) {
        flink.forget();
      }
      reconciler = reconciler(settings);
      tasks =
          new TaskService(
              store,
              definitions,
              reconciler,
              new FakeSourceLog(),
              new RetentionWatch(new FakeSourceLog(), FakeSourceLog.SOURCE),
              target -> {},
              FakeSourceLog.SOURCE,
              new Parallelism(1, 4),
              10,
              clock);
    }

    static ReconcilerSettings settings(boolean embedded) {
      return new ReconcilerSettings(
          Duration.ofMillis(500),
          Duration.ofMillis(500),
          Duration.ZERO,
          Duration.ZERO,
          Duration.ZERO,
          Duration.ofSeconds(30),
          Duration.ofSeconds(5),
          embedded);
    }

    Reconciler reconciler(ReconcilerSettings settings) {
      return new Reconciler(
          store,
          definitions,
          flink,
          new SteppedSnapshots(new SnapshotFiles(directory.toUri()), steps),
          settings,
          clock,
          noThreads());
    }

    /** Takes no steps by itself: a test makes every step in its own thread. */
    private static ExecutorService noThreads() {
      ExecutorService steps = Executors.newSingleThreadExecutor();
      steps.shutdown();
      return steps;
    }

    void run() {
      run(12);
    }

    /** Looks at all tasks so many times, a second apart. */
    void run(int looks) {
      for (int i = 0; i < looks; i++) {
        for (LifecycleStore.Stored stored : store.all()) {
          reconciler.reconcile(stored.lifecycle().taskId());
        }
        clock.advance(Duration.ofSeconds(1));
      }
    }

    /** As a request does it that nobody waits for. */
    void ask(String taskId, Lifecycle.Wanted wanted) {
      LifecycleStore.Stored stored = store.find(taskId).orElseThrow();
      assertThat(store.replace(stored, stored.lifecycle().asked(wanted))).isPresent();
    }

    String runningJob() {
      assertThat(flink.live()).hasSize(1);
      return flink.live().get(0).id();
    }

    /** An id as jobs of this store have it. */
    String ownJobId(String digit) {
      return store.jobIdPrefix() + digit.repeat(20);
    }

    List<Path> snapshotsLeft() {
      try (Stream<Path> files = Files.walk(directory)) {
        return files.filter(Files::isRegularFile).toList();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private World world() {
    return new World(directory, Steps.GO_ON);
  }

  private World runningWorld() {
    World world = world();
    world.tasks.create(TASK);
    world.run();
    return world;
  }

  @Test
  void aNewTaskIsInitialUntilItsJobRuns() {
    World world = world();
    world.flink.unreachable(true);
    world.tasks.create(TASK);
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.INITIAL);
    assertThat(world.tasks.get("t1").reason()).hasValue("The Flink cluster does not answer");

    world.flink.unreachable(false);
    world.run();
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);
    assertThat(world.tasks.get("t1").reason()).isEmpty();
    assertThat(world.tasks.get("t1").lag()).isEmpty();
  }

  @Test
  void aPausedTaskContinuesFromItsSavepoint() {
    World world = runningWorld();
    String job = world.runningJob();
    world.flink.checkpoint(job);
    world.tasks.pause("t1");
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.PAUSED);
    assertThat(world.flink.live()).isEmpty();
    assertThatThrownBy(() -> world.tasks.pause("t1")).hasMessageContaining("already paused");

    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.run();
    assertThat(world.flink.submissions.get(0).exactStart()).isFalse();
    assertThat(world.flink.submissions.get(1).restoreFrom().orElseThrow())
        .contains("savepoints/" + job);
    assertThat(world.flink.submissions.get(1).exactStart()).isTrue();
    assertThat(world.flink.submissions.get(1).jobId()).isNotEqualTo(job);
    assertThatThrownBy(() -> world.tasks.resume("t1", Resumption.AS_BEFORE))
        .hasMessageContaining("already running");
  }

  @Test
  void aJobThatTakesNoSavepointIsCancelledAndItsNewestCheckpointUsed() {
    World world = runningWorld();
    world.flink.checkpoint(world.runningJob());
    String newest = world.flink.checkpoint(world.runningJob());
    world.flink.hangSavepoints();
    Thread time =
        new Thread(
            () -> {
              while (!Thread.currentThread().isInterrupted()) {
                world.clock.advance(Duration.ofMillis(100));
                Thread.onSpinWait();
              }
            });
    time.start();
    world.tasks.pause("t1");
    time.interrupt();
    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.run();
    assertThat(world.flink.submissions.get(1).restoreFrom()).hasValue(newest);
    assertThat(world.flink.submissions.get(1).exactStart()).isFalse();
  }

  @Test
  void aStopThatFlinkHasForgottenIsAskedForAnew() {
    World world = runningWorld();
    String job = world.runningJob();
    world.flink.hangSavepoints();
    world.ask("t1", Lifecycle.Wanted.PAUSED);
    world.run(2);
    assertThat(world.tasks.get("t1").state()).as("it is being stopped").isEqualTo(State.RUNNING);

    world.flink.forgetStops();
    world.run(4);
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.PAUSED);
    assertThat(world.flink.live()).isEmpty();
    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.run();
    assertThat(world.flink.submissions.get(1).restoreFrom().orElseThrow())
        .contains("savepoints/" + job);
    assertThat(world.flink.submissions.get(1).exactStart()).isTrue();
  }

  @Test
  void aTaskThatStandsFarBehindSaysWhatItWaitsFor() {
    World world = runningWorld();
    world.flink.waitsFor("nothing has come from topic dml_7");
    Instant until = Instant.ofEpochSecond(1_000);
    reportUntil(world, until, Duration.ofSeconds(60));
    assertThat(world.tasks.get("t1").reason()).as("it may be catching up").isEmpty();
    reportUntil(world, until.plusSeconds(1), Duration.ofSeconds(60));
    assertThat(world.tasks.get("t1").reason()).as("it is catching up").isEmpty();

    reportUntil(world, until.plusSeconds(1), Duration.ofSeconds(5));
    assertThat(world.tasks.get("t1").reason()).as("it is not far behind").isEmpty();
    reportUntil(world, until.plusSeconds(1), Duration.ofSeconds(60));
    assertThat(world.tasks.get("t1").reason()).hasValue("nothing has come from topic dml_7");

    reportUntil(world, until.plusSeconds(2), Duration.ofSeconds(1));
    assertThat(world.tasks.get("t1").reason()).isEmpty();
  }

  @Test
  void aJobThatWasStartedWhileTheTargetIsAwaySaysSo() {
    World world = runningWorld();
    reportUntil(world, Instant.ofEpochSecond(1_000), Duration.ofSeconds(1));
    assertThat(world.tasks.get("t1").reason()).isEmpty();
    world.tasks.pause("t1");
    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.run();
    world.flink.waitsFor("target: cannot connect");

    reportRetries(world, 5);
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);
    reportRetries(world, 6);

    assertThat(world.tasks.get("t1").reason()).hasValue("target: cannot connect");
  }

  @Test
  void aJobThatHasStoppedACollectionSaysSoAtOnce() {
    World world = runningWorld();
    world.flink.waitsFor("stopped: films.one: another schema");
    Instant until = Instant.ofEpochSecond(1_000);
    reportStopped(world, until);
    assertThat(world.tasks.get("t1").reason()).as("it may be catching up").isEmpty();
    reportStopped(world, until);
    assertThat(world.tasks.get("t1").reason()).hasValue("stopped: films.one: another schema");
  }

  /** As when the collection's very first metadata is refused. */
  @Test
  void aJobThatDoesNotKnowHowFarItIsSaysWhatItWaitsFor() {
    World world = runningWorld();
    world.flink.waitsFor("nothing has come from topic dml_7");
    report(world, Optional.empty(), Optional.empty(), JobWork.NONE);
    assertThat(world.tasks.get("t1").reason()).hasValue("nothing has come from topic dml_7");
  }

  private static void reportStopped(World world, Instant until) {
    JobWork work = new JobWork(0, Map.of(), Map.of(), Map.of(), 0, 1, 0, Map.of(), Map.of());
    report(world, Optional.of(until), Optional.of(Duration.ofSeconds(1)), work);
  }

  /** Of a job that has applied nothing. */
  private static void reportRetries(World world, long retries) {
    JobWork work =
        new JobWork(0, Map.of(), Map.of("outage", retries), Map.of(), 0, 0, 0, Map.of(), Map.of());
    report(world, Optional.empty(), Optional.empty(), work);
  }

  private static void reportUntil(World world, Instant until, Duration lag) {
    report(world, Optional.of(until), Optional.of(lag), JobWork.NONE);
  }

  private static void report(
      World world, Optional<Instant> until, Optional<Duration> lag, JobWork work) {
    world.clock.advance(Duration.ofSeconds(2));
    world.flink.report(world.runningJob(), new JobMeasures(until, lag, 0, 0, 0, work));
  }

  @Test
  void aRestartingJobIsNotAskedForASavepoint() {
    World world = runningWorld();
    String newest = world.flink.checkpoint(world.runningJob());
    world.flink.restarting(world.runningJob(), "broker away");
    world.clock.advance(Duration.ofSeconds(2));
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);
    assertThat(world.tasks.get("t1").reason()).hasValue("The job restarts after: broker away");
    world.tasks.pause("t1");
    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.run();
    assertThat(world.flink.submissions.get(1).restoreFrom()).hasValue(newest);
    assertThat(world.flink.submissions.get(1).exactStart()).isFalse();
  }

  @Test
  void aKilledServerWithItsOwnClusterContinuesFromTheNewestCheckpoint() {
    World world = runningWorld();
    world.flink.checkpoint(world.runningJob());
    String newest = world.flink.checkpoint(world.runningJob());
    world.restart(true);
    world.run();
    assertThat(world.flink.submissions.get(1).restoreFrom()).hasValue(newest);
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);

    world.restart(true);
    world.run();
    assertThat(world.flink.submissions.get(2).restoreFrom())
        .as("the second job has no checkpoint of its own")
        .hasValue(newest);
  }

  @Test
  void aKilledServerFindsTheJobsOfARemoteClusterAgain() {
    World world = runningWorld();
    String job = world.runningJob();
    world.restart(false);
    world.run();
    assertThat(world.runningJob()).isEqualTo(job);
    assertThat(world.flink.submissions).hasSize(1);
  }

  @Test
  void aJobOfThisStoreIsAdoptedAndASecondOneCancelled() {
    World world = runningWorld();
    String job = world.runningJob();
    world.flink.startElsewhere(world.ownJobId("f"), "t1");
    world.run();
    assertThat(world.runningJob()).isEqualTo(job);

    world.tasks.pause("t1");
    world.flink.startElsewhere(world.ownJobId("e"), "t1");
    world.run();
    assertThat(world.flink.live()).as("a paused task has no job").isEmpty();

    world.flink.startElsewhere(world.ownJobId("d"), "t1");
    world.ask("t1", Lifecycle.Wanted.RUNNING);
    world.run();
    assertThat(world.runningJob()).isEqualTo(world.ownJobId("d"));
    assertThat(world.tasks.get("t1").jobId()).hasValue(world.ownJobId("d"));
  }

  @Test
  void aJobOfAnotherServersTaskOfTheSameIdIsLeftAlone() {
    World world = world();
    String foreign = "f".repeat(32);
    world.flink.startElsewhere(foreign, "t1");
    String kept = world.flink.checkpoint(foreign);

    world.tasks.create(TASK);
    world.run();
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);
    String own = world.tasks.get("t1").jobId().orElseThrow();
    assertThat(own).isNotEqualTo(foreign).startsWith(world.store.jobIdPrefix());
    assertThat(world.flink.live()).extracting(Job::id).containsExactly(foreign, own);

    world.tasks.pause("t1");
    assertThat(world.runningJob()).isEqualTo(foreign);
    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.run();
    world.reconciler.stopJobs(Duration.ofSeconds(10));
    assertThat(world.runningJob()).isEqualTo(foreign);

    world.restart(false);
    world.tasks.delete("t1");
    assertThat(world.store.all()).isEmpty();
    assertThat(world.runningJob()).isEqualTo(foreign);
    assertThat(Path.of(URI.create(kept))).exists();
  }

  /** Ids of releases before this one are without a store's prefix. */
  @Test
  void aRecordedJobIsTheTasksOwnWhateverItsId() {
    World world = world();
    String recorded = "a".repeat(32);
    world.flink.unreachable(true);
    world.tasks.create(TASK);
    LifecycleStore.Stored stored = world.store.find("t1").orElseThrow();
    assertThat(world.store.replace(stored, stored.lifecycle().withNewRun(recorded).withSubmitted()))
        .isPresent();
    world.flink.startElsewhere(recorded, "t1");
    world.flink.unreachable(false);

    world.run();
    assertThat(world.runningJob()).isEqualTo(recorded);
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);
    world.tasks.pause("t1");
    assertThat(world.flink.live()).isEmpty();
    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.run();
    assertThat(world.flink.submissions.get(0).restoreFrom().orElseThrow())
        .contains("savepoints/" + recorded);
  }

  /** As when Flink accepts a job late, after the server has given up waiting. */
  @Test
  void whatAJobKeepsStaysWhenItIsRecordedAsOlderAndAdopted() {
    World world = runningWorld();
    String older = world.runningJob();
    LifecycleStore.Stored stored = world.store.find("t1").orElseThrow();
    assertThat(world.store.replace(stored, stored.lifecycle().withNewRun(world.ownJobId("b"))))
        .isPresent();
    world.flink.checkpoint(older);
    world.flink.knowCheckpoint(older);

    world.run();
    assertThat(world.tasks.get("t1").jobId()).hasValue(older);
    assertThat(directory.resolve(older)).exists();
  }

  @Test
  void aFailedTaskSaysWhyAndRunsAgainOnResume() {
    World world = runningWorld();
    String checkpoint = world.flink.checkpoint(world.runningJob());
    world.flink.fail(world.runningJob(), "topic dml_3: position is not retained");
    world.run();
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.FAILED);
    assertThat(world.tasks.get("t1").reason()).hasValue("topic dml_3: position is not retained");
    assertThat(world.flink.submissions).hasSize(1);

    world.restart(true);
    world.run();
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.FAILED);

    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.run();
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);
    assertThat(world.flink.submissions.get(1).restoreFrom()).hasValue(checkpoint);
  }

  @Test
  void aFailedTaskIsNotSaidToHaveFailedBeforeTheCauseIsKnown() {
    World world = runningWorld();
    String job = world.runningJob();
    world.flink.failWithoutCause(job);
    world.run(3);
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);

    world.flink.fail(job, "topic dml_3: position is not retained");
    world.run();
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.FAILED);
    assertThat(world.tasks.get("t1").reason()).hasValue("topic dml_3: position is not retained");
  }

  @Test
  void aCauseThatFlinkNeverTellsIsNotWaitedForForever() {
    World world = runningWorld();
    world.flink.failWithoutCause(world.runningJob());
    world.run();

    assertThat(world.tasks.get("t1").state()).isEqualTo(State.FAILED);
    assertThat(world.tasks.get("t1").reason().orElseThrow()).contains("Flink's page of job");
  }

  @Test
  void lagGrowsWhileTheTaskIsPausedAndCountsGoOn() {
    World world = runningWorld();
    Instant until = world.clock.instant();
    world.flink.report(
        world.runningJob(),
        new JobMeasures(Optional.of(until), Optional.empty(), 100, 5, 2, JobWork.NONE));
    world.run();
    world.tasks.pause("t1");
    world.restart(true);
    world.clock.advance(Duration.ofMinutes(1));
    TaskView paused = world.tasks.get("t1");
    assertThat(paused.replicatedUntil()).hasValue(until);
    assertThat(paused.lag().orElseThrow()).isGreaterThanOrEqualTo(Duration.ofMinutes(1));

    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.run();
    world.flink.report(
        world.runningJob(),
        new JobMeasures(Optional.of(until), Optional.empty(), 150, 1, 0, JobWork.NONE));
    world.clock.advance(Duration.ofSeconds(2));
    assertThat(world.tasks.get("t1").counts()).hasValue(new Lifecycle.Counts(250, 6, 2));
  }

  @Test
  void whatAnOlderJobKeptIsRemovedOnceTheNewOneHasItsOwn() {
    World world = runningWorld();
    String first = world.runningJob();
    world.flink.checkpoint(first);
    world.tasks.pause("t1");
    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.run();
    assertThat(directory.resolve(first)).as("still needed").exists();
    world.flink.checkpoint(world.runningJob());
    world.flink.knowCheckpoint(world.runningJob());
    world.run();
    assertThat(directory.resolve(first)).doesNotExist();
    assertThat(directory.resolve("savepoints").resolve(first)).doesNotExist();
  }

  @Test
  void ofJobsThatFlinkRefusesForLongFewAreRemembered() {
    World world = world();
    world.flink.refuseSubmissions(true);
    world.tasks.create(TASK);
    world.run(15 * 60);
    world.flink.refuseSubmissions(false);
    world.run(60);
    String first = world.runningJob();
    world.flink.checkpoint(first);
    world.tasks.pause("t1");
    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.flink.refuseSubmissions(true);
    world.run(60 * 60);

    Lifecycle refused = world.store.find("t1").orElseThrow().lifecycle();
    assertThat(refused.olderJobIds()).hasSizeLessThan(25).contains(first);
    world.flink.refuseSubmissions(false);
    world.run(60);
    assertThat(world.flink.submissions.get(1).restoreFrom().orElseThrow()).contains(first);
    world.tasks.delete("t1");
    assertThat(world.snapshotsLeft()).isEmpty();
  }

  @Test
  void aDeletedTaskLeavesNothing() {
    World world = runningWorld();
    world.flink.checkpoint(world.runningJob());
    world.tasks.delete("t1");
    assertThat(world.flink.live()).isEmpty();
    assertThat(world.store.all()).isEmpty();
    assertThat(world.definitions.isEmpty()).isTrue();
    assertThat(world.snapshotsLeft()).isEmpty();
    assertThatThrownBy(() -> world.tasks.get("t1")).hasMessageContaining("no task");
  }

  @Test
  void aGracefulStopKeepsSavepointsAndTheNextStartContinues() {
    World world = runningWorld();
    world.reconciler.stopJobs(Duration.ofSeconds(10));
    assertThat(world.flink.live()).isEmpty();
    world.restart(true);
    world.run();
    assertThat(world.flink.submissions.get(1).restoreFrom().orElseThrow()).contains("savepoints/");
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);
  }

  @Test
  void aGracefulStopRecordsTheOtherSavepointsWhenAJobCannotBeStopped() {
    NamedStep look = new NamedStep("jobs");
    World world = new World(directory, look);
    List<String> taskIds = List.of("t1", "t2", "t3");
    taskIds.forEach(taskId -> world.tasks.create(task(taskId, "host-of-" + taskId)));
    world.run();
    world.flink.refuseToEnd(jobOf(world, "t2").jobId());
    look.meanwhile = () -> world.clock.advance(Duration.ofSeconds(1));

    world.reconciler.stopJobs(Duration.ofSeconds(10));

    assertThat(jobOf(world, "t2").ended()).isFalse();
    for (String taskId : List.of("t1", "t3")) {
      Lifecycle.Run run = jobOf(world, taskId);
      assertThat(run.ended()).as(taskId).isTrue();
      assertThat(run.exactEnd()).as(taskId).isTrue();
      assertThat(run.next().orElseThrow()).contains("savepoints/" + run.jobId());
    }
  }

  private static Lifecycle.Run jobOf(World world, String taskId) {
    return world.store.find(taskId).orElseThrow().lifecycle().run().orElseThrow();
  }

  @Test
  void aTaskWhoseDefinitionCannotBeReadFailsAndRunsOnceItCan() {
    World world = world();
    String reason = "The secret in t1's definition is sealed with another key";
    world.tasks.create(TASK);
    world.definitions.makeUnreadable("t1", reason);
    world.run();
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.FAILED);
    assertThat(world.tasks.get("t1").reason()).hasValue(reason);
    assertThat(world.tasks.deadLetterTopic("t1")).isEmpty();
    assertThat(world.flink.submissions).isEmpty();
    for (NewTask another : List.of(task("t2", "another"), TASK)) {
      assertThatThrownBy(() -> world.tasks.create(another))
          .isInstanceOf(TaskException.class)
          .hasMessageContaining("Task t1 may send")
          .hasMessageContaining(reason)
          .extracting(e -> ((TaskException) e).kind())
          .isEqualTo(TaskException.Kind.CONFLICT);
    }

    world.definitions.makeReadable("t1");
    world.tasks.resume("t1", Resumption.AS_BEFORE);
    world.run();
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);
    assertThat(world.tasks.create(task("t2", "another"))).isEqualTo("t2");
  }

  @Test
  void aTaskThatIsCreatedAgainIsNotRemovedForItsPredecessor() {
    NamedStep forget = new NamedStep("forget");
    World world = new World(directory, forget);
    world.tasks.create(TASK);
    world.run();
    Reconciler second = world.reconciler(World.settings(false));
    AtomicBoolean created = new AtomicBoolean();
    forget.meanwhile =
        () -> {
          if (created.compareAndSet(false, true)) {
            second.reconcile("t1");
            assertThat(world.store.find("t1")).as("it was deleted meanwhile").isEmpty();
            world.tasks.create(TASK);
          }
        };
    world.ask("t1", Lifecycle.Wanted.DELETED);
    world.run(2);

    assertThat(created).isTrue();
    world.run();
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);
    assertThat(world.definitions.definition("t1")).isPresent();
    assertThat(world.flink.submissions).hasSize(2);
  }

  @Test
  void aCreationThatWasCutOffIsTakenUpWhenItIsAskedForAgain() {
    for (String step : List.of("define", "replace")) { // Before the definition, and after it.
      NamedStep cutOff = new NamedStep(step);
      World world = new World(directory, cutOff);
      cutOff.meanwhile =
          () -> {
            throw new Crash();
          };
      assertThatThrownBy(() -> world.tasks.create(TASK)).isInstanceOf(Crash.class);
      cutOff.meanwhile = () -> {};
      world.restart(false);
      NewTask another =
          new NewTask(
              TASK.taskId(),
              TASK.target(),
              TASK.selection(),
              TASK.starts(),
              JsonNodeFactory.instance.objectNode().put("another", true),
              true,
              Optional.empty(),
              false);
      assertThatThrownBy(() -> world.tasks.create(another))
          .hasMessage(
              "task_id 't1' is being created by another request; use another id or try again"
                  + " later");

      assertThat(world.tasks.create(TASK)).isEqualTo("t1");
      world.run();
      assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);
      assertThat(world.definitions.definition("t1")).isPresent();
    }
  }

  @Test
  void anIdIsTakenWhileItsTaskIsBeingDeleted() {
    World world = runningWorld();
    world.ask("t1", Lifecycle.Wanted.DELETED);
    assertThatThrownBy(() -> world.tasks.create(TASK))
        .hasMessage("task_id 't1' is being deleted; use another id or try again later")
        .extracting(e -> ((TaskException) e).kind())
        .isEqualTo(TaskException.Kind.CONFLICT);

    world.run();
    assertThat(world.tasks.create(TASK)).isEqualTo("t1");
  }

  /** What a person asks for, one after the other; a crash may come at any step of any of them. */
  private static void ask(World world, String request) {
    switch (request) {
      case "create" -> world.tasks.create(TASK);
      case "pause" -> world.tasks.pause("t1");
      case "resume" -> world.tasks.resume("t1", Resumption.AS_BEFORE);
      default -> world.tasks.delete("t1");
    }
  }

  private static final List<String> REQUESTS = List.of("create", "pause", "resume", "delete");
  private static final int LOOKS = 3;

  /** Also tells how many places there are to crash at. */
  private int stepsWithoutACrash() throws IOException {
    CrashAfter never = new CrashAfter(Integer.MAX_VALUE);
    World world = new World(Files.createTempDirectory(directory, "whole"), never);
    for (String request : REQUESTS) {
      ask(world, request);
      world.run(LOOKS);
    }
    assertThat(world.snapshotsLeft()).isEmpty();
    return never.seen;
  }

  @TestFactory
  Stream<DynamicTest> afterACrashAtAnyStepTheTaskIsWhatWasLastRecorded() throws IOException {
    int steps = stepsWithoutACrash();
    return Stream.of(false, true)
        .flatMap(
            embedded ->
                IntStream.rangeClosed(1, steps)
                    .mapToObj(
                        step ->
                            DynamicTest.dynamicTest(
                                (embedded ? "embedded" : "remote") + " after " + step,
                                () -> crash(embedded, step))));
  }

  private void crash(boolean embedded, int step) throws IOException {
    Path own = Files.createTempDirectory(directory, "crash");
    CrashAfter crash = new CrashAfter(step);
    World world = new World(own, crash);
    for (String request : REQUESTS) {
      try {
        ask(world, request);
        world.run(LOOKS);
      } catch (Crash e) {
        world.restart(embedded);
        Optional<Lifecycle.Wanted> wanted =
            world.store.find("t1").map(stored -> stored.lifecycle().wanted());
        if (wanted.isPresent() && wanted.get() == Lifecycle.Wanted.PREPARING) {
          world.clock.advance(Duration.ofMinutes(3));
        }
        world.run();
        world.run();
        boolean expectJob = wanted.filter(Lifecycle.Wanted.RUNNING::equals).isPresent();
        assertThat(world.flink.live()).hasSize(expectJob ? 1 : 0);
        boolean expectRecord =
            expectJob || wanted.filter(Lifecycle.Wanted.PAUSED::equals).isPresent();
        assertThat(world.store.all()).hasSize(expectRecord ? 1 : 0);
        if (!expectRecord) {
          if (request.equals("delete")) {
            assertThat(world.definitions.isEmpty()).isTrue();
            assertThat(world.snapshotsLeft()).isEmpty();
            break;
          }
          world.tasks.create(TASK);
          world.run();
        } else if (!hasEffect(request, wanted.orElseThrow())) {
          ask(world, request);
          world.run();
        }
      }
      if (!world.flink.live().isEmpty()) {
        world.flink.checkpoint(world.flink.live().get(0).id());
      }
    }
    assertThat(crash.crashed()).isTrue();
    assertThat(world.flink.mostLiveAtOnce()).isLessThanOrEqualTo(1);
    assertThat(world.flink.live()).isEmpty();
    assertThat(world.store.all()).isEmpty();
    assertThat(world.snapshotsLeft()).isEmpty();
    assertRestoredFromNewest(world);
  }

  /** Lets somebody else act in between, at one step. */
  private static final class MeanwhileAt implements Steps {
    private final int step;
    private Runnable meanwhile = () -> {};
    private int seen = 0;

    MeanwhileAt(int step) {
      this.step = step;
    }

    @Override
    public void after(String name) {
      if (++seen == step) {
        meanwhile.run();
      }
    }
  }

  /** Lets something happen each time before a step of one name. */
  private static final class NamedStep implements Steps {
    private final String name;
    private Runnable meanwhile = () -> {};

    NamedStep(String name) {
      this.name = name;
    }

    @Override
    public void before(String step) {
      if (step.equals(name)) {
        meanwhile.run();
      }
    }
  }

  @TestFactory
  Stream<DynamicTest> twoServersOnOneStoreAndOneClusterNeverStartATaskTwice() throws IOException {
    return IntStream.rangeClosed(1, stepsWithoutACrash())
        .mapToObj(step -> DynamicTest.dynamicTest("at " + step, () -> twoServers(step)));
  }

  /** At one step of the first server the second one takes all its steps. */
  private void twoServers(int step) throws IOException {
    MeanwhileAt steps = new MeanwhileAt(step);
    World world = new World(Files.createTempDirectory(directory, "two"), steps);
    Reconciler second = world.reconciler(World.settings(false));
    steps.meanwhile =
        () -> {
          for (int look = 0; look < LOOKS; look++) {
            second.reconcile("t1");
            world.clock.advance(Duration.ofSeconds(1));
          }
        };
    for (String request : REQUESTS) {
      ask(world, request);
      world.run(LOOKS);
      second.reconcile("t1");
      boolean runs = request.equals("create") || request.equals("resume");
      assertThat(world.flink.live()).as(request).hasSize(runs ? 1 : 0);
    }
    assertThat(world.flink.mostLiveAtOnce()).isEqualTo(1);
    assertThat(world.flink.submissions).hasSize(2);
    assertThat(world.store.all()).isEmpty();
    assertThat(world.snapshotsLeft()).isEmpty();
    assertRestoredFromNewest(world);
  }

  private static boolean hasEffect(String request, Lifecycle.Wanted wanted) {
    return switch (request) {
      case "create", "resume" -> wanted == Lifecycle.Wanted.RUNNING;
      case "pause" -> wanted == Lifecycle.Wanted.PAUSED;
      default -> wanted == Lifecycle.Wanted.DELETED;
    };
  }

  /** The first job starts afresh; every later one continues from the newest snapshot there is. */
  private static void assertRestoredFromNewest(World world) {
    assertThat(world.flink.submissions)
        .extracting(FlinkCluster.JobSubmission::restoreFrom)
        .isEqualTo(world.flink.newestAtSubmission());
  }
}
