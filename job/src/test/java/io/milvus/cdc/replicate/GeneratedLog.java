package io.milvus.cdc.replicate;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.CollectionLookup;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.SourceEvent.TimeTick;
import io.milvus.cdc.replicate.ModelCollection.Change;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * A random history of a collection and, in half of the cases, of one that is created under its name
 * on some of its topics after it was dropped; and one of the orders in which log and metadata can
 * arrive: messages of a shard in any order as long as none comes behind a tick at or above its
 * timestamp, shards interleaved at will, a topic without ticks once no collection is left on it.
 */
final class GeneratedLog {

  static final long COLLECTION = 77;
  static final long SUCCESSOR = 78;

  /** Time between two ticks. */
  private static final int TICK = 10;

  private final Random random;
  private final boolean sameKeyTwice;
  private final boolean isDropped;
  private final Map<Long, List<Integer>> topicsById = new LinkedHashMap<>();
  private final List<LogMessage> history = new ArrayList<>();
  private final List<SourceEvent> arrival = new ArrayList<>();
  private final List<SourceEvent> metadata = new ArrayList<>();
  private long time = 1;
  private long newestPartition = 1_000;

  /**
   * @param seed decides everything
   * @param sameKeyTwice whether keys that are there already may be inserted plainly once more
   */
  GeneratedLog(long seed, boolean sameKeyTwice) {
    this.random = new Random(seed);
    this.sameKeyTwice = sameKeyTwice;
    this.isDropped = random.nextBoolean();
    int shards = 1 + random.nextInt(3);
    topicsById.put(COLLECTION, range(0, shards));
    generateHistory(COLLECTION, random.nextInt(40));
    long dropped = Long.MAX_VALUE;
    if (isDropped) {
      dropped = ++time;
      topicsById.get(COLLECTION).forEach(topic -> addDrop(topic, time));
      int first = random.nextInt(shards);
      topicsById.put(SUCCESSOR, range(first, first + 1 + random.nextInt(3)));
      generateHistory(SUCCESSOR, random.nextInt(20));
    }
    generateMetadata();
    arrange(dropped);
  }

  /** Every message about a collection, in no particular order. */
  List<LogMessage> history(long collectionId) {
    return history.stream()
        .filter(message -> message.header().collectionId() == collectionId)
        .toList();
  }

  /** The collection that is there at the end. */
  long survivor() {
    return isDropped ? SUCCESSOR : COLLECTION;
  }

  /** Messages and ticks as they arrive. */
  List<SourceEvent> arrival() {
    return arrival;
  }

  /** What the metadata tells, in its order; how it interleaves with the log is open. */
  List<SourceEvent> metadata() {
    return metadata;
  }

  /**
   * What a fresh look at the metadata tells, after so many changes of it, a job that knew it after
   * fewer.
   */
  List<SourceEvent> listing(int known, int now) {
    Map<Long, SourceEvent> before = live(known);
    Map<Long, SourceEvent> after = live(now);
    List<SourceEvent> listing = new ArrayList<>();
    for (Long id : before.keySet()) {
      if (!after.containsKey(id)) {
        listing.add(new CollectionGone(id));
      }
    }
    listing.addAll(after.values());
    return listing;
  }

  private Map<Long, SourceEvent> live(int changes) {
    Map<Long, SourceEvent> live = new LinkedHashMap<>();
    for (SourceEvent event : metadata.subList(0, changes)) {
      if (event instanceof CollectionSeen seen) {
        live.put(seen.state().getId(), event);
      } else if (event instanceof CollectionGone gone) {
        live.remove(gone.collectionId());
      }
    }
    return live;
  }

  /**
   * How many changes the metadata had at least when these events could be seen: a drop is in it
   * before it is in the log.
   */
  int changesOfMetadata(List<SourceEvent> seen) {
    int told = (int) seen.stream().filter(metadata::contains).count();
    boolean isDropSeen =
        seen.stream()
            .anyMatch(
                event ->
                    event instanceof LogMessage message
                        && message.header().kind() == Kind.DROP_COLLECTION);
    return isDropSeen ? Math.max(told, metadata.indexOf(new CollectionGone(COLLECTION)) + 1) : told;
  }

  /** Says that the collection is gone from some moment on, when it is dropped. */
  CollectionLookup lookup(long lookupSeed) {
    Random moment = new Random(lookupSeed);
    return new CollectionLookup() {
      private boolean isGone;

      @Override
      public Standing standing(long collectionId) {
        isGone |= isDropped && moment.nextBoolean();
        return collectionId == COLLECTION && isGone ? Standing.GONE : Standing.REPLICATED;
      }

      @Override
      public List<ByteString> startPositionsOfLiveCollections(String pchannel) {
        return List.of();
      }

      @Override
      public void verifyReadable() {}

      @Override
      public void close() {}
    };
  }

  /** One more tick on every topic that a collection is left on. */
  List<SourceEvent> ticksAtTheEnd() {
    List<SourceEvent> ticks = new ArrayList<>();
    for (int topic : topicsById.get(survivor())) {
      ticks.add(new TimeTick(topic(topic), Long.MAX_VALUE));
    }
    return ticks;
  }

  private static List<Integer> range(int from, int to) {
    List<Integer> range = new ArrayList<>();
    for (int i = from; i < to; i++) {
      range.add(i);
    }
    return range;
  }

  private static String topic(int number) {
    return "by-dev-rootcoord-dml_" + number;
  }

