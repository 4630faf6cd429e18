package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.milvus.cdc.log.Retention.Start;
import io.milvus.cdc.log.TopicContents.Ledger;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.Position;
import java.util.ArrayList;
import java.util.List;
import org.apache.pulsar.client.impl.MessageIdImpl;
import org.junit.jupiter.api.Test;

final class RetentionTest {

  private static final String TOPIC = "persistent://public/default/by-dev-rootcoord-dml_0";

  @Test
  void aPositionThatIsHeldIsReadFrom() {
    assertThat(decide(Position.of(5, 0), contents(5, 10))).isEqualTo(Start.AT_POSITION);
    assertThat(decide(Position.of(5, 9), contents(5, 10))).isEqualTo(Start.AT_POSITION);
    assertThat(decide(Position.of(5, 9), contents(5, 10, 8, 0))).isEqualTo(Start.AT_POSITION);
  }

  @Test
  void aGonePositionWithoutLiveCollectionsIsNoGap() {
    assertThat(decide(Position.of(3, 1), contents(5, 10))).isEqualTo(Start.AT_FIRST_MESSAGE);
  }

  @Test
  void aGonePositionWithALiveCollectionThatBeginsBeforeWhatIsLeftIsAGap() {
    assertThatThrownBy(() -> decide(Position.of(3, 1), contents(5, 10), id(5, 4), id(4, 99)))
        .isInstanceOf(PermanentFailure.class)
        .hasMessageContaining("no longer retained")
        .hasMessageContaining(TOPIC)
        .hasMessageContaining("3:1")
        .hasMessageContaining("5:0");
  }

  @Test
  void aGonePositionWithLiveCollectionsThatBeginLaterIsNoGap() {
    assertThat(decide(Position.of(3, 1), contents(5, 10), id(5, 0), id(6, 2)))
        .isEqualTo(Start.AT_FIRST_MESSAGE);
  }

  @Test
  void anEmptyTopicHasHadNoLiveCollection() {
    assertThat(decide(Position.of(3, 1), contents(5, 0), id(3, 0)))
        .isEqualTo(Start.AT_FIRST_MESSAGE);
  }

  @Test
  void aPositionBehindTheEndIsOfAnotherTopic() {
    for (TopicContents contents :
        List.of(contents(5, 10), contents(5, 10, 7, 0), contents(7, 0), contents())) {
      assertThatThrownBy(() -> decide(Position.of(9, 1), contents))
          .isInstanceOf(PermanentFailure.class)
          .hasMessageContaining("created again")
          .hasMessageContaining("9:1");
    }
    assertThatThrownBy(() -> decide(Position.of(5, 10), contents(5, 10)))
        .isInstanceOf(PermanentFailure.class)
        .hasMessageContaining("created again");
  }

  @Test
  void messagesOfDifferentLedgersAreNeighboursOnlyWhenNothingLiesBetween() {
    assertThat(contents(5, 10, 7, 0, 8, 3).areNeighbours(Position.of(5, 9), Position.of(8, 0)))
        .isTrue();
    assertThat(contents(5, 10, 8, 3).areNeighbours(Position.of(5, 8), Position.of(8, 0))).isFalse();
    assertThat(contents(5, 10, 7, 1, 8, 3).areNeighbours(Position.of(5, 9), Position.of(8, 0)))
        .isFalse();
    assertThat(contents(8, 3).areNeighbours(Position.of(5, 9), Position.of(8, 0))).isFalse();
  }

  @Test
  void aPositionOfMilvusGoClientIsTheWholeEntry() {
    ByteString written = ByteString.fromHex("0803100318002000");

    assertThat(Position.of(written)).isEqualTo(Position.of(3, 3));
  }

  private static Start decide(Position position, TopicContents contents, ByteString... liveStarts) {
    return Retention.decide(TOPIC, position, contents, () -> List.of(liveStarts));
  }

  private static ByteString id(long ledger, long entry) {
    return ByteString.copyFrom(new MessageIdImpl(ledger, entry, -1).toByteArray());
  }

  /** Ledgers as pairs of id and number of entries. */
  private static TopicContents contents(long... idsAndEntries) {
    List<Ledger> ledgers = new ArrayList<>();
    for (int i = 0; i < idsAndEntries.length; i += 2) {
      ledgers.add(new Ledger(idsAndEntries[i], idsAndEntries[i + 1], 100 * idsAndEntries[i + 1]));
    }
    return new TopicContents(ledgers);
  }
}
