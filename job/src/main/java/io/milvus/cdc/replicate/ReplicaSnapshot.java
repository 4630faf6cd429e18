package io.milvus.cdc.replicate;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.SourceEventCodec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What is known of one collection at a checkpoint beside its metadata.
 *
 * @param collectionId the collection
 * @param closedTopics physical channels on which its drop has been read
 * @param waiting its messages that no tick has released yet, in the order of their release
 * @param partitions what was last handed out for its partitions, by name
 */
record ReplicaSnapshot(
    long collectionId,
    List<String> closedTopics,
    List<LogMessage> waiting,
    Map<String, PartitionHistory.Held> partitions) {

  /**
   * The layout written by this release: it holds messages in {@link SourceEventCodec} version 1.
   */
  private static final int VERSION = 2;

  /** Had no partitions. */
  private static final int FIRST_VERSION = 1;

  /** More than the header of a message takes. */
  private static final int BESIDE_PAYLOAD = 256;

  ReplicaSnapshot {
    closedTopics = List.copyOf(closedTopics);
    waiting = List.copyOf(waiting);
    partitions = Map.copyOf(partitions);
  }

  boolean isEmpty() {
    return closedTopics.isEmpty() && waiting.isEmpty() && partitions.isEmpty();
  }

  /** The binary form, which opens with the version of its layout. */
  byte[] toBytes() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(sizeOfMessages());
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(VERSION);
    out.writeLong(collectionId);
    out.writeInt(closedTopics.size());
    for (String topic : closedTopics) {
      out.writeUTF(topic);
    }
    out.writeInt(waiting.size());
    for (LogMessage message : waiting) {
      SourceEventCodec.write(message, out);
    }
    out.writeInt(partitions.size());
    for (Map.Entry<String, PartitionHistory.Held> partition : partitions.entrySet()) {
      out.writeUTF(partition.getKey());
      out.writeLong(partition.getValue().id());
      out.writeBoolean(partition.getValue().dropped());
      out.writeLong(partition.getValue().since());
    }
    return bytes.toByteArray();
  }

  /** Nearly all of it, when messages wait. */
  private int sizeOfMessages() {
    int size = BESIDE_PAYLOAD;
    for (LogMessage message : waiting) {
      size += message.payload().size() + BESIDE_PAYLOAD;
    }
    return size;
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws IOException when the layout is of another version
   */
  static ReplicaSnapshot fromBytes(byte[] bytes) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
    int version = in.readInt();
    if (version < FIRST_VERSION || version > VERSION) {
      throw new IOException(
          "the savepoint holds waiting messages in layout "
              + version
              + ", this release reads layouts up to "
              + VERSION
              + ": resume it with the release that wrote it, or a newer one");
    }
    long collectionId = in.readLong();
    List<String> closedTopics = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      closedTopics.add(in.readUTF());
    }
    List<LogMessage> waiting = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      SourceEvent event = SourceEventCodec.read(in);
      if (!(event instanceof LogMessage message)) {
        throw new IOException("not a log message: " + event.getClass().getSimpleName());
      }
      waiting.add(message);
    }
    Map<String, PartitionHistory.Held> partitions = new HashMap<>();
    int count = version == FIRST_VERSION ? 0 : in.readInt();
    for (int left = count; left > 0; left--) {
      partitions.put(
          in.readUTF(), new PartitionHistory.Held(in.readLong(), in.readBoolean(), in.readLong()));
    }
    return new ReplicaSnapshot(collectionId, closedTopics, waiting, partitions);
  }
}
