package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.SourceSnapshot;
import io.milvus.cdc.catalog.SourceSnapshot.ChannelCheckpoint;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.StartPositions.TopicStart;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.impl.MessageIdImpl;
import org.junit.jupiter.api.Test;

class StartPositionReaderTest {

  private static final String TOPIC = "by-dev-rootcoord-dml_0";

  private static List<ChannelStart> starts(SourceSnapshot snapshot) {
    return ChannelStart.all(snapshot, RequestedStarts.none());
  }

  @Test
  void theTopicOfRequestsStartsAfterItsLastMessage() throws IOException {
    assertThat(
            StartPositionReader.positions(
                    Map.of("requests", Optional.of(id(5, 9)), "others", Optional.empty()),
                    List.of())
                .topics())
        .isEqualTo(
            Map.of(
                "requests",
                new TopicStart(Optional.of(bytes(id(5, 9))), false, Map.of()),
                "others",
                new TopicStart(Optional.empty(), false, Map.of())));
  }

  @Test
  void aTopicWithCollectionsStartsAtItsOldestCheckpoint() throws IOException {
    SourceSnapshot snapshot =
        new SourceSnapshot(
            List.of(collection(1, id(3, 1)), collection(2, id(3, 2)), collection(3, id(5, 3))),
            Map.of(
                TOPIC + "_1v0", new ChannelCheckpoint(bytes(id(4, 20)), 71),
                TOPIC + "_2v0", new ChannelCheckpoint(bytes(id(10, 2)), 72),
                TOPIC + "_9v0", new ChannelCheckpoint(bytes(id(1, 1)), 79)));

    assertThat(StartPositionReader.positions(Map.of(), starts(snapshot)).topics())
        .isEqualTo(
            Map.of(
                TOPIC,
                new TopicStart(
                    Optional.of(bytes(id(4, 20))),
                    true,
                    Map.of(TOPIC + "_1v0", 71L, TOPIC + "_2v0", 72L, TOPIC + "_3v0", 0L))));
  }

  @Test
  void aCollectionWithoutACheckpointStartsAtItsCreation() throws IOException {
    SourceSnapshot snapshot =
        new SourceSnapshot(
            List.of(collection(1, id(3, 1)), collection(2, id(3, 7))),
            Map.of(TOPIC + "_2v0", new ChannelCheckpoint(bytes(id(3, 8)), 72)));

    assertThat(
            StartPositionReader.positions(Map.of(), starts(snapshot))
                .topics()
                .get(TOPIC)
                .messageId())
        .hasValue(bytes(id(3, 1)));
  }

  @Test
  void readsTheIdsThatMilvusWrites() throws IOException {
    SourceSnapshot snapshot =
        new SourceSnapshot(
            List.of(collection(1, id(9, 1))),
            Map.of(
                TOPIC + "_1v0",
                new ChannelCheckpoint(
                    ByteString.copyFrom(HexFormat.of().parseHex("0803100318002000")), 72)));

    ByteString start =
        StartPositionReader.positions(Map.of(), starts(snapshot))
            .topics()
            .get(TOPIC)
            .messageId()
            .orElseThrow();
    assertThat(MessageId.fromByteArray(start.toByteArray()))
        .usingComparator(MessageId::compareTo)
        .satisfies(
            id -> {
              MessageIdImpl message = (MessageIdImpl) id;
              assertThat(message.getLedgerId()).isEqualTo(3);
              assertThat(message.getEntryId()).isEqualTo(3);
            });
  }

  @Test
  void namesTheChannelWhosePositionIsNotPulsars() {
    SourceSnapshot snapshot =
        new SourceSnapshot(
            List.of(collection(1, id(9, 1))),
            Map.of(TOPIC + "_1v0", new ChannelCheckpoint(ByteString.copyFromUtf8("rocksmq"), 72)));
    assertThatThrownBy(() -> StartPositionReader.positions(Map.of(), starts(snapshot)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(TOPIC + "_1v0")
        .hasMessageContaining("mq.type");
  }

  private static CollectionState collection(long id, MessageId start) {
    return CollectionState.newBuilder()
        .setId(id)
        .addShards(
            Shard.newBuilder()
                .setVchannel(TOPIC + "_" + id + "v0")
                .setPchannel(TOPIC)
                .setStartMessageId(bytes(start)))
        .build();
  }

  private static MessageId id(long ledger, long entry) {
    return new MessageIdImpl(ledger, entry, -1);
  }

  private static ByteString bytes(MessageId id) {
    return ByteString.copyFrom(id.toByteArray());
  }
}
