package io.milvus.cdc.server.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.milvus.cdc.server.flink.FlinkCluster;
import io.milvus.cdc.server.flink.FlinkException;
import io.milvus.cdc.server.flink.JobMeasures;
import io.milvus.cdc.server.flink.SnapshotFiles;
import io.milvus.cdc.task.JobWork;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.TargetCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How often Flink is asked when there are many tasks. */
class PollingPaceTest {

  private static final Duration TICK = ReconcilerSettings.remote().interval();

  /** For all states, and for each of ten jobs its metrics, its traffic and newest checkpoint. */
  private static final int MOST_CALLS = 1 + 10 * 3;

  @TempDir Path directory;

  private final SettableClock clock = new SettableClock();
  private FakeFlink flink;
  private Reconciler reconciler;
  private TaskService tasks;

  /** Does at once, in the caller's thread, what it is given. */
  private static final class AtOnce extends AbstractExecutorService {
    @Override
    public void execute(Runnable task) {
      task.run();
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
      return List.of();
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return true;
    }
  }

  private void start(int number) {
    flink = new FakeFlink(directory, Steps.GO_ON);
    InMemoryDefinitions definitions = new InMemoryDefinitions(Steps.GO_ON);
    InMemoryLifecycleStore store = new InMemoryLifecycleStore(definitions, Steps.GO_ON);
    reconciler =
        new Reconciler(
            store,
            definitions,
            flink,
            new SnapshotFiles(directory.toUri()),
            ReconcilerSettings.remote(),
            clock,
            new AtOnce());
    tasks =
        new TaskService(
            store,
            definitions,
            reconciler,
            new FakeSourceLog(),
            new RetentionWatch(new FakeSourceLog(), FakeSourceLog.SOURCE),
            target -> {},
            FakeSourceLog.SOURCE,
            new Parallelism(1, 1),
            number,
            clock);
    for (int i = 0; i < number; i++) {
      assertThat(tasks.create(task("t" + i))).isEqualTo("t" + i);
    }
    for (FlinkCluster.JobSubmission submission : flink.submissions) {
      report(submission.jobId(), 1);
    }
    assertThat(flink.live()).hasSize(number);
  }

  private static NewTask task(String name) {
    return new NewTask(
        Optional.of(name),
        new TargetCluster("localhost", 19530, false, Optional.empty(), 10),
        new Selection(List.of(new Selection.Entry("default", name))),
        RequestedStarts.none(),
        JsonNodeFactory.instance.objectNode(),
        true,
        Optional.empty(),
        false);
  }

  private void report(String jobId, long inserted) {
    flink.report(jobId, () -> measures(inserted));
  }

  /** Of a job that keeps up with its source. */
  private JobMeasures measures(long inserted) {
    return new JobMeasures(
        Optional.of(clock.instant()),
        Optional.of(Duration.ofMillis(40)),
        inserted,
        0,
        0,
        JobWork.NONE);
  }

  /** Lets half a second pass and returns how often Flink was asked. */
  private int look() {
    int before = flink.calls();
    reconciler.lookIfDue();
    clock.advance(TICK);
    return flink.calls() - before;
  }

  @Test
  void aHundredTasksTakeTurnsAndAListAsksNobody() {
    start(100);
    for (int look = 0; look < 40; look++) {
      assertThat(tasks.list()).hasSize(100);
      assertThat(look()).as("look " + look).isBetween(2, MOST_CALLS);
      if (look >= 20) {
        // Two rounds of ten looks have passed: everybody has had a turn.
        assertThat(tasks.list())
            .hasSize(100)
            .allMatch(task -> task.state() == TaskView.State.RUNNING)
            .allMatch(task -> task.counts().isPresent())
            .allMatch(task -> task.lag().filter(Duration.ofMillis(40)::equals).isPresent());
      }
    }
    int before = flink.calls();
    for (int i = 0; i < 10; i++) {
      assertThat(tasks.list()).hasSize(100);
    }
    assertThat(flink.calls()).isEqualTo(before);
  }

