package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.StoppedCollection.FirstMessage;
import io.milvus.cdc.task.StoppedCollection.UnreadableMessage;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class RevisitTest {

  private static final String TOPIC = "dml_0";
  private static final long STOPPED = 7;
  private static final long OTHER = 8;

  @Test
  void aTopicGoesBackEvenIfTheLastMessageReadIsTheFirstOneLacking() {
    TopicSplit split = Revisit.begin(readUpTo(5), List.of(stop(5)));

    assertThat(split.position()).hasValue(at(5));
    assertThat(split.inclusive()).isTrue();
    assertThat(split.revisit().emits(STOPPED, at(5), 1)).isTrue();
    assertThat(split.revisit().emits(OTHER, at(5), 1)).isFalse();
    assertThat(split.after(at(5)).revisit().done()).containsExactly("stop");
  }

  @Test
  void whatNobodyHasReadYetIsForEverybody() {
    TopicSplit start = new TopicSplit(TOPIC, Optional.of(at(5)), true);
    TopicSplit split = Revisit.begin(start, List.of(stop(6)));

    assertThat(split.position()).hasValue(at(5));
    assertThat(split.inclusive()).isTrue();
    assertThat(split.revisit().emits(OTHER, at(5), 1)).isTrue();
    assertThat(split.revisit().emits(OTHER, at(6), 1)).isTrue();
    assertThat(split.after(at(5)).revisit().done()).isEmpty();
    assertThat(split.after(at(6)).revisit().done()).containsExactly("stop");
  }

  @Test
  void aTopicGoesBackBehindWhatNobodyHasRead() {
    TopicSplit start = new TopicSplit(TOPIC, Optional.of(at(5)), true);
    TopicSplit split = Revisit.begin(start, List.of(stop(3)));

    assertThat(split.position()).hasValue(at(3));
    assertThat(split.revisit().emits(OTHER, at(4), 1)).isFalse();
    assertThat(split.revisit().emits(STOPPED, at(4), 1)).isTrue();
    assertThat(split.revisit().emits(OTHER, at(5), 1)).isTrue();
  }

  @Test
  void goingBackGoesOnBehindTheLastMessageRead() {
    TopicSplit half = Revisit.begin(readUpTo(9), List.of(stop(3))).after(at(5));
    TopicSplit split = Revisit.begin(half, List.of(stop(3)));

    assertThat(split.position()).hasValue(at(5));
    assertThat(split.inclusive()).isFalse();
    assertThat(split.revisit().emits(STOPPED, at(6), 1)).isTrue();
    assertThat(split.revisit().emits(OTHER, at(9), 1)).isFalse();
    assertThat(split.after(at(9)).revisit().done()).containsExactly("stop");
  }

  @Test
  void nothingIsEmittedAgainForOneCollectionWhenAnotherGoesFurtherBack() {
    StoppedCollection stop = stop(3);
    TopicSplit half = Revisit.begin(readUpTo(9), List.of(stop)).after(at(5));
    TopicSplit split = Revisit.begin(half, List.of(stop, stop(OTHER, "other", 2)));

    assertThat(split.position()).hasValue(at(2));
    assertThat(split.inclusive()).isTrue();
    assertThat(split.revisit().emits(STOPPED, at(5), 1)).isFalse();
    assertThat(split.revisit().emits(STOPPED, at(6), 1)).isTrue();
    assertThat(split.revisit().emits(OTHER, at(5), 1)).isTrue();
  }

  @Test
  void aMessageIsSkippedOnceThatIsAskedFor() {
    StoppedCollection stop = stop(5, List.of(new UnreadableMessage(TOPIC, 1, 6, false)));
    assertThat(Revisit.begin(readUpTo(9), List.of(stop)).revisit().skips(at(6))).isFalse();

    TopicSplit split = Revisit.begin(readUpTo(9), List.of(stop.skippingUnreadable()));
    assertThat(split.revisit().skips(at(6))).isTrue();
    assertThat(split.revisit().skips(at(5))).isFalse();
    assertThat(split.after(at(9)).revisit().skips(at(6))).isTrue();
    StoppedCollection two =
        stop(
            5,
            List.of(
                new UnreadableMessage(TOPIC, 1, 6, true),
                new UnreadableMessage(TOPIC, 1, 7, true),
                new UnreadableMessage(TOPIC, 1, 8, false)));
    Revisit both = Revisit.begin(readUpTo(9), List.of(two)).revisit();
    assertThat(List.of(both.skips(at(6)), both.skips(at(7)), both.skips(at(8))))
        .containsExactly(true, true, false);
    TopicSplit other = new TopicSplit("dml_1", Optional.of(at(9)), false);
    assertThat(Revisit.begin(other, List.of(stop.skippingUnreadable())).revisit().skips(at(6)))
        .isFalse();
  }

  private static TopicSplit readUpTo(long entryId) {
    return new TopicSplit(TOPIC, Optional.of(at(entryId)), false);
  }

  private static Position at(long entryId) {
    return Position.of(1, entryId);
  }

  private static StoppedCollection stop(long entryId) {
    return stop(entryId, List.of());
  }

  private static StoppedCollection stop(long entryId, List<UnreadableMessage> unreadable) {
    return stop(STOPPED, "stop", entryId, unreadable);
  }

  private static StoppedCollection stop(long collectionId, String stopId, long entryId) {
    return stop(collectionId, stopId, entryId, List.of());
  }

  private static StoppedCollection stop(
      long collectionId, String stopId, long entryId, List<UnreadableMessage> unreadable) {
    return new StoppedCollection(
        StoppedCollection.VERSION,
        collectionId,
        "collection",
        Optional.empty(),
        "the test said so",
        Instant.EPOCH,
        stopId,
        0,
        Map.of(TOPIC, new FirstMessage(1, entryId)),
        unreadable);
  }
}
