package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.log.DecodedMessage.Flush;
import io.milvus.cdc.log.DecodedMessage.InMetadata;
import io.milvus.cdc.log.DecodedMessage.Operation;
import io.milvus.cdc.log.DecodedMessage.Skipped;
import io.milvus.cdc.log.DecodedMessage.Tick;
import io.milvus.grpc.CreateIndexRequest;
import io.milvus.grpc.FlushRequest;
import io.milvus.grpc.MsgType;
import java.util.Arrays;
import java.util.List;
import milvus.proto.msg.Msg.CreateCollectionRequest;
import milvus.proto.msg.Msg.CreatePartitionRequest;
import milvus.proto.msg.Msg.DeleteRequest;
import milvus.proto.msg.Msg.DropCollectionRequest;
import milvus.proto.msg.Msg.DropPartitionRequest;
import milvus.proto.msg.Msg.ImportMsg;
import milvus.proto.msg.Msg.InsertRequest;
import org.junit.jupiter.api.Test;

final class MessageDecoderTest {

  private static final long TSO = 0x0640_0000_0004_0001L;

  @Test
  void readsATick() throws Exception {
    assertThat(decode(TestingMessages.tick(TSO))).isEqualTo(new Tick(TSO));
  }

  @Test
  void readsAnInsertsShardAndTime() throws Exception {
    assertThat(decode(TestingMessages.insert(7, "dml_0_7v1", TSO)))
        .isEqualTo(new Operation(Kind.INSERT, 7, "dml_0_7v1", TSO, 1));
  }

  @Test
  void takesTheTimeOfAnUpsertsInsertFromItsRows() throws Exception {
    byte[] payload =
        InsertRequest.newBuilder()
            .setBase(TestingMessages.base(MsgType.Insert, 0))
            .setShardName("dml_0_7v1")
            .setCollectionID(7)
            .addAllTimestamps(List.of(TSO, TSO + 1, TSO + 2))
            .setNumRows(3)
            .build()
            .toByteArray();

    assertThat(decode(payload)).isEqualTo(new Operation(Kind.INSERT, 7, "dml_0_7v1", TSO, 3));
  }

  @Test
  void readsADelete() throws Exception {
    byte[] payload =
        DeleteRequest.newBuilder()
            .setBase(TestingMessages.base(MsgType.Delete, TSO + 5))
            .setShardName("dml_0_7v1")
            .setCollectionID(7)
            .setPartitionID(-1)
            .addTimestamps(TSO)
            .addTimestamps(TSO)
            .setNumRows(2)
            .build()
            .toByteArray();

    assertThat(decode(payload)).isEqualTo(new Operation(Kind.DELETE, 7, "dml_0_7v1", TSO, 2));
  }

  @Test
  void readsBarriersWithTheTimeOfTheirHeader() throws Exception {
    assertThat(
            decode(
                CreateCollectionRequest.newBuilder()
                    .setBase(TestingMessages.base(MsgType.CreateCollection, TSO))
                    .setCollectionID(7)
                    .addVirtualChannelNames("dml_0_7v0")
                    .build()
                    .toByteArray()))
        .isEqualTo(new Operation(Kind.CREATE_COLLECTION, 7, "", TSO, 0));
    assertThat(
            decode(
                DropCollectionRequest.newBuilder()
                    .setBase(TestingMessages.base(MsgType.DropCollection, TSO))
                    .setDbID(3)
                    .setCollectionID(7)
                    .build()
                    .toByteArray()))
        .isEqualTo(new Operation(Kind.DROP_COLLECTION, 7, "", TSO, 0));
    assertThat(
            decode(
                CreatePartitionRequest.newBuilder()
                    .setBase(TestingMessages.base(MsgType.CreatePartition, TSO))
                    .setCollectionID(7)
                    .setPartitionID(9)
                    .build()
                    .toByteArray()))
        .isEqualTo(new Operation(Kind.CREATE_PARTITION, 7, "", TSO, 0));
    assertThat(
            decode(
                DropPartitionRequest.newBuilder()
                    .setBase(TestingMessages.base(MsgType.DropPartition, TSO))
                    .setCollectionID(7)
                    .setPartitionID(9)
                    .build()
                    .toByteArray()))
        .isEqualTo(new Operation(Kind.DROP_PARTITION, 7, "", TSO, 0));
  }

  @Test
  void readsWhatAFlushIsAbout() throws Exception {
    FlushRequest flush =
        FlushRequest.newBuilder()
            .setBase(TestingMessages.base(MsgType.Flush, TSO))
            .setDbName("db")
            .addCollectionNames("a")
            .addCollectionNames("b")
            .build();
    assertThat(decode(flush.toByteArray())).isEqualTo(new Flush("db", List.of("a", "b"), TSO));
    assertThat(decode(flush.toBuilder().clearDbName().build().toByteArray()))
        .isEqualTo(new Flush("default", List.of("a", "b"), TSO));
  }

  @Test
  void leavesToTheMetadataWhatItTellsOf() throws Exception {
    assertThat(
            decode(
                CreateIndexRequest.newBuilder()
                    .setBase(TestingMessages.base(MsgType.CreateIndex, TSO))
                    .build()
                    .toByteArray()))
        .isEqualTo(new InMetadata());
  }

  @Test
  void saysWhichKindItSkips() throws Exception {
    assertThat(
            decode(
                ImportMsg.newBuilder()
                    .setBase(TestingMessages.base(MsgType.Import, TSO))
                    .build()
                    .toByteArray()))
        .isEqualTo(new Skipped(MsgType.Import_VALUE));
    byte[] ofALaterRelease = {0x0a, 0x03, 0x08, (byte) 0xb9, 0x60};
    assertThat(decode(ofALaterRelease)).isEqualTo(new Skipped(12345));
  }

  @Test
  void refusesWhatIsNotAMessage() {
    byte[] insert = TestingMessages.insert(7, "dml_0_7v1", TSO);
    assertThatThrownBy(() -> decode(new byte[0]))
        .isInstanceOf(InvalidProtocolBufferException.class);
    assertThatThrownBy(() -> decode(new byte[] {1, 2, 3}))
        .isInstanceOf(InvalidProtocolBufferException.class);
    assertThatThrownBy(() -> decode(Arrays.copyOf(insert, insert.length - 1)))
        .isInstanceOf(InvalidProtocolBufferException.class);
  }

  @Test
  void refusesAnOperationOfNoCollection() {
    assertThatThrownBy(() -> decode(TestingMessages.insert(0, "dml_0_7v1", TSO)))
        .isInstanceOf(InvalidProtocolBufferException.class)
        .hasMessageContaining("collection id");
  }

  private static DecodedMessage decode(byte[] payload) throws InvalidProtocolBufferException {
    return MessageDecoder.decode(ByteString.copyFrom(payload));
  }
}
