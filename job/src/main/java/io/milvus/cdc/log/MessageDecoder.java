package io.milvus.cdc.log;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.RepeatedTexts;
import io.milvus.grpc.FlushRequest;
import io.milvus.grpc.MsgBase;
import io.milvus.grpc.MsgType;
import java.io.IOException;
import milvus.proto.msg.Msg.CreateCollectionRequest;
import milvus.proto.msg.Msg.CreatePartitionRequest;
import milvus.proto.msg.Msg.DeleteRequest;
import milvus.proto.msg.Msg.DropCollectionRequest;
import milvus.proto.msg.Msg.DropPartitionRequest;
import milvus.proto.msg.Msg.InsertRequest;

/**
 * Reads of a payload of the log only what is needed to route and to order it: columns of rows are
 * jumped over, so the cost does not depend on their number.
 */
final class MessageDecoder {

  /** Field of the message base in every message: what {@code common.MsgHeader} declares. */
  private static final int BASE = 1;

  private static final int ABSENT = -1;

  private static final String DEFAULT_DATABASE = "default";

  private MessageDecoder() {}

  /**
   * Decodes the head of one message.
   *
   * @throws InvalidProtocolBufferException when the payload is not a message of Milvus' log or
   *     lacks what every message of its kind carries
   */
  static DecodedMessage decode(ByteString payload) throws InvalidProtocolBufferException {
    try {
      Base base = readBase(payload);
      if (base.type == 0) {
        throw new InvalidProtocolBufferException("no message type");
      }
      MsgType type = MsgType.forNumber(base.type);
      if (type == null) {
        return new DecodedMessage.Skipped(base.type);
      }
      return switch (type) {
        case TimeTick -> {
          if (base.timestamp == 0) {
            throw new InvalidProtocolBufferException("TimeTick without a timestamp");
          }
          yield new DecodedMessage.Tick(base.timestamp);
        }
        case Insert ->
            operation(
                payload,
                Kind.INSERT,
                base,
                InsertRequest.COLLECTIONID_FIELD_NUMBER,
                InsertRequest.SHARDNAME_FIELD_NUMBER,
                InsertRequest.TIMESTAMPS_FIELD_NUMBER,
                InsertRequest.NUM_ROWS_FIELD_NUMBER);
        case Delete ->
            operation(
                payload,
                Kind.DELETE,
                base,
                DeleteRequest.COLLECTIONID_FIELD_NUMBER,
                DeleteRequest.SHARDNAME_FIELD_NUMBER,
                DeleteRequest.TIMESTAMPS_FIELD_NUMBER,
                DeleteRequest.NUM_ROWS_FIELD_NUMBER);
        case CreateCollection ->
            operation(
                payload,
                Kind.CREATE_COLLECTION,
                base,
                CreateCollectionRequest.COLLECTIONID_FIELD_NUMBER,
                ABSENT,
                ABSENT,
                ABSENT);
        case DropCollection ->
            operation(
                payload,
                Kind.DROP_COLLECTION,
                base,
                DropCollectionRequest.COLLECTIONID_FIELD_NUMBER,
                ABSENT,
                ABSENT,
                ABSENT);
        case CreatePartition ->
            operation(
                payload,
                Kind.CREATE_PARTITION,
                base,
                CreatePartitionRequest.COLLECTIONID_FIELD_NUMBER,
                ABSENT,
                ABSENT,
                ABSENT);
        case DropPartition ->
            operation(
                payload,
                Kind.DROP_PARTITION,
                base,
                DropPartitionRequest.COLLECTIONID_FIELD_NUMBER,
                ABSENT,
                ABSENT,
                ABSENT);
        case Flush -> flush(FlushRequest.parseFrom(payload));
        case CreateDatabase,
            DropDatabase,
            AlterDatabase,
            CreateIndex,
            DropIndex,
            AlterIndex,
            LoadCollection,
            ReleaseCollection,
            LoadPartitions,
            ReleasePartitions ->
            new DecodedMessage.InMetadata();
        default -> new DecodedMessage.Skipped(base.type);
      };
    } catch (InvalidProtocolBufferException e) {
      throw e;
    } catch (IOException e) {
      throw new InvalidProtocolBufferException(e);
    }
  }

  private static DecodedMessage flush(FlushRequest request) throws InvalidProtocolBufferException {
    if (request.getBase().getTimestamp() == 0) {
      throw new InvalidProtocolBufferException("Flush without a timestamp");
    }
    return new DecodedMessage.Flush(
        request.getDbName().isEmpty() ? DEFAULT_DATABASE : request.getDbName(),
        request.getCollectionNamesList(),
        request.getBase().getTimestamp());
  }

  private static DecodedMessage operation(
      ByteString payload,
      Kind kind,
      Base base,
      int collectionIdField,
      int vchannelField,
      int timestampsField,
      int rowsField)
      throws IOException {
    long collectionId = 0;
    String vchannel = "";
    long rowTimestamp = 0;
    long rows = 0;
    CodedInputStream in = payload.newCodedInput();
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      int field = WireFormat.getTagFieldNumber(tag);
      if (field == collectionIdField) {
        collectionId = in.readInt64();
      } else if (field == vchannelField) {
        vchannel = RepeatedTexts.read(in, payload);
      } else if (field == timestampsField && rowTimestamp == 0) {
        rowTimestamp = readFirst(in, tag);
      } else if (field == rowsField) {
        rows = in.readUInt64();
      } else {
        in.skipField(tag);
      }
    }
    if (collectionId == 0) {
      throw new InvalidProtocolBufferException(kind + " without a collection id");
    }
    // The header of an upsert's insert carries 0, so rows say their own time.
    long timestamp = rowTimestamp == 0 ? base.timestamp : rowTimestamp;
    if (timestamp == 0) {
      throw new InvalidProtocolBufferException(kind + " without a timestamp");
    }
    return new DecodedMessage.Operation(kind, collectionId, vchannel, timestamp, rows);
  }

  /** The first value of a repeated uint64, packed or not. */
  private static long readFirst(CodedInputStream in, int tag) throws IOException {
    if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
      return in.readUInt64();
    }
    int length = in.readRawVarint32();
    if (length == 0) {
      return 0;
    }
    int end = in.getTotalBytesRead() + length;
    long first = in.readUInt64();
    in.skipRawBytes(end - in.getTotalBytesRead());
    return first;
  }

  private record Base(int type, long timestamp) {}

  private static Base readBase(ByteString payload) throws IOException {
    CodedInputStream in = payload.newCodedInput();
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (WireFormat.getTagFieldNumber(tag) != BASE) {
        in.skipField(tag);
        continue;
      }
      int type = 0;
      long timestamp = 0;
      int limit = in.pushLimit(in.readRawVarint32());
      for (int inner = in.readTag(); inner != 0; inner = in.readTag()) {
        switch (WireFormat.getTagFieldNumber(inner)) {
          case MsgBase.MSG_TYPE_FIELD_NUMBER -> type = in.readEnum();
          case MsgBase.TIMESTAMP_FIELD_NUMBER -> timestamp = in.readUInt64();
          default -> in.skipField(inner);
        }
      }
      in.popLimit(limit);
      return new Base(type, timestamp);
    }
    throw new InvalidProtocolBufferException("no message base");
  }
}
