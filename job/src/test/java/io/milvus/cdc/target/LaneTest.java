package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.DatabaseGone;
import io.milvus.cdc.event.SourceEvent.DatabaseSeen;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.CollectionSchema;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LaneTest {

  private static final CollectionGone GONE = new CollectionGone(Messages.COLLECTION);

  private final List<Object> done = new ArrayList<>();
  private final Set<SourceEvent> refused = new HashSet<>();
  private Optional<String> lacking = Optional.empty();
  private boolean loadPending;
  private final Lane lane = new Lane(new Recorded(), Messages.COLLECTION);
  private long sequence;
  private long bytes;

  private final class Recorded implements LaneWork {

    @Override
    public int apply(SourceEvent event) throws TargetException {
      if (refused.contains(event)) {
        throw TargetConnection.wait("its name is taken");
      }
      done.add(event instanceof CollectionSeen seen ? seen.state().getName() : event);
      return 1;
    }

    @Override
    public Optional<String> lacking() {
      return lacking;
    }

    @Override
    public boolean isLoadPending() {
      return loadPending;
    }

    @Override
    public RowBatch newBatch() {
      CollectionState state = Messages.collection("c");
      try {
        return new RowBatch(
            new RowFormat(CollectionSchema.parseFrom(state.getSchema())), TargetTuning.DEFAULT);
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void write(RowBatch batch) {
      done.add(batch.insertedRows());
    }
  }

  @Test
  void stepsAreDoneInTheirOrder() throws Exception {
    LogMessage drop = Messages.dropPartition(7, "p");
    add(seen("one"), Messages.insert(false, 1, 1, 2), Messages.insert(false, 1, 3), drop);
    run(lane);
    assertThat(done).containsExactly("one", 3, drop);
  }

  @Test
  void metadataIsAppliedAsItIsKnownByThen() throws Exception {
    add(seen("one"), Messages.insert(false, 1, 1), seen("two"), seen("three"));
    run(lane);
    assertThat(done).containsExactly("three", 1, "three", "three");
    assertThat(lane.oldest()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void metadataThatCannotBeAppliedIsSupersededWhileItIsRepeated() throws Exception {
    SourceEvent taken = seen("taken");
    refused.add(taken);
    add(taken);
    assertThatThrownBy(() -> run(lane)).isInstanceOf(TargetException.class);
    assertThatThrownBy(() -> run(lane)).isInstanceOf(TargetException.class);

    add(Messages.insert(false, 1, 1), seen("free"));
    run(lane);
    assertThat(done).containsExactly("free", 1, "free");
  }

  @Test
  void metadataThatIsRepeatedIsNotSupersededByOlderMetadata() throws Exception {
    SourceEvent newest = seen("newest");
    refused.add(newest);
    add(seen("oldest"), Messages.insert(false, 1, 1), seen("older"), newest);
    assertThatThrownBy(() -> run(lane)).isInstanceOf(TargetException.class);
    assertThatThrownBy(() -> run(lane)).isInstanceOf(TargetException.class);

    refused.clear();
    run(lane);
    assertThat(done).containsExactly("newest", 1, "newest", "newest");
  }

  @Test
  void whatIsToBeLoadedSinceAPartitionWasDroppedIsLoadedByTheNewestMetadata() throws Exception {
    LogMessage drop = Messages.dropPartition(7, "p");
    add(seen("one"));
    run(lane);
    assertThat(lane.takeUpAgain()).isEqualTo(Lane.Again.NEVER);
    loadPending = true;
    add(drop);
    run(lane);
    assertThat(lane.isUnfinished()).isTrue();
    assertThat(lane.lackingSequence()).as("nothing waits for a load").isEqualTo(Long.MAX_VALUE);

    assertThat(lane.takeUpAgain()).isEqualTo(Lane.Again.NOW);
    loadPending = false;
    run(lane);
    assertThat(done).containsExactly("one", drop, "one");
    assertThat(lane.takeUpAgain()).isEqualTo(Lane.Again.NEVER);
  }

  @Test
  void whatIsLackingIsSuppliedByTheSameMetadata() throws Exception {
    lacking = Optional.of("its name is taken");
    add(seen("one"));
    run(lane);
    assertThat(lane.lacking()).isEqualTo(lacking);
    assertThat(lane.lackingSequence()).isZero();

    lacking = Optional.empty();
    assertThat(lane.takeUpAgain()).isEqualTo(Lane.Again.NOW);
    run(lane);
    assertThat(done).containsExactly("one", "one");
    assertThat(lane.lacking()).isEmpty();
    assertThat(lane.lackingSequence()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void nothingIsDoneForACollectionThatIsGone() throws Exception {
    SourceEvent taken = seen("taken");
    refused.add(taken);
    add(taken);
    assertThatThrownBy(() -> run(lane)).isInstanceOf(TargetException.class);

    add(Messages.insert(false, 1, 1), seen("other"), GONE);
    run(lane);
    assertThat(done).containsExactly(GONE);
    assertThat(lane.oldest()).isEqualTo(Long.MAX_VALUE);
    assertThat(bytes).as("memory that was given back").isZero();
  }

  @Test
  void aDatabaseThatHasComeBackIsNotDropped() throws Exception {
    Lane database = new Lane(new Recorded());
    database.add(1, new DatabaseGone("d"));
    database.add(2, new DatabaseSeen("d"));
    run(database);
    assertThat(done).containsExactly(new DatabaseSeen("d"));
  }

  @Test
  void theDropOfADatabaseThatWasBegunIsFinishedThoughItHasComeBack() throws Exception {
    Lane database = new Lane(new Recorded());
    refused.add(new DatabaseGone("d"));
    database.add(1, new DatabaseGone("d"));
    assertThatThrownBy(() -> run(database)).isInstanceOf(TargetException.class);
    assertThat(database.countFailure(TargetException.Kind.OUTAGE, new WorkForOthers(Duration.ZERO)))
        .isEqualTo(1);

    database.add(2, new DatabaseSeen("d"));
    refused.clear();
    run(database);
    assertThat(done).containsExactly(new DatabaseGone("d"), new DatabaseSeen("d"));
  }

  private static CollectionSeen seen(String name) {
    return new CollectionSeen(Messages.collection(name));
  }

  private void add(SourceEvent... events) {
    for (SourceEvent event : events) {
      lane.add(sequence++, event);
      bytes += Lane.bytesOf(event);
    }
  }

  private void run(Lane running) throws TargetException {
    while (running.takeStep()) {
      bytes -= running.performStep().bytes();
    }
  }
}
