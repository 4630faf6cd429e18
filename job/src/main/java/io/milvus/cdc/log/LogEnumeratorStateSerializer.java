package io.milvus.cdc.log;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** The form of a {@link LogEnumeratorState} in checkpoints. */
final class LogEnumeratorStateSerializer implements SimpleVersionedSerializer<LogEnumeratorState> {

  /**
   * Layout 1: number of assigned topics (int) and their names (UTF); version of the splits' layout
   * (int), number of pending splits (int) and each one's length (int) and bytes.
   */
  static final int VERSION = 1;

  private final TopicSplitSerializer splitSerializer = new TopicSplitSerializer();

  @Override
  public int getVersion() {
    return VERSION;
  }

  @Override
  public byte[] serialize(LogEnumeratorState state) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(state.assigned().size());
    for (String pchannel : state.assigned()) {
      out.writeUTF(pchannel);
    }
    out.writeInt(splitSerializer.getVersion());
    out.writeInt(state.pending().size());
    for (TopicSplit split : state.pending()) {
      byte[] serialized = splitSerializer.serialize(split);
      out.writeInt(serialized.length);
      out.write(serialized);
    }
    return bytes.toByteArray();
  }

  @Override
  public LogEnumeratorState deserialize(int version, byte[] serialized) throws IOException {
    if (version != VERSION) {
      throw new IOException(
          "The list of topics has layout version "
              + version
              + ", this release reads only "
              + VERSION
              + ": restore with the release that wrote the savepoint, or a newer one");
    }
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(serialized));
    int assignedCount = in.readInt();
    Set<String> assigned = new HashSet<>();
    for (int i = 0; i < assignedCount; i++) {
      assigned.add(in.readUTF());
    }
    int splitVersion = in.readInt();
    int pendingCount = in.readInt();
    List<TopicSplit> pending = new ArrayList<>();
    for (int i = 0; i < pendingCount; i++) {
      byte[] split = new byte[in.readInt()];
      in.readFully(split);
      pending.add(splitSerializer.deserialize(splitVersion, split));
    }
    if (in.available() != 0) {
      throw new IOException("The list of topics has " + in.available() + " bytes too many");
    }
    return new LogEnumeratorState(assigned, pending);
  }
}
