package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.SourceSnapshot;
import io.milvus.cdc.catalog.SourceSnapshot.ChannelCheckpoint;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.log.TopicContents.Ledger;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.RequestedStarts.Place;
import io.milvus.cdc.task.Selection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pulsar.client.impl.MessageIdImpl;
import org.junit.jupiter.api.Test;

class ChannelStartTest {

  private static final SourceSnapshot SNAPSHOT =
      new SourceSnapshot(
          List.of(collection("a", 1), collection("b", 2)),
          Map.of(
              "dml_0_1v0", new ChannelCheckpoint(id(20, 5), 200),
              "dml_1_1v1", new ChannelCheckpoint(id(21, 5), 210),
              "dml_0_2v0", new ChannelCheckpoint(id(22, 5), 220),
              "dml_1_2v1", new ChannelCheckpoint(id(23, 5), 230)));

  @Test
  void checkpointsUnlessSomethingElseIsAskedFor() {
    assertThat(ChannelStart.all(SNAPSHOT, RequestedStarts.none()))
        .allMatch(start -> !start.requested())
        .extracting(start -> start.from().timestamp())
        .containsExactly(200L, 210L, 220L, 230L);
  }

  @Test
  void theBeginningIsTheCollectionsOwnFirstMessageAndLeavesNothingOut() {
    List<ChannelStart> starts =
        ChannelStart.all(
            SNAPSHOT, new RequestedStarts(List.of(new Selection.Entry("default", "b")), Map.of()));
    assertThat(starts)
        .extracting(ChannelStart::requested)
        .containsExactly(false, false, true, true);
    assertThat(starts.get(2).from()).isEqualTo(new ChannelCheckpoint(id(10, 2), 0));
  }

  @Test
  void positionsAreTakenAsGiven() {
    List<ChannelStart> starts =
        ChannelStart.all(
            SNAPSHOT,
            new RequestedStarts(
                List.of(),
                Map.of(
                    "dml_0_1v0", new Place(id(12, 0), 7), "dml_1_1v1", new Place(id(13, 0), 8))));
    assertThat(starts)
        .extracting(ChannelStart::requested)
        .containsExactly(true, true, false, false);
    assertThat(starts.get(1).from()).isEqualTo(new ChannelCheckpoint(id(13, 0), 8));
  }

  @Test
  void positionsForSomeChannelsOnlyAreRefused() {
    assertThatThrownBy(
            () ->
                ChannelStart.all(
                    SNAPSHOT,
                    new RequestedStarts(List.of(), Map.of("dml_1_2v1", new Place(id(1, 0), 7)))))
        .isInstanceOf(UnusableStartException.class)
        .hasMessageContaining("default.b has no position for channel dml_0_2v0");
  }

  @Test
  void aPositionOfNoSelectedCollectionIsRefused() {
    assertThatThrownBy(
            () ->
                ChannelStart.all(
                    SNAPSHOT,
                    new RequestedStarts(List.of(), Map.of("dml_1_9v1", new Place(id(1, 0), 7)))))
        .isInstanceOf(UnusableStartException.class)
        .hasMessageContaining("dml_1_9v1");
  }

  @Test
  void whatTheLogDoesNotHoldIsRefused() {
    TopicContents contents = new TopicContents(List.of(new Ledger(20, 10, 100)));
    assertThatCode(() -> start(id(20, 9)).verifyHeld("t", Optional.of(contents)))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> start(id(19, 9)).verifyHeld("t", Optional.of(contents)))
        .isInstanceOf(UnusableStartException.class)
        .hasMessageContaining("dml_0_1v0")
        .hasMessageContaining("19:9")
        .hasMessageContaining("its first message is 20:0");
    assertThatThrownBy(() -> start(id(25, 0)).verifyHeld("t", Optional.of(contents)))
        .as("a topic that was created anew")
        .isInstanceOf(UnusableStartException.class);
    assertThatThrownBy(() -> start(id(20, 0)).verifyHeld("t", Optional.empty()))
        .isInstanceOf(UnusableStartException.class);
  }

  private static ChannelStart start(ByteString from) {
    return new ChannelStart(
        Shard.newBuilder().setVchannel("dml_0_1v0").build(), new ChannelCheckpoint(from, 1), true);
  }

  private static CollectionState collection(String name, long id) {
    return CollectionState.newBuilder()
        .setId(id)
        .setDatabase("default")
        .setName(name)
        .addShards(shard("dml_0", "_" + id + "v0", id))
        .addShards(shard("dml_1", "_" + id + "v1", id))
        .build();
  }

  private static Shard shard(String pchannel, String suffix, long id) {
    return Shard.newBuilder()
        .setPchannel(pchannel)
        .setVchannel(pchannel + suffix)
        .setStartMessageId(id(10, id))
        .build();
  }

  private static ByteString id(long ledger, long entry) {
    return ByteString.copyFrom(new MessageIdImpl(ledger, entry, -1).toByteArray());
  }
}
