package io.milvus.cdc.compare;

import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.MsgType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import milvus.proto.msg.Msg;
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
    read(
        collection.getPhysicalChannelNamesList(),
        (kind, payload) -> note(kind, payload, collection.getCollectionID(), key, rows));
    rows.applyDeletes();
    return rows;
  }

  /**
   * The ids of all partitions of whose drop the log tells.
   *
   * @param channels the physical channels that may do so
   * @throws IllegalStateException when they cannot be read
   */
  public Set<Long> droppedPartitions(Collection<String> channels) {
    Set<Long> dropped = new HashSet<>();
    read(
        channels,
        (kind, payload) -> {
          if (kind == MsgType.DropPartition) {
            dropped.add(Msg.DropPartitionRequest.parseFrom(payload).getPartitionID());
          }
        });
    return dropped;
  }

  /** Is told of a message. */
  @FunctionalInterface
  private interface Consumer {
    void accept(MsgType kind, byte[] payload) throws InvalidProtocolBufferException;
  }

  private void read(Collection<String> channels, Consumer consumer) {
    try (PulsarClient client = PulsarClient.builder().serviceUrl(serviceUrl).build()) {
      for (String channel : channels) {
        try (Reader<byte[]> reader =
            client
                .newReader()
                .topic("persistent://public/default/" + channel)
                .startMessageId(MessageId.earliest)
                .create()) {
          while (reader.hasMessageAvailable()) {
            byte[] payload = reader.readNext().getData();
            // Every message begins with the same head, whose kind says what the rest is.
            consumer.accept(Msg.TimeTickMsg.parseFrom(payload).getBase().getMsgType(), payload);
          }
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("The log of the source cannot be read", e);
    }
  }

  private static void note(
      MsgType kind, byte[] payload, long collection, String primaryKey, LoggedRows rows)
      throws InvalidProtocolBufferException {
    if (kind == MsgType.Insert) {
      Msg.InsertRequest insert = Msg.InsertRequest.parseFrom(payload);
      if (insert.getCollectionID() == collection) {
        List<Object> keys = keys(insert.getFieldsDataList(), primaryKey);
        for (int i = 0; i < keys.size(); i++) {
          rows.insert(keys.get(i), insert.getPartitionID(), insert.getTimestamps(i));
        }
      }
    } else if (kind == MsgType.Delete) {
      Msg.DeleteRequest delete = Msg.DeleteRequest.parseFrom(payload);
      if (delete.getCollectionID() == collection) {
        List<Object> keys = new ArrayList<>(delete.getPrimaryKeys().getIntId().getDataList());
        keys.addAll(delete.getPrimaryKeys().getStrId().getDataList());
        for (int i = 0; i < keys.size(); i++) {
          rows.delete(keys.get(i), delete.getPartitionID(), delete.getTimestamps(i));
        }
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
