package io.milvus.cdc.replicate;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.SourceEvent.TimeTick;
import io.milvus.cdc.replicate.ModelCollection.Change;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * A random history of one collection, and one of the orders in which its log can arrive: messages
 * of a shard in any order as long as none comes behind a tick at or above its timestamp, shards
 * interleaved at will.
 */
final class GeneratedLog {

  static final long COLLECTION = 77;

  /** Time between two ticks. */
  private static final int TICK = 10;

  private final Random random;
  private final int shards;
  private final boolean sameKeyTwice;
  private final List<LogMessage> history = new ArrayList<>();
  private final List<SourceEvent> arrival = new ArrayList<>();

  /**
   * @param seed decides everything
   * @param sameKeyTwice whether keys that are there already may be inserted plainly once more
   */
  GeneratedLog(long seed, boolean sameKeyTwice) {
    this.random = new Random(seed);
    this.shards = 1 + random.nextInt(3);
    this.sameKeyTwice = sameKeyTwice;
    int operations = random.nextInt(40);
    long end = generateHistory(operations);
    arrange(end);
  }

  /** Every message, in no particular order. */
  List<LogMessage> history() {
    return history;
  }

  /** Messages and ticks as they arrive. */
  List<SourceEvent> arrival() {
    return arrival;
  }

  /** One more tick on every topic. */
  List<SourceEvent> ticksAtTheEnd() {
    List<SourceEvent> ticks = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      ticks.add(new TimeTick(topic(shard), Long.MAX_VALUE));
    }
    return ticks;
  }

  CollectionState state() {
    CollectionState.Builder state =
        CollectionState.newBuilder().setId(COLLECTION).setDatabase("default").setName("generated");
    for (int shard = 0; shard < shards; shard++) {
      state.addShards(
          Shard.newBuilder().setPchannel(topic(shard)).setVchannel(topic(shard) + "_77v" + shard));
    }
    return state.build();
  }

  static String topic(int shard) {
    return "by-dev-rootcoord-dml_" + shard;
  }

  private long generateHistory(int operations) {
    Set<Integer> present = new HashSet<>();
    Map<Integer, String> partitionOf = new HashMap<>();
    long time = 1;
    for (int i = 0; i < operations; i++) {
      time += random.nextInt(4);
      int key = random.nextInt(6);
      String partition = random.nextBoolean() ? "p" : "q";
      switch (random.nextInt(8)) {
        case 0, 1, 2 -> {
          time++;
          if (sameKeyTwice || present.add(key)) {
            message(Kind.INSERT, key, partition, i, time);
            partitionOf.put(key, partition);
          }
        }
        case 3, 4 -> {
          time++;
          // An upsert: its insert is published before its delete, with the same timestamp.
          message(Kind.INSERT, key, partition, i, time);
          message(Kind.DELETE, key, partition, i, time);
          present.add(key);
          partitionOf.put(key, partition);
        }
        case 5, 6 -> {
          time++;
          message(Kind.DELETE, key, partition, i, time);
          present.remove(key);
        }
        default -> {
          time++;
          for (int shard = 0; shard < shards; shard++) {
            add(shard, Kind.DROP_PARTITION, new Change(partition, key, i), time);
          }
          present.removeIf(each -> partition.equals(partitionOf.get(each)));
        }
      }
    }
    return time;
  }

  private void message(Kind kind, int key, String partition, int value, long time) {
    add(key % shards, kind, new Change(partition, key, value), time);
  }

  private void add(int shard, Kind kind, Change change, long time) {
    String vchannel =
        kind == Kind.DROP_PARTITION ? "" : topic(shard) + "_" + COLLECTION + "v" + shard;
    history.add(
        new LogMessage(
            new LogMessageHeader(
                kind, topic(shard), 1, history.size(), COLLECTION, vchannel, time, false),
            ByteString.copyFromUtf8(change.toString())));
  }

  private void arrange(long end) {
    List<Deque<SourceEvent>> topics = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      topics.add(topicInOrderOfArrival(shard, end));
    }
    while (topics.stream().anyMatch(topic -> !topic.isEmpty())) {
      Deque<SourceEvent> topic = topics.get(random.nextInt(shards));
      for (int burst = random.nextInt(6); burst > 0 && !topic.isEmpty(); burst--) {
        arrival.add(topic.remove());
      }
    }
  }

  private Deque<SourceEvent> topicInOrderOfArrival(int shard, long end) {
    int ticks = (int) (end / TICK) + 1;
    List<List<SourceEvent>> slots = new ArrayList<>();
    for (int i = 0; i < ticks; i++) {
      slots.add(new ArrayList<>());
    }
    for (LogMessage message : history) {
      if (message.header().pchannel().equals(topic(shard))) {
        int latest = (int) ((message.header().timestamp() - 1) / TICK);
        int slot = Math.max(0, latest - random.nextInt(2));
        List<SourceEvent> messages = slots.get(slot);
        messages.add(random.nextInt(messages.size() + 1), message);
      }
    }
    Deque<SourceEvent> topic = new ArrayDeque<>();
    for (int i = 0; i < ticks; i++) {
      topic.addAll(slots.get(i));
      topic.add(new TimeTick(topic(shard), (long) (i + 1) * TICK));
    }
    return topic;
  }
}
