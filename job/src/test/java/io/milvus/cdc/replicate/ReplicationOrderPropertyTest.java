package io.milvus.cdc.replicate;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class ReplicationOrderPropertyTest {

  @Property(tries = 7_500)
  void anyArrivalOrderEndsAsTheTimestampsSay(@ForAll long seed) throws Exception {
    GeneratedLog log = new GeneratedLog(seed, true);
    ModelTarget target = new ModelTarget();
    Replication replication = replicationInto(target, log, seed);
    // The metadata may be slower than the log, and faster.
    for (SourceEvent event : interleave(log.arrival(), log.metadata(), new Random(seed))) {
      replication.handle(event);
    }
    assertIsAsTheTimestampsSay(target, log);
  }

  @Property(tries = 7_500)
  void aRestartFromAnyPointChangesNothing(@ForAll long seed) throws Exception {
    GeneratedLog log = new GeneratedLog(seed, false);
    Random random = new Random(seed);
    List<SourceEvent> events = interleave(log.arrival(), log.metadata(), random);
    int snapshotAt = random.nextInt(events.size() + 1);
    int crashAt = snapshotAt + random.nextInt(events.size() - snapshotAt + 1);

    ModelTarget target = new ModelTarget();
    Replication first = replicationInto(target, log, seed);
    for (SourceEvent event : events.subList(0, snapshotAt)) {
      first.handle(event);
    }
    List<ReplicaSnapshot> snapshots = new ArrayList<>();
    for (ReplicaSnapshot snapshot : first.snapshot()) {
      snapshots.add(ReplicaSnapshot.fromBytes(snapshot.toBytes()));
    }
    for (SourceEvent event : events.subList(snapshotAt, crashAt)) {
      first.handle(event);
    }

    target.restarted();
    Replication second = replicationInto(target, log, seed + 1);
    snapshots.forEach(second::restore);
    for (SourceEvent event :
        interleave(
            replayed(log, events, snapshotAt, crashAt),
            metadataAfterRestart(log, events, snapshotAt, crashAt, random),
            random)) {
      second.handle(event);
    }
    // The topics of a live collection go on ticking.
    for (SourceEvent tick : log.ticksAtTheEnd()) {
      second.handle(tick);
    }
    assertIsAsTheTimestampsSay(target, log);
  }

  private static void assertIsAsTheTimestampsSay(ModelTarget target, GeneratedLog log) {
    for (long id : List.of(GeneratedLog.COLLECTION, GeneratedLog.SUCCESSOR)) {
      assertThat(target.rowsIfThere(id))
          .as("rows of collection %s", id)
          .isEqualTo(
              id == log.survivor()
                  ? Optional.of(ModelCollection.after(log.history(id)))
                  : Optional.empty());
    }
  }

  /** The log from the snapshot on; what had been read before the crash may be applied already. */
  private static List<SourceEvent> replayed(
      GeneratedLog log, List<SourceEvent> events, int snapshotAt, int crashAt) {
    Set<SourceEvent> ofLog = Collections.newSetFromMap(new IdentityHashMap<>());
    ofLog.addAll(log.arrival());
    List<SourceEvent> replayed = new ArrayList<>();
    for (int i = snapshotAt; i < events.size(); i++) {
      if (ofLog.contains(events.get(i))) {
        replayed.add(i < crashAt ? maybeApplied(events.get(i)) : events.get(i));
      }
    }
    return replayed;
  }

  /** A listing, at any moment after the crash, and what changes after it. */
  private static List<SourceEvent> metadataAfterRestart(
      GeneratedLog log, List<SourceEvent> events, int snapshotAt, int crashAt, Random random) {
    int known = log.changesOfMetadata(events.subList(0, snapshotAt));
    int least = log.changesOfMetadata(events.subList(0, crashAt));
    int listed = least + random.nextInt(log.metadata().size() - least + 1);
    List<SourceEvent> metadata = new ArrayList<>(log.listing(known, listed));
    metadata.addAll(log.metadata().subList(listed, log.metadata().size()));
    return metadata;
  }

  private static List<SourceEvent> interleave(
      List<SourceEvent> one, List<SourceEvent> other, Random random) {
    List<SourceEvent> all = new ArrayList<>();
    int next = 0;
    int nextOther = 0;
    int oddsOfOther = 2 + random.nextInt(30);
    while (next < one.size() || nextOther < other.size()) {
      boolean isOther =
          next == one.size() || (nextOther < other.size() && random.nextInt(oddsOfOther) == 0);
      all.add(isOther ? other.get(nextOther++) : one.get(next++));
    }
    return all;
  }

  private static SourceEvent maybeApplied(SourceEvent event) {
    if (event instanceof LogMessage message) {
      LogMessageHeader header = message.header().asMaybeApplied();
      return new LogMessage(header, message.payload());
    }
    return event;
  }

  private static Replication replicationInto(ModelTarget target, GeneratedLog log, long seed) {
    return new Replication(log.lookup(seed), target::apply, cause -> {});
  }
}
