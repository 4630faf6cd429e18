package io.milvus.cdc.replicate;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.catalog.CollectionLookup.Standing;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.CatalogProgress;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.UnreadableMessage;
import io.milvus.cdc.event.SourceEventSerializer;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.operators.ProcessOperator;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;

class CollectionReplicatorTest {

  private static final SourceEvent GARBAGE = new UnreadableMessage("a", 3, 4, 1_000, "garbage");
  private static final SourceEvent COLLECTION =
      new CollectionSeen(
          CollectionState.newBuilder()
              .setId(1)
              .addShards(Shard.newBuilder().setPchannel("a").setVchannel("a_1v0"))
              .build());

  @Test
  void aMessageThatCannotBeReadIsKeptUntilTheMetadataHasToldWhomItConcerns() throws Exception {
    OperatorSubtaskState early = stateAfter(OperatorSubtaskState.builder().build(), GARBAGE);
    OperatorSubtaskState late = stateAfter(early, new CatalogProgress(5));

    assertThat(eventsAfter(early, COLLECTION))
        .containsExactly(COLLECTION, CollectionStopped.at(1, "a", 3, 4, "garbage"));
    assertThat(eventsAfter(late, COLLECTION)).containsExactly(COLLECTION);
  }

  private static OperatorSubtaskState stateAfter(OperatorSubtaskState before, SourceEvent event)
      throws Exception {
    try (var operator = started(before)) {
      operator.processElement(event, 0);
      return operator.snapshot(1, 1);
    }
  }

  private static List<SourceEvent> eventsAfter(OperatorSubtaskState before, SourceEvent event)
      throws Exception {
    try (var operator = started(before)) {
      operator.processElement(event, 0);
      return operator.extractOutputValues();
    }
  }

  private static OneInputStreamOperatorTestHarness<SourceEvent, SourceEvent> started(
      OperatorSubtaskState state) throws Exception {
    var operator =
        new OneInputStreamOperatorTestHarness<SourceEvent, SourceEvent>(
            new ProcessOperator<>(
                new CollectionReplicator(() -> new FixedLookup(Standing.REPLICATED))));
    operator.setup(new SourceEventSerializer());
    operator.initializeState(state);
    operator.open();
    return operator;
  }
}
