package io.milvus.cdc.log;

import io.milvus.cdc.task.LogContext;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StartPositions.TopicStart;
import io.milvus.cdc.task.TaskStore;
import io.milvus.cdc.task.TaskStoreFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the topics that the task reads and gives each to exactly one reader: the topic's number
 * modulo the parallelism, the one without a number to the first. These are the topics of its start
 * positions, to which some are added as collections come, and the one of clients' requests. Topics
 * that readers hold come back after a restart through the readers' own state, so a rescaled job
 * reads each of them still exactly once.
 */
final class LogEnumerator implements SplitEnumerator<TopicSplit, LogEnumeratorState> {

  private static final Logger LOG = LoggerFactory.getLogger(LogEnumerator.class);

  /** How soon the source is asked again when it has not answered. */
  private static final Duration RETRY = Duration.ofSeconds(5);

  /** Asks the source; used by one worker thread. */
  interface Discovery extends AutoCloseable {

    /** The task whose topics these are. */
    String taskId();

    /**
     * Which topics the task reads, and where they start.
     *
     * @param onAdded called when a topic was, or may have been, added since; by any thread
     */
    StartPositions startPositions(Runnable onAdded) throws IOException;

    /** Names of the log's topics that exist now. */
    SortedSet<String> topics() throws IOException;

    /** Whether a topic is the one of clients' requests. */
    boolean isRequestTopic(String topic);

    /** Whether one topic exists now. */
    boolean exists(String topic) throws IOException;

    @Override
    void close();
  }

  /**
   * What one look at the source found.
   *
   * @param existing the topics to read that exist
   * @param vanished topics to read that do not exist any more
   */
  private record Look(StartPositions starts, Set<String> existing, List<String> vanished) {}

  private final SplitEnumeratorContext<TopicSplit> context;
  private final Discovery discovery;
  private final LogTuning tuning;

  private final Map<String, TopicSplit> pending = new TreeMap<>();
  private final Set<String> assigned = new HashSet<>();
  private boolean outage;

  private final AtomicBoolean lookIsAsked = new AtomicBoolean();

  /** Closing the task store ends its watch, which calls for no look then. */
  private volatile boolean closed;

  /** The worker's alone: when all was last looked at; empty when that has failed. */
  private OptionalLong lookedAt = OptionalLong.empty();