  private static String vchannel(long collectionId, int topic) {
    return topic(topic) + "_" + collectionId + "v0";
  }

  private void generateMetadata() {
    metadata.add(new CollectionSeen(state(COLLECTION)));
    for (int changes = random.nextInt(3); changes > 0; changes--) {
      CollectionState changed = state(COLLECTION).toBuilder().addAliases("alias" + changes).build();
      metadata.add(new CollectionSeen(changed));
    }
    if (isDropped) {
      metadata.add(new CollectionGone(COLLECTION));
      metadata.add(new CollectionSeen(state(SUCCESSOR)));
    }
  }

  private CollectionState state(long id) {
    CollectionState.Builder state =
        CollectionState.newBuilder().setId(id).setDatabase("default").setName("generated");
    for (int topic : topicsById.get(id)) {
      state.addShards(
          Shard.newBuilder().setPchannel(topic(topic)).setVchannel(vchannel(id, topic)));
    }
    return state.build();
  }

  private void generateHistory(long id, int operations) {
    Set<Integer> present = new HashSet<>();
    Map<Integer, String> partitionOf = new HashMap<>();
    Map<String, Long> partitions = new HashMap<>();
    for (int i = 0; i < operations; i++) {
      time += 1 + random.nextInt(4);
      int key = random.nextInt(6);
      String name = random.nextBoolean() ? "p" : "q";
      LogPartition partition =
          new LogPartition(partitions.computeIfAbsent(name, created -> ++newestPartition), name);
      switch (random.nextInt(9)) {
        case 0, 1, 2 -> {
          if (sameKeyTwice || present.add(key)) {
            addRow(id, Kind.INSERT, key, partition, i);
            partitionOf.put(key, name);
          }
        }
        case 3, 4 -> {
          // An upsert: its insert is published before its delete, with the same timestamp.
          addRow(id, Kind.INSERT, key, partition, i);
          addRow(id, Kind.DELETE, key, partition, i);
          present.add(key);
          partitionOf.put(key, name);
        }
        case 5, 6 -> {
          addRow(id, Kind.DELETE, key, partition, i);
          present.remove(key);
        }
        case 7 -> addPartitionChange(id, Kind.CREATE_PARTITION, partition, time);
        default -> {
          // The log tells of it some time later, and there may be a successor by then.
          addPartitionChange(id, Kind.DROP_PARTITION, partition, time + random.nextInt(20));
          partitions.remove(name);
          present.removeIf(each -> name.equals(partitionOf.get(each)));
        }
      }
    }
    time += 20;
  }

  private void addRow(long id, Kind kind, int key, LogPartition partition, int value) {
    List<Integer> topics = topicsById.get(id);
    int topic = topics.get(key % topics.size());
    add(id, kind, topic, vchannel(id, topic), time, new Change(partition, key, value));
  }

  private void addPartitionChange(long id, Kind kind, LogPartition partition, long at) {
    for (int topic : topicsById.get(id)) {
      add(id, kind, topic, "", at, new Change(partition, 0, 0));
    }
  }

  private void addDrop(int topic, long at) {
    time = at;
    add(COLLECTION, Kind.DROP_COLLECTION, topic, "", at, new Change(new LogPartition(0, ""), 0, 0));
  }

  private void add(long id, Kind kind, int topic, String vchannel, long at, Change change) {
    history.add(
        new LogMessage(
            new LogMessageHeader(kind, topic(topic), 1, history.size(), id, vchannel, at, false),
            change.payload(kind)));
  }

  private void arrange(long dropped) {
    List<Deque<SourceEvent>> topics = new ArrayList<>();
    Set<Integer> numbers = new HashSet<>();
    topicsById.values().forEach(numbers::addAll);
    for (int topic : numbers) {
      boolean isLive = topicsById.get(survivor()).contains(topic);
      topics.add(topicInOrderOfArrival(topic(topic), isLive ? Long.MAX_VALUE : dropped));
    }
    while (topics.stream().anyMatch(topic -> !topic.isEmpty())) {
      Deque<SourceEvent> topic = topics.get(random.nextInt(topics.size()));
      for (int burst = random.nextInt(6); burst > 0 && !topic.isEmpty(); burst--) {
        arrival.add(topic.remove());
      }
    }
  }

  private Deque<SourceEvent> topicInOrderOfArrival(String topic, long lastTick) {
    int ticks = (int) (time / TICK) + 1;
    List<List<SourceEvent>> slots = new ArrayList<>();
    for (int i = 0; i < ticks; i++) {
      slots.add(new ArrayList<>());
    }
    for (LogMessage message : history) {
      if (message.header().pchannel().equals(topic)) {
        int latest = (int) ((message.header().timestamp() - 1) / TICK);
        // Nothing of a collection follows its drop, which is its newest message.
        boolean isDrop = message.header().kind() == Kind.DROP_COLLECTION;
        int slot = isDrop ? latest : Math.max(0, latest - random.nextInt(4));
        List<SourceEvent> messages = slots.get(slot);
        messages.add(isDrop ? messages.size() : random.nextInt(messages.size() + 1), message);
      }
    }
    Deque<SourceEvent> events = new ArrayDeque<>();
    for (int i = 0; i < ticks; i++) {
      events.addAll(slots.get(i));
      long tick = (long) (i + 1) * TICK;
      if (tick <= lastTick) {
        events.add(new TimeTick(topic, tick));
      }
    }
    return events;
  }
}
