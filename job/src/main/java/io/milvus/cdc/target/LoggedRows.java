package io.milvus.cdc.target;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.milvus.cdc.event.RepeatedTexts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import milvus.proto.msg.Msg.InsertRequest;

/**
 * What is needed of an insert message of the log ({@code msg.InsertRequest}): its rows, without the
 * timestamps and row ids that it has for each of them.
 *
 * @param partition name of the partition
 * @param count how many rows
 * @param columns their values
 */
record LoggedRows(String partition, int count, List<Column> columns) {

  private static final int PARTITION =
      InsertRequest.PARTITION_NAME_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
  private static final int COLUMN =
      InsertRequest.FIELDS_DATA_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
  private static final int ROWS =
      InsertRequest.NUM_ROWS_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;

  /**
   * Reads a message.
   *
   * @param reader of its columns, best the one that read others of the collection
   * @throws InvalidProtocolBufferException when it is not an insert message
   */
  static LoggedRows parse(ByteString payload, ColumnReader reader)
      throws InvalidProtocolBufferException {
    CodedInputStream in = Column.input(payload);
    String partition = "";
    int count = 0;
    List<Column> columns = new ArrayList<>();
    try {
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        switch (tag) {
          case PARTITION -> partition = RepeatedTexts.read(in, payload);
          case ROWS -> count = (int) in.readUInt64();
          case COLUMN -> {
            int limit = in.pushLimit(in.readRawVarint32());
            columns.add(reader.read(in, payload));
            in.popLimit(limit);
          }
          default -> {
            boolean unused = in.skipField(tag);
          }
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw e;
    } catch (IOException e) {
      throw new InvalidProtocolBufferException(e);
    }
    return new LoggedRows(partition, count, columns);
  }
}
