package io.milvus.cdc.replicate;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.catalog.CollectionLookup;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Partition;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.Addressed;
import io.milvus.cdc.event.SourceEvent.CatalogProgress;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionOutside;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.DatabaseGone;
import io.milvus.cdc.event.SourceEvent.DatabaseSeen;
import io.milvus.cdc.event.SourceEvent.FlushRequested;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.SourceEvent.ReplicatedUntil;
import io.milvus.cdc.event.SourceEvent.TimeTick;
import io.milvus.cdc.event.SourceEvent.UnreadableMessage;
import io.milvus.cdc.event.SourceName;
import io.milvus.cdc.task.Selection.Name;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.FieldSchema;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import milvus.proto.msg.Msg.DropPartitionRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns the events of the sources, as they arrive at one subtask, into the events to apply, in the
 * order in which they are to be applied. Knows neither Flink nor the target.
 *
 * <p>Promises:
 *
 * <ul>
 *   <li>Messages of a collection are handed out after the collection has been seen in the metadata,
 *       in the order of {@link CollectionOrder}, and not before its start position.
 *   <li>Messages of a collection that is gone, or not selected, are counted and dropped. Whether a
 *       collection that the metadata events have not named yet is alive is asked once, at its first
 *       message: its metadata was written before that message.
 *   <li>A collection waits only for the topics that it has shards on; a drop read from a topic
 *       closes that topic for the collection, so no tick has to follow it.
 *   <li>Rows of a partition come after the drop of an older one of its name, though the log may
 *       tell of that drop later (see {@link PartitionHistory}).
 *   <li>A message that cannot be read stops every collection that has a shard on its topic and was
 *       there when it was published, because it may have been any one's.
 *   <li>A flush takes its place among the messages of each collection that it names, as soon as the
 *       metadata has told of the collection's name: rows that are older come before it, rows that
 *       are younger after it, unless they were handed out before the flush was read.
 *   <li>A tick costs nothing for collections that have no message waiting.
 * </ul>
 */
final class Replication {

  private static final Logger LOG = LoggerFactory.getLogger(Replication.class);

  /** TSOs carry the milliseconds above 18 bits of a logical clock. */
  private static final int LOGICAL_BITS = 18;

  private static final String DEFAULT_PARTITION = "_default";

  /** Ids are remembered so that each is looked up once; forgetting one costs one more look-up. */
  private static final int MOST_SKIPPED_IDS = 100_000;

  /** Per topic; more of them stop the same collections. */
  private static final int MOST_UNREADABLE = 1_000;

  private final CollectionLookup lookup;
  private final Consumer<SourceEvent> out;
  private final Consumer<Skipped> skippedMessages;

  /** Why messages have been skipped; each reason is logged once. */
  private final Set<CollectionLookup.Standing> saidToBeSkipped =
      EnumSet.noneOf(CollectionLookup.Standing.class);

  private final Map<Long, Replica> replicas = new HashMap<>();
  private final Map<String, Set<Replica>> waitingByTopic = new HashMap<>();
  private final Map<String, Integer> replicasByTopic = new HashMap<>();
  private final Map<String, Long> ticks = new HashMap<>();
  private final Set<Replica> unseen = new HashSet<>();

  /** What could not be read, by topic: it concerns also collections that are seen only later. */
  private final Map<String, List<UnreadableMessage>> unreadable = new HashMap<>();

  /** Those that may name collections that the metadata has yet to tell of, as they came. */
  private final Queue<RecentFlush> recentFlushes = new ArrayDeque<>();

  private final Map<Long, CollectionLookup.Standing> skippedIds = new NewestIds<>();

  /** Collections whose drop was read: metadata that still has them is out of date. */
  private final Map<Long, Boolean> dropped = new NewestIds<>();

  /** What is known least far; read by any thread. */
  private volatile Slowest slowest = Slowest.metadata(-1);

  private long catalogProgressMillis = -1;
  private long announcedMillis = -1;

  /** Why a message is dropped. */
  enum Skipped {
    /** Its collection or its partition is gone. */
    GONE,
    /** Its collection is not selected. */
    NOT_SELECTED,
    /** It is before the start of its collection. */
    BEFORE_START
  }

  /**
   * What of the source is known least far.
   *
   * @param topic empty for the metadata
   * @param untold the collection that the metadata has not named although messages of it wait;
   *     empty when it is something else that is waited for
   * @param epochMillis up to when it is known, on the source's clock; not positive while nothing is
   */
  record Slowest(Optional<String> topic, OptionalLong untold, long epochMillis) {

