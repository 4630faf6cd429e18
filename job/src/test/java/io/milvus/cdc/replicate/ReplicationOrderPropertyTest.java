package io.milvus.cdc.replicate;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.catalog.CollectionLookup;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class ReplicationOrderPropertyTest {

  @Property(tries = 5_000)
  void anyArrivalOrderEndsAsTheTimestampsSay(@ForAll long seed) throws Exception {
    GeneratedLog log = new GeneratedLog(seed, true);
    List<SourceEvent> events = new ArrayList<>(log.arrival());
    // The metadata may be slower than the log.
    events.add(new Random(seed).nextInt(events.size() + 1), new CollectionSeen(log.state()));

    ModelCollection target = new ModelCollection();
    Replication replication = replicationInto(target);
    for (SourceEvent event : events) {
      replication.handle(event);
    }

    assertThat(target.rows()).isEqualTo(ModelCollection.after(log.history()));
  }

  @Property(tries = 5_000)
  void aRestartFromAnyPointChangesNothing(@ForAll long seed) throws Exception {
    GeneratedLog log = new GeneratedLog(seed, false);
    List<SourceEvent> events = log.arrival();
    Random random = new Random(seed);
    int snapshotAt = random.nextInt(events.size() + 1);
    int crashAt = snapshotAt + random.nextInt(events.size() - snapshotAt + 1);

    ModelCollection target = new ModelCollection();
    Replication first = replicationInto(target);
    first.handle(new CollectionSeen(log.state()));
    for (SourceEvent event : events.subList(0, snapshotAt)) {
      first.handle(event);
    }
    List<ReplicaSnapshot> snapshots = first.snapshot();
    for (SourceEvent event : events.subList(snapshotAt, crashAt)) {
      first.handle(event);
    }

    Replication second = replicationInto(target);
    snapshots.forEach(second::restore);
    for (int i = snapshotAt; i < events.size(); i++) {
      if (i == snapshotAt + (crashAt - snapshotAt) / 2) {
        second.handle(new CollectionSeen(log.state()));
      }
      SourceEvent event = events.get(i);
      second.handle(i < crashAt ? maybeApplied(event) : event);
    }
    second.handle(new CollectionSeen(log.state()));
    // The topics of a live collection go on ticking.
    for (SourceEvent tick : log.ticksAtTheEnd()) {
      second.handle(tick);
    }

    assertThat(target.rows()).isEqualTo(ModelCollection.after(log.history()));
  }

  private static SourceEvent maybeApplied(SourceEvent event) {
    if (event instanceof LogMessage message) {
      LogMessageHeader header = message.header().asMaybeApplied();
      return new LogMessage(header, message.payload());
    }
    return event;
  }

  private static Replication replicationInto(ModelCollection target) {
    return new Replication(
        new FixedLookup(CollectionLookup.Standing.REPLICATED),
        event -> {
          if (event instanceof LogMessage message) {
            target.apply(message);
          }
        },
        () -> {});
  }
}
