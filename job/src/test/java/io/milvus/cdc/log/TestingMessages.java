package io.milvus.cdc.log;

import io.milvus.grpc.FieldData;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.MsgBase;
import io.milvus.grpc.MsgType;
import io.milvus.grpc.ScalarField;
import java.util.List;
import milvus.proto.msg.Msg.InsertRequest;
import milvus.proto.msg.Msg.TimeTickMsg;

/** Payloads as Milvus writes them. */
final class TestingMessages {

  private TestingMessages() {}

  /** TSO of a millisecond. */
  static long tso(long millis) {
    return millis << 18;
  }

  static byte[] tick(long timestamp) {
    return TimeTickMsg.newBuilder()
        .setBase(base(MsgType.TimeTick, timestamp))
        .build()
        .toByteArray();
  }

  /** One row whose key is its timestamp. */
  static byte[] insert(long collectionId, String vchannel, long timestamp) {
    return InsertRequest.newBuilder()
        .setBase(base(MsgType.Insert, timestamp))
        .setShardName(vchannel)
        .setCollectionID(collectionId)
        .addTimestamps(timestamp)
        .addRowIDs(timestamp)
        .addFieldsData(
            FieldData.newBuilder()
                .setFieldName("id")
                .setScalars(
                    ScalarField.newBuilder()
                        .setLongData(LongArray.newBuilder().addAllData(List.of(timestamp)))))
        .setNumRows(1)
        .build()
        .toByteArray();
  }

  static MsgBase base(MsgType type, long timestamp) {
    return MsgBase.newBuilder().setMsgType(type).setTimestamp(timestamp).setSourceID(1).build();
  }
}
