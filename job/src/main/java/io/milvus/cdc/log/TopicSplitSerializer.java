package io.milvus.cdc.log;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Optional;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** The form of a {@link TopicSplit} in checkpoints and on its way to a reader. */
final class TopicSplitSerializer implements SimpleVersionedSerializer<TopicSplit> {

  /**
   * Layout 1: name (UTF), whether there is a position (boolean) and, if so, ledger, entry (long),
   * batch index (int), inclusive (boolean).
   */
  static final int VERSION = 1;

  @Override
  public int getVersion() {
    return VERSION;
  }

  @Override
  public byte[] serialize(TopicSplit split) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(64);
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeUTF(split.pchannel());
    out.writeBoolean(split.position().isPresent());
    if (split.position().isPresent()) {
      Position position = split.position().get();
      out.writeLong(position.ledgerId());
      out.writeLong(position.entryId());
      out.writeInt(position.batchIndex());
      out.writeBoolean(split.inclusive());
    }
    return bytes.toByteArray();
  }

  @Override
  public TopicSplit deserialize(int version, byte[] serialized) throws IOException {
    if (version != VERSION) {
      throw new IOException(
          "A topic's position has layout version "
              + version
              + ", this release reads only "
              + VERSION
              + ": restore with the release that wrote the savepoint, or a newer one");
    }
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(serialized));
    String pchannel = in.readUTF();
    Optional<Position> position = Optional.empty();
    boolean inclusive = false;
    if (in.readBoolean()) {
      position = Optional.of(new Position(in.readLong(), in.readLong(), in.readInt()));
      inclusive = in.readBoolean();
    }
    if (in.available() != 0) {
      throw new IOException("A topic's position has " + in.available() + " bytes too many");
    }
    return new TopicSplit(pchannel, position, inclusive);
  }
}
