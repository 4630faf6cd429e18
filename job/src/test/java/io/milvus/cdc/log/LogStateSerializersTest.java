package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.task.Position;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class LogStateSerializersTest {

  private static final TopicSplit AT =
      new TopicSplit("by-dev-rootcoord-dml_1", Optional.of(new Position(3, 17, 2)), true);
  private static final TopicSplit FIRST =
      new TopicSplit("by-dev-rootcoord-dml_2", Optional.empty(), false);
  private static final TopicSplit REVISITED =
      AT.with(
          new Revisit(
              Optional.of(Position.of(4, 1)),
              List.of(new Revisit.Again(7, "a stop", Position.of(3, 9), 12)),
              Set.of("another stop")));

  private final TopicSplitSerializer splits = new TopicSplitSerializer();
  private final LogEnumeratorStateSerializer states = new LogEnumeratorStateSerializer();

  @Test
  void keepsEveryFieldOfASplit() throws Exception {
    for (TopicSplit split : List.of(AT, FIRST, REVISITED)) {
      assertThat(splits.deserialize(2, splits.serialize(split))).isEqualTo(split);
    }
  }

  @Test
  void readsTheFirstLayoutForEver() throws Exception {
    byte[] written =
        HexFormat.of()
            .parseHex(
                "0005746f706963"
                    + "01"
                    + "0000000000000003"
                    + "0000000000000011"
                    + "ffffffff"
                    + "00");

    assertThat(splits.deserialize(1, written))
        .isEqualTo(new TopicSplit("topic", Optional.of(Position.of(3, 17)), false));
  }

  @Test
  void theSecondLayoutIsTheOneThatSavepointsHold() throws Exception {
    assertThat(HexFormat.of().formatHex(splits.serialize(REVISITED)))
        .isEqualTo(
            "001662792d6465762d726f6f74636f6f72642d646d6c5f31" // pchannel
                + "01" // has a position
                + "0000000000000003" // ledger
                + "0000000000000011" // entry
                + "00000002" // batch index
                + "01" // inclusive
                + "01" // has an end
                + "0000000000000004" // ledger
                + "0000000000000001" // entry
                + "ffffffff" // batch index
                + "00000001" // one collection
                + "0000000000000007" // its id
                + "0006612073746f70" // "a stop"
                + "0000000000000003" // from ledger
                + "0000000000000009" // from entry
                + "ffffffff" // batch index
                + "000000000000000c" // not before
                + "00000001" // one is done
                + "000c616e6f746865722073746f70"); // "another stop"
  }

  @Test
  void keepsAssignedAndPendingTopics() throws Exception {
    LogEnumeratorState state =
        new LogEnumeratorState(Set.of("by-dev-rootcoord-dml_0"), List.of(AT, FIRST, REVISITED));

    assertThat(states.deserialize(1, states.serialize(state))).isEqualTo(state);
  }

  @Test
  void refusesALayoutItDoesNotKnow() throws Exception {
    byte[] split = splits.serialize(AT);
    byte[] state = states.serialize(new LogEnumeratorState(Set.of(), List.of()));
    assertThatThrownBy(() -> splits.deserialize(3, split))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("version 3");
    assertThatThrownBy(() -> states.deserialize(2, state))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("version 2");
  }
}
