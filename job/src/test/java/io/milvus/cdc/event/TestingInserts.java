package io.milvus.cdc.event;

import com.google.protobuf.ByteString;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.grpc.DataType;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FloatArray;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.MsgBase;
import io.milvus.grpc.MsgType;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.VectorField;
import java.util.Random;
import milvus.proto.msg.Msg;

/** Inserts as Milvus 2.3 writes them to its log, for benchmarks: a key "id", a vector "v". */
public final class TestingInserts {

  private static final long COLLECTION = 447_530_291_118_112_768L;
  private static final int LOGICAL_BITS = 18;

  private TestingInserts() {}

  /**
   * The payload of a message.
   *
   * @param number of the message: says its keys and its time, which grow with it
   */
  public static ByteString payload(int number, int rows, int dimension) {
    Random random = new Random(number);
    Msg.InsertRequest.Builder insert =
        Msg.InsertRequest.newBuilder()
            .setBase(
                MsgBase.newBuilder()
                    .setMsgType(MsgType.Insert)
                    .setMsgID(number)
                    .setTimestamp(timestamp(number))
                    .setSourceID(5))
            .setShardName("by-dev-rootcoord-dml_0_447530291118112768v0")
            .setCollectionName("benchmark")
            .setPartitionName("_default")
            .setCollectionID(COLLECTION)
            .setPartitionID(COLLECTION + 1)
            .setNumRows(rows);
    LongArray.Builder keys = LongArray.newBuilder();
    FloatArray.Builder floats = FloatArray.newBuilder();
    for (int row = 0; row < rows; row++) {
      long key = (long) number * rows + row;
      insert.addTimestamps(timestamp(number)).addRowIDs(COLLECTION + key);
      keys.addData(key);
      for (int i = 0; i < dimension; i++) {
        floats.addData(random.nextFloat());
      }
    }
    return insert
        .addFieldsData(
            FieldData.newBuilder()
                .setType(DataType.Int64)
                .setFieldName("id")
                .setFieldId(100)
                .setScalars(ScalarField.newBuilder().setLongData(keys)))
        .addFieldsData(
            FieldData.newBuilder()
                .setType(DataType.FloatVector)
                .setFieldName("v")
                .setFieldId(101)
                .setVectors(VectorField.newBuilder().setDim(dimension).setFloatVector(floats)))
        .build()
        .toByteString();
  }

  /** A message as it travels between operators. */
  public static LogMessage message(int number, int rows, int dimension) {
    return new LogMessage(
        new LogMessageHeader(
            Kind.INSERT,
            "by-dev-rootcoord-dml_0",
            3,
            number,
            COLLECTION,
            "by-dev-rootcoord-dml_0_447530291118112768v0",
            timestamp(number),
            false),
        payload(number, rows, dimension));
  }

  /** When a message was written, a TSO; one each millisecond. */
  public static long timestamp(int number) {
    return (1_700_000_000_000L + number) << LOGICAL_BITS;
  }
}
