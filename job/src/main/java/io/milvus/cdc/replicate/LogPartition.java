package io.milvus.cdc.replicate;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.milvus.cdc.event.RepeatedTexts;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import milvus.proto.msg.Msg.DeleteRequest;
import milvus.proto.msg.Msg.DropPartitionRequest;
import milvus.proto.msg.Msg.InsertRequest;

/**
 * The partition that a log message is about.
 *
 * @param id its id on the source; a partition created later has a larger one (Milvus 2.3 to 2.5)
 * @param name its name, which a later partition may have as well
 */
record LogPartition(long id, String name) {

  /**
   * Finds it, without reading columns of rows.
   *
   * @return empty when the message is about the whole collection
   * @throws UncheckedIOException when the payload is not what its kind says, which would have
   *     stopped it on its way here
   */
  static Optional<LogPartition> of(LogMessage message) {
    return switch (message.header().kind()) {
      case INSERT ->
          find(
              message,
              InsertRequest.PARTITIONID_FIELD_NUMBER,
              InsertRequest.PARTITION_NAME_FIELD_NUMBER);
      case DELETE ->
          find(
              message,
              DeleteRequest.PARTITIONID_FIELD_NUMBER,
              DeleteRequest.PARTITION_NAME_FIELD_NUMBER);
      case DROP_PARTITION ->
          find(
              message,
              DropPartitionRequest.PARTITIONID_FIELD_NUMBER,
              DropPartitionRequest.PARTITION_NAME_FIELD_NUMBER);
      case CREATE_COLLECTION, DROP_COLLECTION, CREATE_PARTITION, FLUSH -> Optional.empty();
    };
  }

  private static Optional<LogPartition> find(LogMessage message, int idField, int nameField) {
    long id = 0;
    String name = "";
    try {
      CodedInputStream in = message.payload().newCodedInput();
      for (int tag = in.readTag(); tag != 0 && (id == 0 || name.isEmpty()); tag = in.readTag()) {
        int field = WireFormat.getTagFieldNumber(tag);
        if (field == idField) {
          id = in.readInt64();
        } else if (field == nameField) {
          name = RepeatedTexts.read(in, message.payload());
        } else {
          in.skipField(tag);
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw new UncheckedIOException(message.header().position() + " cannot be read", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    // A delete in every partition names none, and has id -1.
    return id > 0 && !name.isEmpty() ? Optional.of(new LogPartition(id, name)) : Optional.empty();
  }
}
