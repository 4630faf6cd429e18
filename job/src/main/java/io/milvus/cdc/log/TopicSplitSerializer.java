package io.milvus.cdc.log;

import io.milvus.cdc.task.Position;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** The form of a {@link TopicSplit} in checkpoints and on its way to a reader. */
final class TopicSplitSerializer implements SimpleVersionedSerializer<TopicSplit> {

  /**
   * Layout 1: name (UTF), whether there is a position (boolean) and, if so, ledger, entry (long),
   * batch index (int), inclusive (boolean).
   *
   * <p>Layout 2 adds what is read once more: whether there is an end (boolean) and, if so, its
   * position; the number of collections (int) and for each its id (long), its stop's id (UTF), from
   * where (position), not before (long); the number of stops that are done (int), their ids (UTF).
   */
  static final int VERSION = 2;

  private static final int WITHOUT_REVISIT = 1;

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
      write(split.position().get(), out);
      out.writeBoolean(split.inclusive());
    }
    Revisit revisit = split.revisit();
    out.writeBoolean(revisit.until().isPresent());
    if (revisit.until().isPresent()) {
      write(revisit.until().get(), out);
    }
    out.writeInt(revisit.collections().size());
    for (Revisit.Again again : revisit.collections()) {
      out.writeLong(again.collectionId());
      out.writeUTF(again.stopId());
      write(again.from(), out);
      out.writeLong(again.notBefore());
    }
    out.writeInt(revisit.done().size());
    for (String stopId : revisit.done()) {
      out.writeUTF(stopId);
    }
    return bytes.toByteArray();
  }

  @Override
  public TopicSplit deserialize(int version, byte[] serialized) throws IOException {
    if (version != VERSION && version != WITHOUT_REVISIT) {
      throw new IOException(
          "A topic's position has layout version "
              + version
              + ", this release reads layouts up to "
              + VERSION
              + ": restore with the release that wrote the savepoint, or a newer one");
    }
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(serialized));
    String pchannel = in.readUTF();
    Optional<Position> position = Optional.empty();
    boolean inclusive = false;
    if (in.readBoolean()) {
      position = Optional.of(readPosition(in));
      inclusive = in.readBoolean();
    }
    Revisit revisit = version == WITHOUT_REVISIT ? Revisit.NONE : readRevisit(in);
    if (in.available() != 0) {
      throw new IOException("A topic's position has " + in.available() + " bytes too many");
    }
    return new TopicSplit(pchannel, position, inclusive, revisit);
  }

  private static Revisit readRevisit(DataInputStream in) throws IOException {
    Optional<Position> until = Optional.empty();
    if (in.readBoolean()) {
      until = Optional.of(readPosition(in));
    }
    List<Revisit.Again> collections = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      collections.add(
          new Revisit.Again(in.readLong(), in.readUTF(), readPosition(in), in.readLong()));
    }
    Set<String> done = new HashSet<>();
    for (int left = in.readInt(); left > 0; left--) {
      done.add(in.readUTF());
    }
    return new Revisit(until, collections, done);
  }

  private static void write(Position position, DataOutputStream out) throws IOException {
    out.writeLong(position.ledgerId());
    out.writeLong(position.entryId());
    out.writeInt(position.batchIndex());
  }

  private static Position readPosition(DataInputStream in) throws IOException {
    return new Position(in.readLong(), in.readLong(), in.readInt());
  }
}
