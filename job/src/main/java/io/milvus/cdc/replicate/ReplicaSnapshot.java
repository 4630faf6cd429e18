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
import java.util.List;

/**
 * What one collection has waiting at a checkpoint.
 *
 * @param collectionId the collection
 * @param closedTopics physical channels on which its drop has been read
 * @param waiting its messages that no tick has released yet, in the order of their release
 */
record ReplicaSnapshot(long collectionId, List<String> closedTopics, List<LogMessage> waiting) {

  /**
   * The layout written by this release: it holds messages in {@link SourceEventCodec} version 1.
   */
  private static final int VERSION = 1;

  /** The binary form, which opens with the version of its layout. */
  byte[] toBytes() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
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
    return bytes.toByteArray();
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws IOException when the layout is of another version
   */
  static ReplicaSnapshot fromBytes(byte[] bytes) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
    int version = in.readInt();
    if (version != VERSION) {
      throw new IOException(
          "the savepoint holds waiting messages in layout "
              + version
              + ", this release reads layout "
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
    return new ReplicaSnapshot(collectionId, closedTopics, waiting);
  }
}