    private static Slowest metadata(long epochMillis) {
      return new Slowest(Optional.empty(), OptionalLong.empty(), epochMillis);
    }
  }

  private static final class NewestIds<T> extends LinkedHashMap<Long, T> {
    private static final long serialVersionUID = 1L;

    @Override
    protected boolean removeEldestEntry(Map.Entry<Long, T> eldest) {
      return size() > MOST_SKIPPED_IDS;
    }
  }

  /**
   * @param placed ids of the collections in which it has its place
   */
  private record RecentFlush(FlushRequested request, Set<Long> placed) {}

  /**
   * What is known of one collection.
   *
   * <p>Until the metadata has named it, its messages wait.
   */
  private static final class Replica {
    final long collectionId;
    final CollectionOrder order = new CollectionOrder();
    final Set<String> closedTopics = new HashSet<>();
    final Map<String, Long> startAfter = new HashMap<>();
    final Map<String, Long> startAfterByTopic = new HashMap<>();
    final Map<String, Long> startByTopic = new HashMap<>();
    final PartitionHistory partitions = new PartitionHistory();
    boolean hasPartitionKey;
    Set<String> topics = Set.of();
    Name name = new Name("", "");

    Replica(long collectionId) {
      this.collectionId = collectionId;
    }

    boolean seen() {
      return !topics.isEmpty();
    }

    /** No message of the collection that was published earlier is applied. */
    long startMillis(String topic) {
      return millis(startByTopic.getOrDefault(topic, 0L));
    }

    boolean closed() {
      return seen() && closedTopics.containsAll(topics);
    }
  }

  /**
   * @param lookup asked about collections that the metadata events have not named
   * @param out gets the events to apply
   * @param skippedMessages is told of every message that is dropped
   */
  Replication(
      CollectionLookup lookup, Consumer<SourceEvent> out, Consumer<Skipped> skippedMessages) {
    this.lookup = lookup;
    this.out = out;
    this.skippedMessages = skippedMessages;
  }

  /**
   * Takes one event in and hands out all that is ready after it.
   *
   * @throws EtcdUnavailableException when it must be asked whether a collection is alive, and the
   *     source's etcd does not answer; nothing of the event is taken in then
   */
  void handle(SourceEvent event) throws EtcdUnavailableException {
    if (event instanceof LogMessage message) {
      handleMessage(message);
    } else if (event instanceof TimeTick tick) {
      handleTick(tick);
    } else if (event instanceof CollectionSeen seen) {
      handleSeen(seen.state());
    } else if (event instanceof CollectionGone gone) {
      handleGone(gone);
    } else if (event instanceof CollectionOutside outside) {
      handleOutside(outside);
    } else if (event instanceof CatalogProgress progress) {
      catalogProgressMillis = Math.max(catalogProgressMillis, progress.epochMillis());
      forgetFlushes();
      announceProgress();
    } else if (event instanceof Addressed addressed) {
      handle(addressed.event());
    } else if (event instanceof DatabaseSeen || event instanceof DatabaseGone) {
      out.accept(event);
    } else if (event instanceof FlushRequested flush) {
      handleFlush(flush);
    } else if (event instanceof UnreadableMessage message) {
      handleUnreadable(message);
    } else if (event instanceof CollectionStopped stopped) {
      handleStopped(stopped);
    } else if (event instanceof ReplicatedUntil) {
      throw new IllegalArgumentException("only this class announces progress: " + event);
    }
  }

  private void handleMessage(LogMessage message) throws EtcdUnavailableException {
    LogMessageHeader header = message.header();
    if (header.kind() == Kind.CREATE_COLLECTION) {
      return; // The metadata tells of it, with more detail.
    }
    Replica replica = replicas.get(header.collectionId());
    if (header.kind() == Kind.DROP_COLLECTION) {
      handleDrop(Optional.ofNullable(replica), header);
      return;
    }
    if (replica == null) {
      if (!isReplicated(header)) {
        skippedMessages.accept(cause(header.collectionId()));
        return;
      }
      replica = addReplica(header.collectionId());
    }
    if (replica.seen() && isBeforeStart(replica, header)) {
      skippedMessages.accept(Skipped.BEFORE_START);
      return;
    }
    if (replica.order.isEmpty()) {
      awaitTicks(replica);
    }
    replica.order.add(message);
  }

