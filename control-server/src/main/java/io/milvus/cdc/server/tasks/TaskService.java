package io.milvus.cdc.server.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import io.milvus.cdc.log.ChannelPosition;
import io.milvus.cdc.log.DeadLetterTopic;
import io.milvus.cdc.log.UnusableStartException;
import io.milvus.cdc.server.tasks.Lifecycle.Run;
import io.milvus.cdc.server.tasks.Lifecycle.Wanted;
import io.milvus.cdc.server.tasks.LifecycleStore.Stored;
import io.milvus.cdc.server.tasks.TaskException.Kind;
import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.cdc.task.TaskDefinition;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What can be asked about tasks. A wish counts as soon as it is recorded; the reconciler brings it
 * about. Every method throws {@link TaskException} saying who can act.
 */
public final class TaskService {

  private static final Duration PAUSE_TIMEOUT = Duration.ofSeconds(55);
  private static final Duration DELETE_TIMEOUT = Duration.ofSeconds(20);

  /** How long a request waits for a cluster that does not answer at all. */
  private static final Duration CLUSTER_PATIENCE = Duration.ofSeconds(10);

  private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

  private final LifecycleStore store;
  private final TaskDefinitions definitions;
  private final Reconciler reconciler;
  private final SourceLog sourceLog;
  private final RetentionWatch retention;
  private final TargetProbe targetProbe;
  private final SourceCluster source;
  private final Parallelism parallelism;
  private final int maxTasks;
  private final Clock clock;
  private final Object creating = new Object();

  /** Every task reads the given source. */
  public TaskService(
      LifecycleStore store,
      TaskDefinitions definitions,
      Reconciler reconciler,
      SourceLog sourceLog,
      RetentionWatch retention,
      TargetProbe targetProbe,
      SourceCluster source,
      Parallelism parallelism,
      int maxTasks,
      Clock clock) {
    this.store = store;
    this.definitions = definitions;
    this.reconciler = reconciler;
    this.sourceLog = sourceLog;
    this.retention = retention;
    this.targetProbe = targetProbe;
    this.source = source;
    this.parallelism = parallelism;
    this.maxTasks = maxTasks;
    this.clock = clock;
  }

  /**
   * Accepts a task: whatever is written on the source after this returns is replicated.
   *
   * @return its id
   */
  public String create(NewTask task) {
    task.parallelism().ifPresent(parallelism::check);
    Optional<String> sameAsBefore = refuseOrFindSame(task);
    if (sameAsBefore.isPresent()) {
      return sameAsBefore.get();
    }
    targetProbe.check(task.target());
    synchronized (creating) {
      Optional<String> sameMeanwhile = refuseOrFindSame(task);
      if (sameMeanwhile.isPresent()) {
        return sameMeanwhile.get();
      }
      return accept(task);
    }
  }

  private String accept(NewTask task) {
    StartPositions positions = readStartPositions(task);
    String taskId = task.taskId().orElseGet(() -> UUID.randomUUID().toString().replace("-", ""));
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    int subtasks = task.parallelism().orElse(parallelism.standard());
    Lifecycle preparing = Lifecycle.preparing(taskId, now, task.request(), subtasks);
    if (!store.create(preparing) && !takeUp(preparing)) {
      throw new TaskException(
          Kind.CONFLICT, "task_id '" + taskId + "' is being created or deleted; try again later");
    }
    definitions.write(
        new TaskDefinition(
            TaskDefinition.VERSION,
            taskId,
            now,
            source,
            task.target(),
            task.selection(),
            subtasks,
            task.quarantine()),
        positions);
    var unused =
        change(
            taskId,
            lifecycle -> true,
            lifecycle -> lifecycle.asked(task.start() ? Wanted.RUNNING : Wanted.PAUSED));
    reconciler.nudge(taskId);
    return taskId;
  }

