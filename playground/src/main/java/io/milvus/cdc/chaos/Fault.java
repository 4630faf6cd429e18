package io.milvus.cdc.chaos;

import com.google.errorprone.annotations.Immutable;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.PlaygroundException;
import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/** What is done to a running replication. Each is over when {@link #inject} returns. */
enum Fault {
  /** {@code kill -9} of the control server, with the Flink in it. */
  SERVER(FlinkMode.EMBEDDED, (stage, random) -> stage.killAndRestart(Part.SERVER)),
  /** {@code kill -9} of one of the two processes that run the job's subtasks. */
  TASK_MANAGER(FlinkMode.CLUSTER, (stage, random) -> stage.killAndRestart(Part.TASK_MANAGER)),
  /** {@code kill -9} of the process that coordinates the job; it forgets its jobs. */
  JOB_MANAGER(FlinkMode.CLUSTER, (stage, random) -> stage.killAndRestart(Part.JOB_MANAGER)),
  /** {@code kill -9} of the target. */
  TARGET(FlinkMode.EMBEDDED, (stage, random) -> stage.killAndRestart(Part.TARGET)),
  /** The target does nothing for half a minute, and closes no connection. */
  TARGET_FROZEN(
      FlinkMode.EMBEDDED,
      (stage, random) -> {
        stage.playground().suspend(Part.TARGET);
        Stage.sleep(Duration.ofSeconds(30));
        stage.playground().resume(Part.TARGET);
      }),
  /**
   * The connection to the target is reset in the middle of calls, loses acknowledgements of what
   * was done, is refused, and slow.
   */
  CONNECTION(
      FlinkMode.EMBEDDED,
      (stage, random) -> {
        TcpProxy proxy = stage.proxy();
        for (int i = 0; i < 5; i++) {
          proxy.cut();
          Stage.sleep(Duration.ofMillis(100 + random.nextInt(900)));
        }
        proxy.loseAnswers(true);
        Stage.sleep(Duration.ofSeconds(2));
        proxy.cut();
        proxy.loseAnswers(false);
        proxy.refuse(true);
        proxy.cut();
        Stage.sleep(Duration.ofSeconds(3));
        proxy.refuse(false);
        proxy.delay(Duration.ofMillis(500));
        Stage.sleep(Duration.ofSeconds(5));
        proxy.delay(Duration.ZERO);
      }),
  /** {@code kill -9} of the source's Pulsar. */
  PULSAR(FlinkMode.EMBEDDED, (stage, random) -> stage.killAndRestart(Part.PULSAR)),
  /** A restart of etcd: the source's metadata and the control server's tasks. */
  ETCD(FlinkMode.EMBEDDED, (stage, random) -> stage.killAndRestart(Part.ETCD)),
  /** {@code kill -9} of the source. */
  SOURCE(FlinkMode.EMBEDDED, (stage, random) -> stage.killAndRestart(Part.SOURCE)),
  /** Paused and resumed again and again. */
  PAUSE(
      FlinkMode.EMBEDDED,
      (stage, random) -> {
        for (int i = 0; i < 3; i++) {
          stage.pause();
          Stage.sleep(Duration.ofMillis(random.nextInt(2_000)));
          stage.resume();
          Stage.sleep(Duration.ofMillis(random.nextInt(3_000)));
        }
      }),
  /** Stopped with a savepoint, and resumed from it with another number of subtasks. */
  RESCALE(
      FlinkMode.EMBEDDED,
      (stage, random) -> {
        for (int parallelism = 1; parallelism <= Stage.LARGEST_PARALLELISM; parallelism++) {
          stage.pause();
          stage.resume(parallelism);
          Stage.sleep(Duration.ofMillis(2_000 + random.nextInt(2_000)));
        }
      }),
  /** Nothing can be written to disk where Flink runs: no checkpoint completes. */
  DISK(
      FlinkMode.EMBEDDED,
      (stage, random) -> {
        stage.playground().forbidWriting(Part.SERVER);
        Stage.sleep(Duration.ofMillis(4_000 + random.nextInt(4_000)));
        stage.playground().allowWriting(Part.SERVER);
      }),
  /** The source's etcd forgets its history while the task is paused. */
  COMPACTION(
      FlinkMode.EMBEDDED,
      (stage, random) -> {
        stage.pause();
        Stage.sleep(Duration.ofSeconds(3));
        stage.compactEtcd();
        stage.resume();
      });

  private final FlinkMode flink;
  private final Act act;

  /** What is done, and undone. */
  @Immutable
  @FunctionalInterface
  private interface Act {
    void on(Stage stage, RandomGenerator random);
  }

  Fault(FlinkMode flink, Act act) {
    this.flink = flink;
    this.act = act;
  }

  /** Where Flink has to be for it; most faults leave that to the run. */
  FlinkMode flink(FlinkMode wanted) {
    return flink == FlinkMode.CLUSTER || this == DISK ? flink : wanted;
  }

  /**
   * What the target needs to be told for it. A Milvus (2.3) whose session in etcd has ended while
   * it was frozen answers calls, but what it acknowledges is not always so: an index went to the
   * collection that had just been dropped under the name. Its session has to outlive the fault.
   */
  Map<String, String> targetSettings() {
    return this == TARGET_FROZEN ? Map.of("common.session.ttl", "90") : Map.of();
  }

  /** Does it, and undoes it. */
  void inject(Stage stage, RandomGenerator random) {
    act.on(stage, random);
  }

  /** The name on the command line, for example {@code task-manager}. */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The fault of a name.
   *
   * @throws PlaygroundException when there is none, with the names that there are
   */
  static Fault of(String id) {
    return Arrays.stream(values())
        .filter(fault -> fault.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new PlaygroundException(
                    "There is no fault '"
                        + id
                        + "'; choose all or one of "
                        + Arrays.stream(values()).map(Fault::id).collect(Collectors.joining(", "))
                        + "."));
  }
}
