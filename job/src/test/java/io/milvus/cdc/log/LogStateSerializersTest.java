package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

  private final TopicSplitSerializer splits = new TopicSplitSerializer();
  private final LogEnumeratorStateSerializer states = new LogEnumeratorStateSerializer();

  @Test
  void keepsEveryFieldOfASplit() throws Exception {
    for (TopicSplit split : List.of(AT, FIRST)) {
      assertThat(splits.deserialize(1, splits.serialize(split))).isEqualTo(split);
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
  void keepsAssignedAndPendingTopics() throws Exception {
    LogEnumeratorState state =
        new LogEnumeratorState(Set.of("by-dev-rootcoord-dml_0"), List.of(AT, FIRST));

    assertThat(states.deserialize(1, states.serialize(state))).isEqualTo(state);
  }

  @Test
  void refusesALayoutItDoesNotKnow() throws Exception {
    byte[] split = splits.serialize(AT);
    byte[] state = states.serialize(new LogEnumeratorState(Set.of(), List.of()));
    assertThatThrownBy(() -> splits.deserialize(2, split))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("version 2");
    assertThatThrownBy(() -> states.deserialize(2, state))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("version 2");
  }
}