  /** Begins anew, with all that is written, what an equal request has not brought to its end. */
  private boolean takeUp(Lifecycle preparing) {
    return store
        .find(preparing.taskId())
        .filter(stored -> isAttempt(stored.lifecycle(), preparing.request()))
        .filter(stored -> store.delete(stored) && store.create(preparing))
        .isPresent();
  }

  /** One request creates at a time: such a record was left behind, or is another server's. */
  private static boolean isAttempt(Lifecycle lifecycle, JsonNode request) {
    return lifecycle.wanted() == Wanted.PREPARING && lifecycle.request().equals(request);
  }

  private StartPositions readStartPositions(NewTask task) {
    try {
      return sourceLog.starts(source, task.selection(), task.starts());
    } catch (UnusableStartException e) {
      throw new TaskException(
          Kind.START_REFUSED, "The task cannot start there: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      throw unreadable(e);
    }
  }

  private static TaskException unreadable(RuntimeException cause) {
    return new TaskException(
        Kind.SOURCE_UNREACHABLE, "The source cannot be read: " + cause.getMessage(), cause);
  }

  /** The id of an equal task under the client's own id, or empty when the task is a new one. */
  private Optional<String> refuseOrFindSame(NewTask task) {
    List<Stored> all = store.all();
    Optional<Lifecycle> sameId =
        all.stream()
            .map(Stored::lifecycle)
            .filter(lifecycle -> task.taskId().filter(lifecycle.taskId()::equals).isPresent())
            .filter(lifecycle -> !isAttempt(lifecycle, task.request()))
            .findFirst();
    if (sameId.isPresent()) {
      if (isVisible(sameId.get()) && isSame(sameId.get(), task)) {
        return task.taskId();
      }
      throw new TaskException(
          Kind.CONFLICT, "task_id '" + sameId.get().taskId() + "' is " + whyTaken(sameId.get()));
    }
    List<Stored> visible = all.stream().filter(stored -> isVisible(stored.lifecycle())).toList();
    if (visible.size() >= maxTasks) {
      throw new TaskException(
          Kind.LIMIT_REACHED,
          "There are "
              + visible.size()
              + " tasks already and max_tasks is "
              + maxTasks
              + "; delete one, or raise limits.maxTasks of the server");
    }
    List<String> overlapping =
        visible.stream()
            .flatMap(other -> definitionToCompare(id(other)).stream())
            .filter(definition -> isSameTarget(definition.target(), task.target()))
            .filter(definition -> definition.selection().overlaps(task.selection()))
            .map(TaskDefinition::taskId)
            .sorted()
            .toList();
    if (!overlapping.isEmpty()) {
      throw new TaskException(
          Kind.CONFLICT,
          "Some of these collections are sent to "
              + task.target().address()
              + " already, by task "
              + String.join(", ", overlapping)
              + "; select others or delete that task");
    }
    return Optional.empty();
  }

  private static String whyTaken(Lifecycle lifecycle) {
    return switch (lifecycle.wanted()) {
      case PREPARING -> "being created by another request; use another id or try again later";
      case RUNNING, PAUSED ->
          "taken by a task with another request; use another id or delete that task";
      case DELETED -> "being deleted; use another id or try again later";
    };
  }

  private Optional<TaskDefinition> definitionToCompare(String taskId) {
    try {
      return definitions.definition(taskId);
    } catch (TaskException.Unreadable e) {
      throw new TaskException(
          Kind.CONFLICT,
          "Task "
              + taskId
              + " may send the same collections to the same target, which is not known: "
              + e.getMessage()
              + "; let the server read it again, or delete it",
          e);
    }
  }

  private boolean isSame(Lifecycle lifecycle, NewTask task) {
    return lifecycle.request().equals(task.request())
        && definitionToCompare(lifecycle.taskId())
            .filter(definition -> definition.target().equals(task.target()))
            .filter(definition -> definition.selection().equals(task.selection()))
            .isPresent();
  }

  private static boolean isSameTarget(TargetCluster one, TargetCluster other) {
    return one.port() == other.port() && hostName(one).equals(hostName(other));
  }

  private static String hostName(TargetCluster target) {
    String host = target.host().toLowerCase(Locale.ROOT);
    return host.equals("localhost") || host.equals("::1") || host.equals("[::1]")
        ? "127.0.0.1"
        : host;
  }

  /** All tasks, oldest first, for somebody who may look again soon. */
  public List<TaskView> list() {
    reconciler.watched();
    return known();
  }

  /** All tasks, oldest first, with what was last heard of them. */
  public List<TaskView> known() {
    return store.all().stream()
        .map(Stored::lifecycle)
        .filter(TaskService::isVisible)
        .map(lifecycle -> reconciler.view(lifecycle, retention))
        .toList();
  }

  /** One task, as it is at this moment. */
  public TaskView get(String taskId) {
    var unused = existing(taskId);
    reconciler.watched();
    reconciler.reconcile(taskId);
    return reconciler.view(existing(taskId).lifecycle(), retention);
  }

  /**
   * From where the source's log is to be read on by somebody who continues this task's work: all
   * that is not applied comes after these positions, and something that is.
   */
  public List<ChannelPosition> positions(String taskId) {
    TaskView task = get(taskId);
    Instant until =
        task.replicatedUntil()
            .orElseThrow(
                () ->
                    new TaskException(
                        Kind.CONFLICT,
                        "Task "
                            + taskId
                            + " has not applied anything yet and has no position; its job tells one"
                            + " as soon as it runs"));
    TaskDefinition definition = definitions.definition(taskId).orElseThrow(() -> notFound(taskId));
    try {
      return sourceLog.positions(definition.source(), definition.selection(), until);
    } catch (RuntimeException e) {
      throw unreadable(e);
    }
  }

  /**
   * The collections that a task does not replicate any further, those of longest standing first;
   * none when there is no such task.
   */
  public List<StoppedCollection> stopped(String taskId) {
    return definitions.stopped(taskId).stream()
        .sorted(
            Comparator.comparing(StoppedCollection::since)
                .thenComparing(StoppedCollection::collectionId))
        .toList();
  }

  /**
   * The messages that a task has left out, those of longest standing first; none when there is no
   * such task.
   */
  public List<QuarantinedMessage> quarantined(String taskId) {
    return definitions.quarantined(taskId).stream()
        .sorted(
            Comparator.comparing(QuarantinedMessage::since)
                .thenComparing(QuarantinedMessage::position)
                .thenComparing(QuarantinedMessage::collectionId))
        .toList();
  }

  /**
   * The topic that has the messages which a task has left out; empty when it leaves none out, and
   * when it cannot be read what the task is.
   */
  public Optional<String> deadLetterTopic(String taskId) {
    try {
      return definitions
          .definition(taskId)
          .filter(TaskDefinition::quarantine)
          .map(definition -> DeadLetterTopic.of(definition.source(), taskId));
    } catch (TaskException.Unreadable e) {
      return Optional.empty();
    }
  }

  /** Pauses a task and returns when it is known from where it will continue. */
  public void pause(String taskId) {
    var unused =
        change(
            taskId,
            lifecycle -> {
              if (lifecycle.wanted() == Wanted.PAUSED) {
                throw new TaskException(
                    Kind.CONFLICT, "Task " + taskId + " is already paused; resume starts it again");
              }
              return true;
            },
            lifecycle -> lifecycle.asked(Wanted.PAUSED));
    boolean done =
        await(
            taskId,
            PAUSE_TIMEOUT,
            lifecycle ->
                lifecycle.wanted() != Wanted.PAUSED
                    || lifecycle.run().map(Run::ended).orElse(true));
    if (!done) {
      throw new TaskException(
          Kind.FLINK_UNREACHABLE,
          "Task "
              + taskId
              + " will be paused, but its job has not stopped yet: "
              + reconciler.clusterTrouble().orElse("it takes longer than usual, get shows when"));
    }
  }

  /**
   * How a task is to run again.
   *
   * @param skipUnreadable whether it goes on without the messages of the log that it could not read
   *     and that have stopped collections
   * @param putBackQuarantined whether it applies the messages that it has left out, from the first
   *     of each collection on
   * @param parallelism how many subtasks its job has from now on; absent for as many as before
   */
  public record Resumption(
      boolean skipUnreadable, boolean putBackQuarantined, Optional<Integer> parallelism) {

    /** As before. */
    public static final Resumption AS_BEFORE = new Resumption(false, false, Optional.empty());
  }

  /** Lets a task run again from where it left off. */
  public void resume(String taskId, Resumption how) {
    how.parallelism().ifPresent(parallelism::check);
    var unused =
        change(
            taskId,
            lifecycle -> {
              if (lifecycle.wanted() == Wanted.RUNNING && lifecycle.failure().isEmpty()) {
                throw new TaskException(
                    Kind.CONFLICT, "Task " + taskId + " is already running; pause stops it");
              }
              if (how.skipUnreadable()) {
                definitions.skipUnreadable(taskId);
              }
              if (how.putBackQuarantined()) {
                definitions.putBackQuarantined(taskId);
              }
              return true;
            },
            lifecycle ->
                lifecycle.asked(Wanted.RUNNING, how.parallelism().or(lifecycle::parallelism)));
    reconciler.nudge(taskId);
  }

  /** Removes a task with all that it has kept; the target keeps what was replicated. */
  public void delete(String taskId) {
    var unused = change(taskId, lifecycle -> true, lifecycle -> lifecycle.asked(Wanted.DELETED));
    // What is left after the timeout is removed later; nobody sees the task any more.
    var unusedToo = await(taskId, DELETE_TIMEOUT, lifecycle -> false);
  }

  private Stored existing(String taskId) {
    return store
        .find(taskId)
        .filter(stored -> isVisible(stored.lifecycle()))
        .orElseThrow(() -> notFound(taskId));
  }

  private static TaskException notFound(String taskId) {
    return new TaskException(
        Kind.NOT_FOUND, "There is no task with task_id '" + taskId + "'; list shows all tasks");
  }

  private Stored change(
      String taskId, Predicate<Lifecycle> allowed, Function<Lifecycle, Lifecycle> change) {
    while (true) {
      Stored stored =
          store
              .find(taskId)
              .filter(found -> found.lifecycle().wanted() != Wanted.DELETED)
              .orElseThrow(() -> notFound(taskId));
      if (!allowed.test(stored.lifecycle())) {
        return stored;
      }
      Optional<Stored> changed = store.replace(stored, change.apply(stored.lifecycle()));
      if (changed.isPresent()) {
        return changed.get();
      }
    }
  }

  /** Drives a task until its record is as wanted or gone; false when that takes too long. */
  private boolean await(String taskId, Duration timeout, Predicate<Lifecycle> done) {
    long start = System.nanoTime();
    while (true) {
      reconciler.reconcile(taskId);
      if (store.find(taskId).filter(stored -> !done.test(stored.lifecycle())).isEmpty()) {
        return true;
      }
      Duration waited = Duration.ofNanos(System.nanoTime() - start);
      Duration patience = reconciler.clusterTrouble().isPresent() ? CLUSTER_PATIENCE : timeout;
      if (waited.compareTo(patience) >= 0 || Thread.currentThread().isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
    }
  }

  private static boolean isVisible(Lifecycle lifecycle) {
    return switch (lifecycle.wanted()) {
      case RUNNING, PAUSED -> true;
      case PREPARING, DELETED -> false;
    };
  }

  private static String id(Stored stored) {
    return stored.lifecycle().taskId();
  }
}
