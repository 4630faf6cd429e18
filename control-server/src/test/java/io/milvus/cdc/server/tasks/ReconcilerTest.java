package io.milvus.cdc.server.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.milvus.cdc.server.flink.FlinkCluster;
import io.milvus.cdc.server.flink.JobMeasures;
import io.milvus.cdc.server.flink.SnapshotFiles;
import io.milvus.cdc.server.tasks.TaskView.State;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.TargetCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ReconcilerTest {

  private static final SourceCluster SOURCE =
      new SourceCluster(
          List.of("http://127.0.0.1:2379"),
          "by-dev",
          "meta",
          "pulsar://127.0.0.1:6650",
          "http://127.0.0.1:8080",
          "public",
          "default",
          "by-dev");
  private static final NewTask TASK =
      new NewTask(
          Optional.of("t1"),
          new TargetCluster("localhost", 19530, false, Optional.empty(), 10),
          Selection.everything(),
          JsonNodeFactory.instance.objectNode(),
          true);

  @TempDir Path directory;

  /** The process ends here. */
  private static final class Crash extends Error {
    private static final long serialVersionUID = 1L;
  }

  /** Ends the process at one step, before or after it takes effect. */
  private static final class CrashAt implements Steps {
    private final int step;
    private final boolean afterwards;
    private int seen = 0;
    private boolean armed = true;

    CrashAt(int step, boolean afterwards) {
      this.step = step;
      this.afterwards = afterwards;
    }

    @Override
    public void before(String name) {
      if (armed && ++seen == step && !afterwards) {
        armed = false;
        throw new Crash();
      }
    }

    @Override
    public void after(String name) {
      if (armed && seen == step && afterwards) {
        armed = false;
        throw new Crash();
      }
    }

    boolean crashed() {
      return !armed;
    }
  }

  /** A server on parts that survive it. */
  private static final class World {
    final SettableClock clock = new SettableClock();
    final InMemoryLifecycleStore store;
    final InMemoryDefinitions definitions;
    final FakeFlink flink;
    final Path directory;
    Reconciler reconciler;
    TaskService tasks;

    World(Path directory, Steps steps) {
      this.directory = directory;
      store = new InMemoryLifecycleStore(steps);
      definitions = new InMemoryDefinitions(steps);
      flink = new FakeFlink(directory, steps);
      restart(false);
    }

    /** A new process on the same store; a cluster inside it starts empty. */
    void restart(boolean embedded) {
      ReconcilerSettings settings =
          new ReconcilerSettings(
              Duration.ofMillis(500),
              Duration.ZERO,
              Duration.ZERO,
              Duration.ofSeconds(30),
              Duration.ofSeconds(5),
              embedded);
      if (embedded) {
        flink.forget();
      }
      reconciler =
          new Reconciler(
              store,
              definitions,
              flink,
              new SnapshotFiles(directory.toUri()),
              settings,
              clock,
              noThreads());
      tasks =
          new TaskService(
              store,
              definitions,
              reconciler,
              (source, selection) -> new StartPositions(Map.of()),
              target -> {},
              SOURCE,
              1,
              10,
              clock);
    }

    /** Takes no steps by itself: a test makes every step in its own thread. */
    private static ExecutorService noThreads() {
      ExecutorService steps = Executors.newSingleThreadExecutor();
      steps.shutdown();
      return steps;
    }

    void run() {
      for (int i = 0; i < 12; i++) {
        for (LifecycleStore.Stored stored : store.all()) {
          reconciler.reconcile(stored.lifecycle().taskId());
        }
        clock.advance(Duration.ofSeconds(1));
      }
    }

    String runningJob() {
      assertThat(flink.live()).hasSize(1);
      return flink.live().get(0).id();
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

    world.tasks.resume("t1");
    world.run();
    assertThat(world.flink.submissions.get(1).restoreFrom().orElseThrow())
        .contains("savepoints/" + job);
    assertThat(world.flink.submissions.get(1).jobId()).isNotEqualTo(job);
    assertThatThrownBy(() -> world.tasks.resume("t1")).hasMessageContaining("already running");
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
    world.tasks.resume("t1");
    world.run();
    assertThat(world.flink.submissions.get(1).restoreFrom()).hasValue(newest);
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
    world.tasks.resume("t1");
    world.run();
    assertThat(world.flink.submissions.get(1).restoreFrom()).hasValue(newest);
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
  void aJobOfTheRightNameIsAdoptedAndASecondOneCancelled() {
    World world = runningWorld();
    String job = world.runningJob();
    world.flink.startElsewhere("f".repeat(32), "t1");
    world.run();
    assertThat(world.runningJob()).isEqualTo(job);

    world.tasks.pause("t1");
    world.flink.startElsewhere("e".repeat(32), "t1");
    world.run();
    assertThat(world.flink.live()).as("a paused task has no job").isEmpty();
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

    world.tasks.resume("t1");
    world.run();
    assertThat(world.tasks.get("t1").state()).isEqualTo(State.RUNNING);
    assertThat(world.flink.submissions.get(1).restoreFrom()).hasValue(checkpoint);
  }

  @Test
  void lagGrowsWhileTheTaskIsPausedAndCountsGoOn() {
    World world = runningWorld();
    Instant until = world.clock.instant();
    world.flink.report(
        world.runningJob(),
        new JobMeasures(Optional.of(until), Optional.empty(), 100, 5, 2, OptionalLong.empty(), 0));
    world.run();
    world.tasks.pause("t1");
    world.restart(true);
    world.clock.advance(Duration.ofMinutes(1));
    TaskView paused = world.tasks.get("t1");
    assertThat(paused.replicatedUntil()).hasValue(until);
    assertThat(paused.lag().orElseThrow()).isGreaterThanOrEqualTo(Duration.ofMinutes(1));

    world.tasks.resume("t1");
    world.run();
    world.flink.report(
        world.runningJob(),
        new JobMeasures(Optional.of(until), Optional.empty(), 150, 1, 0, OptionalLong.empty(), 0));
    world.clock.advance(Duration.ofSeconds(2));
    assertThat(world.tasks.get("t1").counts()).hasValue(new Lifecycle.Counts(250, 6, 2));
  }

  @Test
  void whatAnOlderJobKeptIsRemovedOnceTheNewOneHasItsOwn() {
    World world = runningWorld();
    String first = world.runningJob();
    world.flink.checkpoint(first);
    world.tasks.pause("t1");
    world.tasks.resume("t1");
    world.run();
    assertThat(directory.resolve(first)).as("still needed").exists();
    world.flink.checkpoint(world.runningJob());
    world.flink.knowCheckpoint(world.runningJob());
    world.run();
    assertThat(directory.resolve(first)).doesNotExist();
    assertThat(directory.resolve("savepoints").resolve(first)).doesNotExist();
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

  /** What a person asks for, one after the other; a crash may come at any step of any of them. */
  private static void ask(World world, String request) {
    switch (request) {
      case "create" -> world.tasks.create(TASK);
      case "pause" -> world.tasks.pause("t1");
      case "resume" -> world.tasks.resume("t1");
      default -> world.tasks.delete("t1");
    }
  }

  @TestFactory
  Stream<DynamicTest> afterACrashAtAnyStepTheTaskIsWhatWasLastRecorded() {
    return Stream.of(false, true)
        .flatMap(
            embedded ->
                Stream.of(false, true)
                    .flatMap(
                        afterwards ->
                            Stream.iterate(1, step -> step <= 24, step -> step + 1)
                                .map(
                                    step ->
                                        DynamicTest.dynamicTest(
                                            (embedded ? "embedded" : "remote")
                                                + (afterwards ? " after " : " before ")
                                                + step,
                                            () -> crash(embedded, afterwards, step)))));
  }

  private void crash(boolean embedded, boolean afterwards, int step) throws IOException {
    Path own = Files.createTempDirectory(directory, "crash");
    CrashAt crash = new CrashAt(step, afterwards);
    World world = new World(own, crash);
    for (String request : List.of("create", "pause", "resume", "delete")) {
      try {
        ask(world, request);
        world.run();
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
    assertThat(world.flink.mostLiveAtOnce()).isLessThanOrEqualTo(1);
    assertThat(world.flink.live()).isEmpty();
    assertThat(world.store.all()).isEmpty();
    assertThat(world.snapshotsLeft()).isEmpty();
    assertRestoredFromNewest(world);
    if (step <= 10) {
      assertThat(crash.crashed()).as("the scenario has at least that many steps").isTrue();
    }
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