  /** Written by the coordinator's thread, read by the worker's. */
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
    rememberKnown();
  }

  @Override
  public void start() {
    long millis = Math.min(RETRY.toMillis(), tuning.listingInterval().toMillis());
    context.callAsync(this::lookIfDue, this::found, 0, millis);
  }

  /** Called by any thread, for each of many topics that are added at once. */
  private void lookNow() {
    if (!closed && !lookIsAsked.getAndSet(true)) {
      context.runInCoordinatorThread(() -> context.callAsync(this::lookIfDue, this::found));
    }
  }

  private Optional<Look> lookIfDue() throws IOException {
    long now = System.nanoTime();
    boolean isAsked = lookIsAsked.getAndSet(false);
    if (!isAsked
        && lookedAt.isPresent()
        && now - lookedAt.getAsLong() < tuning.listingInterval().toNanos()) {
      return Optional.empty();
    }
    lookedAt = OptionalLong.empty();
    Look look = look();
    lookedAt = OptionalLong.of(now);
    return Optional.of(look);
  }

  private Look look() throws IOException {
    StartPositions starts = discovery.startPositions(this::lookNow);
    SortedSet<String> topics = discovery.topics();
    Set<String> existing = new TreeSet<>();
    for (String topic : topics) {
      if (starts.topics().containsKey(topic) || discovery.isRequestTopic(topic)) {
        existing.add(topic);
      }
    }
    Set<String> missing = new TreeSet<>(known);
    starts
        .topics()
        .forEach(
            (pchannel, start) -> {
              // One that is read from its first message may be still to come.
              if (start.messageId().isPresent()) {
                missing.add(pchannel);
              }
            });
    missing.removeAll(topics);
    // A list can be incomplete while brokers change; what counts is the answer for the topic.
    List<String> vanished = new ArrayList<>();
    for (String topic : missing) {
      if (discovery.exists(topic)) {
        existing.add(topic);
      } else {
        vanished.add(topic);
      }
    }
    return new Look(starts, existing, vanished);
  }

  private void found(Optional<Look> found, Throwable failure) {
    if (closed) {
      return;
    }
    LogContext.ofTask(discovery.taskId()).enter();
    if (failure instanceof PermanentFailure permanent) {
      throw permanent;
    }
    if (failure != null) {
      if (!outage) {
        LOG.warn("The topics to read cannot be listed, it is tried until they can", failure);
      }
      outage = true;
      return;
    }
    if (found.isEmpty()) {
      return;
    }
    Look look = found.get();
    if (outage) {
      LOG.info("The topics to read can be listed again");
      outage = false;
    }
    if (!look.vanished().isEmpty()) {
      throw SourceConnection.vanished(String.join(", ", look.vanished()));
    }
    for (String topic : look.existing()) {
      if (!assigned.contains(topic) && !pending.containsKey(topic)) {
        pending.put(topic, split(topic, look.starts()));
      }
    }
    rememberKnown();
    assignPending();
  }

  private static TopicSplit split(String pchannel, StartPositions starts) {
    Optional<TopicStart> start = Optional.ofNullable(starts.topics().get(pchannel));
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
    return (int) (TopicSplit.numberOf(pchannel).orElse(0) % parallelism);
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
    closed = true;
    discovery.close();
  }

  /** Asks the task store and the source's broker. */
  static final class SourceDiscovery implements Discovery {

    private final String taskId;
    private final TaskStoreFactory storeFactory;

    // Guarded by this.
    private Optional<WatchedStore> store = Optional.empty();
    private boolean closed;

    /** The worker's alone. */
    private Optional<Source> source = Optional.empty();

    private record Source(SourceCluster cluster, TopicDirectory directory) {}

    /** An open store, as long as it tells of topics that are added. */
    private static final class WatchedStore implements TaskStore.StartsListener {
      final TaskStore store;
      final Runnable onAdded;
      volatile boolean ended;

      WatchedStore(TaskStore store, Runnable onAdded) {
        this.store = store;
        this.onAdded = onAdded;
      }

      @Override
      public void added() {
        onAdded.run();
      }

      @Override
      public void ended() {
        ended = true;
        onAdded.run();
      }
    }

    SourceDiscovery(String taskId, TaskStoreFactory storeFactory) {
      this.taskId = taskId;
      this.storeFactory = storeFactory;
    }

    @Override
    public String taskId() {
      return taskId;
    }

    @Override
    public synchronized StartPositions startPositions(Runnable onAdded) throws IOException {
      if (store.isPresent() && store.get().ended) {
        closeStore();
      }
      try {
        TaskStore open = store.isPresent() ? store.get().store : openWatched(onAdded);
        if (source.isEmpty()) {
          SourceCluster cluster = SourceConnection.definition(open, taskId).source();
          source = Optional.of(new Source(cluster, new TopicDirectory(cluster)));
        }
        return open.startPositions(taskId);
      } catch (UncheckedIOException e) {
        closeStore();
        throw e.getCause();
      }
    }

    /** It is watched before it is read, so that nothing is missed between the two. */
    private TaskStore openWatched(Runnable onAdded) throws IOException {
      if (closed) {
        throw new IOException("closed");
      }
      WatchedStore opened = new WatchedStore(storeFactory.open(), onAdded);
      store = Optional.of(opened);
      opened.store.watchStarts(taskId, opened);
      return opened.store;
    }

    private void closeStore() {
      store.ifPresent(open -> open.store.close());
      store = Optional.empty();
    }

    @Override
    public SortedSet<String> topics() throws IOException {
      return source.orElseThrow().directory().pchannels();
    }

    @Override
    public boolean isRequestTopic(String topic) {
      return source.orElseThrow().cluster().isRequestTopic(topic);
    }

    @Override
    public boolean exists(String topic) throws IOException {
      return source.orElseThrow().directory().contents(topic).isPresent();
    }

    @Override
    public synchronized void close() {
      closed = true;
      closeStore();
    }
  }
}
