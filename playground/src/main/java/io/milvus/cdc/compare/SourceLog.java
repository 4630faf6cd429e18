package io.milvus.cdc.compare;

import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import milvus.proto.msg.Msg;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.Reader;

/**
 * The log of a source: what it has taken, whether it shows it or not (Milvus 2.3 to 2.5, Pulsar).
 */
public final class SourceLog {

  private final String serviceUrl;

  /**
   * The log in a Pulsar that keeps everything of it.
   *
   * @param serviceUrl for example {@code pulsar://127.0.0.1:6650}
   */
  public SourceLog(String serviceUrl) {
    this.serviceUrl = serviceUrl;
  }

  /**
   * Reads all of the collection's channels from their beginning to their end.
   *
   * @throws IllegalStateException when they cannot be read
   */
  LoggedRows read(DescribeCollectionResponse collection) {
    String key =
        collection.getSchema().getFieldsList().stream()
            .filter(FieldSchema::getIsPrimaryKey)
            .findFirst()
            .orElseThrow()
            .getName();
    LoggedRows rows = new LoggedRows();
    try (PulsarClient client = PulsarClient.builder().serviceUrl(serviceUrl).build()) {
      for (String topic : collection.getPhysicalChannelNamesList()) {
        try (Reader<byte[]> reader =
            client
                .newReader()
                .topic("persistent://public/default/" + topic)
                .startMessageId(MessageId.earliest)
                .create()) {
          while (reader.hasMessageAvailable()) {
            note(reader.readNext(), collection.getCollectionID(), key, rows);
          }
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("The log of the source cannot be read", e);
    }
    rows.applyDeletes();
    return rows;
  }

  private static void note(
      Message<byte[]> message, long collection, String primaryKey, LoggedRows rows)
      throws InvalidProtocolBufferException {
    // Every message begins with the same head, whose kind says what the rest is.
    switch (Msg.TimeTickMsg.parseFrom(message.getData()).getBase().getMsgType()) {
      case Insert -> {
        Msg.InsertRequest insert = Msg.InsertRequest.parseFrom(message.getData());
        if (insert.getCollectionID() == collection) {
          List<Object> keys = keys(insert.getFieldsDataList(), primaryKey);
          for (int i = 0; i < keys.size(); i++) {
            rows.insert(keys.get(i), insert.getPartitionID(), insert.getTimestamps(i));
          }
        }
      }
      case Delete -> {
        Msg.DeleteRequest delete = Msg.DeleteRequest.parseFrom(message.getData());
        if (delete.getCollectionID() == collection) {
          List<Object> keys = new ArrayList<>(delete.getPrimaryKeys().getIntId().getDataList());
          keys.addAll(delete.getPrimaryKeys().getStrId().getDataList());
          for (int i = 0; i < keys.size(); i++) {
            rows.delete(keys.get(i), delete.getPartitionID(), delete.getTimestamps(i));
          }
        }
      }
      default -> {
        // Neither rows nor keys.
      }
    }
  }

  private static List<Object> keys(List<FieldData> columns, String primaryKey) {
    List<Object> keys = new ArrayList<>();
    for (FieldData column : columns) {
      if (column.getFieldName().equals(primaryKey)) {
        keys.addAll(column.getScalars().getLongData().getDataList());
        keys.addAll(column.getScalars().getStringData().getDataList());
      }
    }
    return keys;
  }
}