  @Test
  void aTaskThatIsAskedForDoesNotWaitForItsTurn() {
    start(100);
    for (int look = 0; look < 20; look++) {
      look();
    }
    for (FlinkCluster.JobSubmission submission : flink.submissions) {
      clock.advance(Duration.ofSeconds(1));
      report(submission.jobId(), 50);
      assertThat(tasks.get(submission.taskId()).counts().orElseThrow().rowsInserted())
          .isEqualTo(50);
    }
  }

  @Test
  void fewTasksAreAskedEverySecondWhileSomebodyLooks() {
    start(5);
    assertThat(callsInTenSeconds(() -> assertThat(tasks.list()).hasSize(5)))
        // Two looks and five reports a second; traffic and newest checkpoint only now and then.
        .isBetween(10 * 7 + 5, 10 * 7 + 10);
  }

  @Test
  void nobodysTasksAreLookedAtAndAskedEveryFiveSeconds() {
    start(5);
    assertThat(callsInTenSeconds(() -> assertThat(tasks.known()).hasSize(5)))
        // Two looks with a report of each; traffic and newest checkpoint now and then.
        .isBetween(2 + 2 * 5, 2 + 2 * 5 + 10);
    assertThat(tasks.known())
        .allMatch(task -> task.lag().filter(Duration.ofMillis(40)::equals).isPresent());
  }

  @Test
  void allOfNobodysTasksHaveTheirTurnAsOften() {
    start(100);
    int unused = callsInTenSeconds(() -> {});
    for (FlinkCluster.JobSubmission submission : flink.submissions) {
      report(submission.jobId(), 50);
    }
    for (int look = 0; look < 20; look++) {
      int unusedToo = look();
    }
    assertThat(tasks.known())
        .hasSize(100)
        .allMatch(task -> task.counts().orElseThrow().rowsInserted() == 50);
  }

  @Test
  void aJobOfNobodysThatDoesNotRunIsSeenSoonAndLookedAtUntilItDoes() {
    start(1);
    int unused = callsInTenSeconds(() -> {});
    flink.submissions.forEach(submission -> flink.restarting(submission.jobId(), "lost"));
    assertThat(look() + look() + look() + look()).isPositive();
    for (int look = 0; look < 10; look++) {
      assertThat(look()).as("look " + look).isPositive();
    }
    assertThat(tasks.known()).allMatch(task -> task.reason().isPresent());
  }

  @Test
  void aClusterThatDoesNotAnswerIsAskedUntilItDoes() {
    start(1);
    int unused = callsInTenSeconds(() -> {});
    flink.unreachable(true);
    assertThatThrownBy(() -> IntStream.range(0, 4).forEach(i -> look()))
        .isInstanceOf(FlinkException.Unreachable.class);
    assertThatThrownBy(this::look).isInstanceOf(FlinkException.Unreachable.class);
    flink.unreachable(false);
    assertThat(look()).isPositive();
    assertThat(reconciler.clusterTrouble()).isEmpty();
  }

  @Test
  void theLagOfAJobThatFallsSilentGrowsWithinSecondsForWhoeverAsks() {
    start(1);
    flink.submissions.forEach(submission -> report(submission.jobId(), 1));
    int unused = callsInTenSeconds(() -> {});
    flink.submissions.forEach(submission -> flink.silence(submission.jobId()));
    clock.advance(Duration.ofSeconds(4));
    assertThat(tasks.get("t0").lag().orElseThrow()).isGreaterThan(Duration.ofSeconds(4));
  }

  /** Flink does so while it waits for a task manager that is lost. */
  @Test
  void theLagGrowsWhileFlinkTellsNothingNew() {
    start(1);
    JobMeasures old = measures(1);
    flink.submissions.forEach(submission -> flink.report(submission.jobId(), () -> old));
    int calls = callsInTenSeconds(() -> assertThat(tasks.list()).hasSize(1));
    assertThat(calls).isPositive();
    assertThat(tasks.list().get(0).lag().orElseThrow()).isGreaterThan(Duration.ofSeconds(20));
  }

  private int callsInTenSeconds(Runnable everySecond) {
    for (int look = 0; look < 30; look++) {
      int unused = look();
    }
    int calls = 0;
    for (int second = 0; second < 10; second++) {
      everySecond.run();
      calls += look() + look();
    }
    return calls;
  }
}