  private boolean isReplicated(LogMessageHeader header) throws EtcdUnavailableException {
    if (skippedIds.containsKey(header.collectionId())) {
      return false;
    }
    CollectionLookup.Standing answer = lookup.standing(header.collectionId());
    if (answer == CollectionLookup.Standing.REPLICATED) {
      return true;
    }
    skippedIds.put(header.collectionId(), answer);
    if (saidToBeSkipped.add(answer)) {
      LOG.info(
          "Messages of collections that are {} are skipped and counted from now on:"
              + " first_collection_id={} first_message=\"{}\"",
          answer == CollectionLookup.Standing.GONE ? "gone" : "not selected",
          header.collectionId(),
          header.position());
    }
    return false;
  }

  /** Why messages of a collection that is not replicated are dropped. */
  private Skipped cause(long collectionId) {
    return skippedIds.get(collectionId) == CollectionLookup.Standing.NOT_SELECTED
        ? Skipped.NOT_SELECTED
        : Skipped.GONE;
  }

  /**
   * A collection that the metadata has not named may have a copy all the same, made after the
   * checkpoint that this run began with. Or it is not selected, and has a copy of another task.
   */
  private void handleDrop(Optional<Replica> replica, LogMessageHeader header) {
    if (replica.isPresent() && replica.get().seen()) {
      replica.get().closedTopics.add(header.pchannel());
      release(replica.get());
      if (!replica.get().closed()) {
        return;
      }
    } else if (skippedIds.get(header.collectionId()) == CollectionLookup.Standing.NOT_SELECTED
        || dropped.containsKey(header.collectionId())) {
      skippedMessages.accept(cause(header.collectionId()));
      return;
    }
    replica.ifPresent(known -> remove(known, Skipped.GONE));
    skippedIds.put(header.collectionId(), CollectionLookup.Standing.GONE);
    dropped.put(header.collectionId(), true);
    out.accept(new CollectionGone(header.collectionId(), replica.isPresent()));
  }

  /**
   * A flush names its collections by what they are called at its time, of which the metadata may
   * still tell: one that comes to have the name later than it should is flushed for nothing.
   */
  private void handleFlush(FlushRequested request) {
    RecentFlush flush = new RecentFlush(request, new HashSet<>());
    recentFlushes.add(flush);
    for (Replica replica : replicas.values()) {
      placeIfNamed(flush, replica);
      release(replica);
    }
    forgetFlushes();
  }

  private void forgetFlushes() {
    while (!recentFlushes.isEmpty()
        && millis(recentFlushes.element().request.timestamp()) <= catalogProgressMillis) {
      recentFlushes.remove();
    }
  }

  private void placeIfNamed(RecentFlush flush, Replica replica) {
    if (replica.seen()
        && replica.name.database().equals(flush.request.database())
        && flush.request.collections().contains(replica.name.collection())
        && flush.placed.add(replica.collectionId)) {
      place(flush.request, replica);
    }
  }

  private void place(FlushRequested flush, Replica replica) {
    if (replica.order.isEmpty()) {
      awaitTicks(replica);
    }
    replica.order.add(
        new LogMessage(
            new LogMessageHeader(
                Kind.FLUSH,
                flush.pchannel(),
                flush.ledgerId(),
                flush.entryId(),
                replica.collectionId,
                "",
                flush.timestamp(),
                true),
            ByteString.EMPTY));
  }

  private void handleTick(TimeTick tick) {
    ticks.merge(tick.pchannel(), tick.timestamp(), Math::max);
    Set<Replica> waiting = waitingByTopic.get(tick.pchannel());
    if (waiting != null) {
      for (Replica replica : List.copyOf(waiting)) {
        release(replica);
      }
    }
    announceProgress();
  }

  /** Every collection of the topic may lack what the message said. */
  private void handleUnreadable(UnreadableMessage message) {
    List<UnreadableMessage> ofTopic =
        unreadable.computeIfAbsent(message.pchannel(), topic -> new ArrayList<>());
    if (ofTopic.size() < MOST_UNREADABLE) {
      ofTopic.add(message);
    }
    for (Replica replica : List.copyOf(replicas.values())) {
      if (replica.topics.contains(message.pchannel())) {
        stopAt(message, replica);
      }
    }
  }

  private void stopAt(UnreadableMessage message, Replica replica) {
    boolean concerned =
        !replica.closedTopics.contains(message.pchannel())
            && replica.startMillis(message.pchannel()) <= message.publishedMillis();
    if (concerned) {
      out.accept(
          CollectionStopped.at(
              replica.collectionId,
              message.pchannel(),
              message.ledgerId(),
              message.entryId(),
              message.reason()));
    }
  }

  private void handleStopped(CollectionStopped stopped) throws EtcdUnavailableException {
    if (replicas.containsKey(stopped.collectionId())
        || lookup.standing(stopped.collectionId()) == CollectionLookup.Standing.REPLICATED) {
      out.accept(stopped);
    }
  }

