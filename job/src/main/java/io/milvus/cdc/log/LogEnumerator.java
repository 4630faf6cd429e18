package io.milvus.cdc.log;

import io.milvus.cdc.task.LogContext;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StartPositions.TopicStart;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskStore;
import io.milvus.cdc.task.TaskStoreFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the topics of the log and gives each to exactly one reader: the topic's number modulo the
 * parallelism, the one without a number to the first. Topics that readers hold come back after a
 * restart through the readers' own state, so a rescaled job reads each of them still exactly once.
 */
final class LogEnumerator implements SplitEnumerator<TopicSplit, LogEnumeratorState> {

  private static final Logger LOG = LoggerFactory.getLogger(LogEnumerator.class);

  /** Asks the source; used by one worker thread. */
  interface Discovery extends AutoCloseable {

    /** The task whose topics these are. */
    String taskId();

    /** Where a task's topics start. */
    StartPositions startPositions() throws IOException;

    /** Names of the physical channels that exist now. */
    SortedSet<String> pchannels() throws IOException;

    /** Whether one physical channel exists now. */
    boolean exists(String pchannel) throws IOException;

    @Override
    void close();
  }

  /**
   * What one look at the source found.
   *
   * @param starts start positions; present until the first look of a fresh start succeeded
   * @param pchannels the physical channels that exist
   * @param vanished known physical channels that do not exist any more
   */
  private record Look(
      Optional<StartPositions> starts, Set<String> pchannels, List<String> vanished) {}

  private final SplitEnumeratorContext<TopicSplit> context;
  private final Discovery discovery;
  private final LogTuning tuning;

  private final Map<String, TopicSplit> pending = new TreeMap<>();
  private final Set<String> assigned = new HashSet<>();
  private boolean outage;

  // Written by the coordinator's thread, read by the worker's.
  private volatile boolean fresh;
  private volatile Set<String> known = Set.of();

  /** An enumerator of a fresh start ({@code restored} empty) or of a restored job. */
  LogEnumerator(
      SplitEnumeratorContext<TopicSplit> context,
      Discovery discovery,
      LogTuning tuning,
      Optional<LogEnumeratorState> restored) {
    this.context = context;
    this.discovery = discovery;
    this.tuning = tuning;
    restored.ifPresent(
        state -> {
          assigned.addAll(state.assigned());
          state.pending().forEach(split -> pending.put(split.pchannel(), split));
        });
    // A job that was stopped before its first look has no topics and starts like a fresh one.
    this.fresh = assigned.isEmpty() && pending.isEmpty();
    rememberKnown();
  }

  @Override
  public void start() {
    context.callAsync(this::look, this::found, 0, tuning.listingInterval().toMillis());
  }

  private Look look() throws IOException {
    Optional<StartPositions> starts =
        fresh ? Optional.of(discovery.startPositions()) : Optional.empty();
    SortedSet<String> pchannels = discovery.pchannels();
    Set<String> missing = new TreeSet<>(known);
    starts.ifPresent(
        positions ->
            positions
                .topics()
                .forEach(
                    (pchannel, start) -> {
                      // One without a position held no message when the task was created.
                      if (start.messageId().isPresent()) {
                        missing.add(pchannel);
                      }
                    }));
    missing.removeAll(pchannels);
    // A list can be incomplete while brokers change; what counts is the answer for the topic.
    List<String> vanished = new ArrayList<>();
    for (String pchannel : missing) {
      if (!discovery.exists(pchannel)) {
        vanished.add(pchannel);
      }
    }
    return new Look(starts, pchannels, vanished);
  }

