package io.milvus.cdc.target;

import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Partition;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.StoppedCollection.FirstMessage;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.DataType;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.FloatArray;
import io.milvus.grpc.IDs;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.VectorField;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import milvus.proto.msg.Msg;

/** Log messages as a source would write them: an int64 key "id", a vector "v" of two floats. */
final class Messages {

  static final long COLLECTION = 9001;

  private Messages() {}

  /** A column of a call, as who gets the call reads it. */
  static FieldData read(FieldData sent) {
    try {
      return FieldData.parseFrom(sent.toByteString());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  static CollectionState collection(String name) {
    CollectionSchema schema =
        CollectionSchema.newBuilder()
            .setName(name)
            .addFields(
                FieldSchema.newBuilder()
                    .setFieldID(100)
                    .setName("id")
                    .setDataType(DataType.Int64)
                    .setIsPrimaryKey(true)
                    .setAutoID(true))
            .addFields(
                FieldSchema.newBuilder()
                    .setFieldID(101)
                    .setName("v")
                    .setDataType(DataType.FloatVector)
                    .addTypeParams(KeyValuePair.newBuilder().setKey("dim").setValue("2")))
            .build();
    return CollectionState.newBuilder()
        .setId(COLLECTION)
        .setDatabase("default")
        .setName(name)
        .setSchema(schema.toByteString())
        .addShards(Shard.newBuilder().setPchannel("t").setVchannel("t_9001v0"))
        .addPartitions(Partition.newBuilder().setId(1).setName("_default"))
        .build();
  }

  /** Rows with these keys; each vector holds its key and {@code mark}. */
  static LogMessage insert(boolean maybeApplied, int mark, long... keys) {
    LongArray.Builder ids = LongArray.newBuilder();
    FloatArray.Builder floats = FloatArray.newBuilder();
    for (long key : keys) {
      ids.addData(key);
      floats.addData((float) key).addData(mark);
    }
    Msg.InsertRequest insert =
        Msg.InsertRequest.newBuilder()
            .setPartitionName("_default")
            .setNumRows(keys.length)
            .addFieldsData(
                FieldData.newBuilder()
                    .setFieldName("id")
                    .setType(DataType.Int64)
                    .setScalars(ScalarField.newBuilder().setLongData(ids)))
            .addFieldsData(
                FieldData.newBuilder()
                    .setFieldName("v")
                    .setType(DataType.FloatVector)
                    .setVectors(VectorField.newBuilder().setDim(2).setFloatVector(floats)))
            .build();
    return new LogMessage(header(Kind.INSERT, maybeApplied), insert.toByteString());
  }

  static LogMessage delete(long... keys) {
    LongArray.Builder ids = LongArray.newBuilder();
    LongStream.of(keys).forEach(ids::addData);
    Msg.DeleteRequest delete =
        Msg.DeleteRequest.newBuilder().setPrimaryKeys(IDs.newBuilder().setIntId(ids)).build();
    return new LogMessage(header(Kind.DELETE, false), delete.toByteString());
  }

  static LogMessage dropPartition(long id, String name) {
    Msg.DropPartitionRequest drop =
        Msg.DropPartitionRequest.newBuilder().setPartitionID(id).setPartitionName(name).build();
    return new LogMessage(header(Kind.DROP_PARTITION, false), drop.toByteString());
  }

  /** Puts a stop of the collection, as an earlier run would have left it, into a store. */
  static void stop(StopStore store, Map<String, FirstMessage> topics, long fromTimestamp) {
    store.change(
        COLLECTION,
        before ->
            Optional.of(
                new StoppedCollection(
                    StoppedCollection.VERSION,
                    COLLECTION,
                    "collection default.c",
                    Optional.of(new StoppedCollection.Name("default", "c")),
                    "an earlier reason",
                    Instant.EPOCH,
                    "earlier",
                    fromTimestamp,
                    topics,
                    List.of())));
  }

  /** The same message at another place of the log. */
  static LogMessage at(LogMessage message, long entryId, long timestamp) {
    LogMessageHeader header = message.header();
    return moved(message, entryId, header.collectionId(), header.vchannel(), timestamp);
  }

  /** The same message for another collection. */
  static LogMessage ofCollection(long id, LogMessage message) {
    LogMessageHeader header = message.header();
    return moved(message, header.entryId(), id, header.vchannel(), header.timestamp());
  }

  /** The same message in another shard. */
  static LogMessage ofShard(String vchannel, LogMessage message) {
    LogMessageHeader header = message.header();
    return moved(message, header.entryId(), header.collectionId(), vchannel, header.timestamp());
  }

  private static LogMessage moved(
      LogMessage message, long entryId, long collectionId, String vchannel, long timestamp) {
    LogMessageHeader header = message.header();
    return new LogMessage(
        new LogMessageHeader(
            header.kind(),
            header.pchannel(),
            header.ledgerId(),
            entryId,
            collectionId,
            vchannel,
            timestamp,
            header.maybeApplied()),
        message.payload());
  }

  private static LogMessageHeader header(Kind kind, boolean maybeApplied) {
    return new LogMessageHeader(kind, "t", 1, 1, COLLECTION, "t_9001v0", 1, maybeApplied);
  }
}