  private void handleSeen(CollectionState state) {
    if (dropped.containsKey(state.getId())) {
      return;
    }
    skippedIds.remove(state.getId());
    Replica replica = replicas.get(state.getId());
    if (replica == null) {
      replica = addReplica(state.getId());
    }
    boolean first = !replica.seen();
    if (first) {
      unseen.remove(replica);
      replica.topics = new LinkedHashSet<>();
      for (Shard shard : state.getShardsList()) {
        long startAfter = Math.max(shard.getStartAfter(), state.getCreatedAt());
        replica.startAfter.put(shard.getVchannel(), shard.getStartAfter());
        replica.startAfterByTopic.merge(shard.getPchannel(), shard.getStartAfter(), Math::min);
        replica.startByTopic.merge(shard.getPchannel(), startAfter, Math::min);
        if (replica.topics.add(shard.getPchannel())) {
          replicasByTopic.merge(shard.getPchannel(), 1, Integer::sum);
        }
      }
      replica.hasPartitionKey = hasPartitionKey(state);
      awaitTicks(replica);
    }
    replica.name = SourceName.of(state);
    replica.partitions.retain(
        state.getPartitionsList().stream().map(Partition::getName).collect(Collectors.toSet()));
    out.accept(new CollectionSeen(state));
    if (first) {
      for (String topic : replica.topics) {
        for (UnreadableMessage message : unreadable.getOrDefault(topic, List.of())) {
          stopAt(message, replica);
        }
      }
    }
    for (RecentFlush flush : recentFlushes) {
      placeIfNamed(flush, replica);
    }
    release(replica);
  }

  private void handleGone(CollectionGone gone) {
    skippedIds.put(gone.collectionId(), CollectionLookup.Standing.GONE);
    Replica replica = replicas.get(gone.collectionId());
    if (replica != null) {
      remove(replica, Skipped.GONE);
    }
    out.accept(gone);
  }

  private void handleOutside(CollectionOutside outside) {
    Replica replica = replicas.get(outside.collectionId());
    if (replica != null) {
      remove(replica, Skipped.NOT_SELECTED);
    }
    skippedIds.put(outside.collectionId(), CollectionLookup.Standing.NOT_SELECTED);
    if (!outside.reason().isEmpty()) {
      out.accept(
          CollectionStopped.byMetadata(
              outside.collectionId(), outside.reason(), outside.isSelected()));
    }
  }

  private Replica addReplica(long collectionId) {
    Replica replica = new Replica(collectionId);
    replicas.put(collectionId, replica);
    unseen.add(replica);
    return replica;
  }

  private void remove(Replica replica, Skipped cause) {
    replica.order.release(Long.MAX_VALUE, waiting -> skippedMessages.accept(cause));
    forgetWaiting(replica);
    for (String topic : replica.topics) {
      replicasByTopic.computeIfPresent(topic, (key, count) -> count == 1 ? null : count - 1);
    }
    unseen.remove(replica);
    replicas.remove(replica.collectionId);
    skippedIds.put(replica.collectionId, CollectionLookup.Standing.GONE);
  }

  private void release(Replica replica) {
    if (replica.seen()) {
      replica.order.release(safeTime(replica), message -> handOut(replica, message));
    }
    if (replica.order.isEmpty()) {
      forgetWaiting(replica);
    }
  }

  private void handOut(Replica replica, LogMessage message) {
    if (isBeforeStart(replica, message.header())) {
      skippedMessages.accept(Skipped.BEFORE_START);
      return;
    }
    // Milvus drops no partition that it made for a partition key.
    Optional<LogPartition> partition =
        replica.hasPartitionKey ? Optional.empty() : LogPartition.of(message);
    if (partition.isEmpty() || partition.get().name().equals(DEFAULT_PARTITION)) {
      out.accept(message);
      return;
    }
    LogMessageHeader header = message.header();
    PartitionHistory.Verdict verdict =
        header.kind() == Kind.DROP_PARTITION
            ? replica.partitions.drop(partition.get(), header.timestamp())
            : replica.partitions.rows(partition.get(), header.timestamp());
    switch (verdict) {
      case SKIP -> skippedMessages.accept(Skipped.GONE);
      case APPLY -> out.accept(message);
      case APPLY_AFTER_DROP -> {
        out.accept(dropOfOlder(partition.get().name(), header));
        out.accept(message);
      }
    }
  }