  private void found(Look look, Throwable failure) {
    LogContext.ofTask(discovery.taskId()).enter();
    if (failure instanceof PermanentFailure permanent) {
      throw permanent;
    }
    if (failure != null) {
      if (!outage) {
        LOG.warn("The source's topics cannot be listed, it is tried until they can", failure);
      }
      outage = true;
      return;
    }
    if (outage) {
      LOG.info("The source's topics can be listed again");
      outage = false;
    }
    if (!look.vanished().isEmpty()) {
      throw SourceConnection.vanished(String.join(", ", look.vanished()));
    }
    if (fresh && look.starts().isEmpty()) {
      return;
    }
    for (String pchannel : look.pchannels()) {
      if (!assigned.contains(pchannel) && !pending.containsKey(pchannel)) {
        pending.put(pchannel, split(pchannel, look.starts()));
      }
    }
    fresh = fresh && assigned.isEmpty() && pending.isEmpty();
    rememberKnown();
    assignPending();
  }

  private static TopicSplit split(String pchannel, Optional<StartPositions> starts) {
    Optional<TopicStart> start =
        starts.flatMap(positions -> Optional.ofNullable(positions.topics().get(pchannel)));
    Optional<Position> position = start.flatMap(TopicStart::messageId).map(Position::of);
    TopicSplit split =
        new TopicSplit(pchannel, position, position.isPresent() && start.orElseThrow().inclusive());
    LOG.debug(
        "A topic is read: topic={} from={} inclusive={}",
        pchannel,
        position.map(Position::toString).orElse("its first message"),
        split.inclusive());
    return split;
  }

  private void assignPending() {
    for (TopicSplit split : List.copyOf(pending.values())) {
      int owner = owner(split.pchannel(), context.currentParallelism());
      if (context.registeredReaders().containsKey(owner)) {
        context.assignSplit(split, owner);
        pending.remove(split.pchannel());
        assigned.add(split.pchannel());
      }
    }
    rememberKnown();
  }

  /**
   * Which reader a topic is given to: its number modulo the parallelism.
   *
   * @param pchannel a name that ends in {@code _<number>}; of others there is one, and the first
   *     reader's
   */
  static int owner(String pchannel, int parallelism) {
    String number = pchannel.substring(pchannel.lastIndexOf('_') + 1);
    return number.matches("\\d{1,18}") ? (int) (Long.parseLong(number) % parallelism) : 0;
  }

  private void rememberKnown() {
    Set<String> all = new HashSet<>(assigned);
    all.addAll(pending.keySet());
    known = Set.copyOf(all);
  }

  @Override
  public void addReader(int subtaskId) {
    assignPending();
  }

  @Override
  public void addSplitsBack(List<TopicSplit> splits, int subtaskId) {
    for (TopicSplit split : splits) {
      assigned.remove(split.pchannel());
      pending.put(split.pchannel(), split);
    }
    assignPending();
  }

  @Override
  public void handleSplitRequest(int subtaskId, String requesterHostname) {
    // Topics are given out as they are found; readers need not ask.
  }

  @Override
  public LogEnumeratorState snapshotState(long checkpointId) {
    return new LogEnumeratorState(assigned, List.copyOf(pending.values()));
  }

  @Override
  public void close() {
    discovery.close();
  }

  /** Asks the task store and the source's broker. */
  static final class SourceDiscovery implements Discovery {

    private final String taskId;
    private final TaskStoreFactory storeFactory;
    private Optional<TopicDirectory> directory = Optional.empty();

    SourceDiscovery(String taskId, TaskStoreFactory storeFactory) {
      this.taskId = taskId;
      this.storeFactory = storeFactory;
    }

    @Override
    public String taskId() {
      return taskId;
    }

    @Override
    public StartPositions startPositions() {
      try (TaskStore store = storeFactory.open()) {
        return store.startPositions(taskId);
      }
    }

    @Override
    public SortedSet<String> pchannels() throws IOException {
      return directory().pchannels();
    }

    @Override
    public boolean exists(String pchannel) throws IOException {
      return directory().contents(pchannel).isPresent();
    }

    private TopicDirectory directory() {
      if (directory.isEmpty()) {
        try (TaskStore store = storeFactory.open()) {
          TaskDefinition task = SourceConnection.definition(store, taskId);
          directory = Optional.of(new TopicDirectory(task.source()));
        }
      }
      return directory.get();
    }

    @Override
    public void close() {}
  }
}