  /** The drop that the log has further on, at the place of the first message that relies on it. */
  private static LogMessage dropOfOlder(String partition, LogMessageHeader reliesOnIt) {
    return new LogMessage(
        new LogMessageHeader(
            Kind.DROP_PARTITION,
            reliesOnIt.pchannel(),
            reliesOnIt.ledgerId(),
            reliesOnIt.entryId(),
            reliesOnIt.collectionId(),
            "",
            reliesOnIt.timestamp(),
            reliesOnIt.maybeApplied()),
        DropPartitionRequest.newBuilder().setPartitionName(partition).build().toByteString());
  }

  private static boolean hasPartitionKey(CollectionState state) {
    try {
      return CollectionSchema.parseFrom(state.getSchema()).getFieldsList().stream()
          .anyMatch(FieldSchema::getIsPartitionKey);
    } catch (InvalidProtocolBufferException e) {
      return false; // What creates the copy stops it for that.
    }
  }

  /** A message that names no vchannel, such as the drop of a partition, is for all of its topic. */
  private static boolean isBeforeStart(Replica replica, LogMessageHeader header) {
    long startAfter =
        header.vchannel().isEmpty()
            ? replica.startAfterByTopic.getOrDefault(header.pchannel(), 0L)
            : replica.startAfter.getOrDefault(header.vchannel(), 0L);
    return header.timestamp() <= startAfter;
  }

  private long safeTime(Replica replica) {
    long safe = Long.MAX_VALUE;
    for (String topic : replica.topics) {
      if (!replica.closedTopics.contains(topic)) {
        safe = Math.min(safe, ticks.getOrDefault(topic, 0L));
      }
    }
    return safe;
  }

  private void awaitTicks(Replica replica) {
    for (String topic : replica.topics) {
      waitingByTopic.computeIfAbsent(topic, key -> new LinkedHashSet<>()).add(replica);
    }
  }

  private void forgetWaiting(Replica replica) {
    for (String topic : replica.topics) {
      Set<Replica> waiting = waitingByTopic.get(topic);
      if (waiting != null) {
        waiting.remove(replica);
      }
    }
  }

  private void announceProgress() {
    slowest = findSlowest();
    long until = slowest.epochMillis();
    if (until > announcedMillis && until > 0) {
      announcedMillis = until;
      out.accept(new ReplicatedUntil(until));
    }
  }

  private Slowest findSlowest() {
    Slowest found = Slowest.metadata(catalogProgressMillis);
    for (String topic : replicasByTopic.keySet()) {
      long ticked = millis(ticks.getOrDefault(topic, 0L));
      if (ticked < found.epochMillis()) {
        found = new Slowest(Optional.of(topic), OptionalLong.empty(), ticked);
      }
    }
    for (Replica replica : unseen) {
      if (!replica.order.isEmpty()) {
        long before = millis(replica.order.oldest()) - 1;
        if (before < found.epochMillis()) {
          found = new Slowest(Optional.empty(), OptionalLong.of(replica.collectionId), before);
        }
      }
    }
    return found;
  }

  /** What of the source is known least far; any thread may ask. */
  Slowest slowest() {
    return slowest;
  }

  private static long millis(long timestamp) {
    return timestamp >> LOGICAL_BITS;
  }

  /** What is to go on after a restart, by collection. Those that have nothing are left out. */
  List<ReplicaSnapshot> snapshot() {
    List<ReplicaSnapshot> snapshots = new ArrayList<>();
    for (Replica replica : replicas.values()) {
      ReplicaSnapshot snapshot =
          new ReplicaSnapshot(
              replica.collectionId,
              List.copyOf(replica.closedTopics),
              replica.order.snapshot(),
              replica.partitions.held());
      if (!snapshot.isEmpty()) {
        snapshots.add(snapshot);
      }
    }
    return snapshots;
  }

  /**
   * Continues from a snapshot. Nothing of it is handed out before the metadata has named the
   * collection again.
   */
  void restore(ReplicaSnapshot snapshot) {
    Replica replica = addReplica(snapshot.collectionId());
    replica.closedTopics.addAll(snapshot.closedTopics());
    snapshot.waiting().forEach(replica.order::add);
    replica.partitions.restore(snapshot.partitions());
  }

  /**
   * Messages that cannot be read, of which it is not known yet whom they concern: the metadata has
   * not been told since the start. Their topics do not give them again.
   */
  List<UnreadableMessage> unplacedUnreadable() {
    return catalogProgressMillis < 0
        ? unreadable.values().stream().flatMap(List::stream).toList()
        : List.of();
  }

  /** How many collections are followed; any thread may ask. */
  int collections() {
    return replicas.size();
  }
}
