package io.milvus.cdc.event;

import com.google.protobuf.ByteOutput;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The binary form of {@link SourceEvent}s, version 1: a tag byte, then the event's fields. */
public final class SourceEventCodec {

  /** Version of the layout that {@link #write} produces. */
  public static final int VERSION = 1;

  private static final int LOG_MESSAGE = 1;
  private static final int TIME_TICK = 2;
  private static final int COLLECTION_SEEN = 3;
  private static final int COLLECTION_GONE = 4;
  private static final int DATABASE_SEEN = 5;
  private static final int DATABASE_GONE = 6;
  private static final int CATALOG_PROGRESS = 7;
  private static final int REPLICATED_UNTIL = 8;
  private static final int ADDRESSED = 9;
  private static final int UNREADABLE_MESSAGE = 10;
  private static final int COLLECTION_STOPPED = 11;
  private static final int COLLECTION_OUTSIDE = 12;
  private static final int FLUSH_REQUESTED = 13;
  private static final int UNKNOWN_COLLECTION_GONE = 14;
  private static final int UNSELECTED_COLLECTION_STOPPED = 15;
  private static final int UNSELECTED_COLLECTION_OUTSIDE = 16;
  private static final int COLLECTION_LOST = 17;

  private SourceEventCodec() {}

  /** Writes one event. */
  public static void write(SourceEvent event, DataOutput out) throws IOException {
    if (event instanceof SourceEvent.LogMessage message) {
      out.writeByte(LOG_MESSAGE);
      writeHeader(message.header(), out);
      writeBytes(message.payload(), out);
    } else if (event instanceof SourceEvent.TimeTick tick) {
      out.writeByte(TIME_TICK);
      out.writeUTF(tick.pchannel());
      out.writeLong(tick.timestamp());
    } else if (event instanceof SourceEvent.CollectionSeen seen) {
      out.writeByte(COLLECTION_SEEN);
      writeBytes(seen.state().toByteString(), out);
    } else if (event instanceof SourceEvent.CollectionGone gone) {
      out.writeByte(gone.wasFollowed() ? COLLECTION_GONE : UNKNOWN_COLLECTION_GONE);
      out.writeLong(gone.collectionId());
    } else if (event instanceof SourceEvent.DatabaseSeen seen) {
      out.writeByte(DATABASE_SEEN);
      out.writeUTF(seen.name());
    } else if (event instanceof SourceEvent.DatabaseGone gone) {
      out.writeByte(DATABASE_GONE);
      out.writeUTF(gone.name());
    } else if (event instanceof SourceEvent.CatalogProgress progress) {
      out.writeByte(CATALOG_PROGRESS);
      out.writeLong(progress.epochMillis());
    } else if (event instanceof SourceEvent.ReplicatedUntil until) {
      out.writeByte(REPLICATED_UNTIL);
      out.writeLong(until.epochMillis());
    } else if (event instanceof SourceEvent.Addressed addressed) {
      out.writeByte(ADDRESSED);
      out.writeInt(addressed.receiver());
      write(addressed.event(), out);
    } else if (event instanceof SourceEvent.UnreadableMessage message) {
      out.writeByte(UNREADABLE_MESSAGE);
      out.writeUTF(message.pchannel());
      out.writeLong(message.ledgerId());
      out.writeLong(message.entryId());
      out.writeLong(message.publishedMillis());
      out.writeUTF(message.reason());
    } else if (event instanceof SourceEvent.CollectionStopped stopped) {
      out.writeByte(tag(stopped));
      out.writeLong(stopped.collectionId());
      out.writeUTF(stopped.pchannel());
      out.writeLong(stopped.ledgerId());
      out.writeLong(stopped.entryId());
      out.writeUTF(stopped.reason());
    } else if (event instanceof SourceEvent.CollectionOutside outside) {
      out.writeByte(outside.isSelected() ? COLLECTION_OUTSIDE : UNSELECTED_COLLECTION_OUTSIDE);
      out.writeLong(outside.collectionId());
      out.writeUTF(outside.reason());
    } else if (event instanceof SourceEvent.FlushRequested flush) {
      out.writeByte(FLUSH_REQUESTED);
      out.writeUTF(flush.pchannel());
      out.writeLong(flush.ledgerId());
      out.writeLong(flush.entryId());
      out.writeUTF(flush.database());
      out.writeInt(flush.collections().size());
      for (String collection : flush.collections()) {
        out.writeUTF(collection);
      }
      out.writeLong(flush.timestamp());
    }
  }

  /**
   * Reads one event.
   *
   * @throws IOException when the bytes are not an event of {@link #VERSION}
   */
  public static SourceEvent read(DataInput in) throws IOException {
    int tag = in.readByte();
    return switch (tag) {
      case LOG_MESSAGE -> new SourceEvent.LogMessage(readHeader(in), readBytes(in));
      case TIME_TICK -> new SourceEvent.TimeTick(in.readUTF(), in.readLong());
      case COLLECTION_SEEN ->
          new SourceEvent.CollectionSeen(CollectionState.parseFrom(readBytes(in)));
      case COLLECTION_GONE -> new SourceEvent.CollectionGone(in.readLong());
      case UNKNOWN_COLLECTION_GONE -> new SourceEvent.CollectionGone(in.readLong(), false);
      case DATABASE_SEEN -> new SourceEvent.DatabaseSeen(in.readUTF());
      case DATABASE_GONE -> new SourceEvent.DatabaseGone(in.readUTF());
      case CATALOG_PROGRESS -> new SourceEvent.CatalogProgress(in.readLong());
      case REPLICATED_UNTIL -> new SourceEvent.ReplicatedUntil(in.readLong());
      case ADDRESSED -> new SourceEvent.Addressed(in.readInt(), read(in));
      case UNREADABLE_MESSAGE ->
          new SourceEvent.UnreadableMessage(
              in.readUTF(), in.readLong(), in.readLong(), in.readLong(), in.readUTF());
      case COLLECTION_STOPPED, UNSELECTED_COLLECTION_STOPPED, COLLECTION_LOST ->
          readStopped(tag, in);
      case COLLECTION_OUTSIDE, UNSELECTED_COLLECTION_OUTSIDE ->
          new SourceEvent.CollectionOutside(in.readLong(), in.readUTF(), tag == COLLECTION_OUTSIDE);
      case FLUSH_REQUESTED ->
          new SourceEvent.FlushRequested(
              in.readUTF(),
              in.readLong(),
              in.readLong(),
              in.readUTF(),
              readTexts(in),
              in.readLong());
      default -> throw new IOException("not an event of version " + VERSION + ": tag " + tag);
    };
  }

  private static int tag(SourceEvent.CollectionStopped stopped) {
    if (!stopped.holdsBack()) {
      return UNSELECTED_COLLECTION_STOPPED;
    }
    return stopped.isOneMessage() == isInLog(stopped.pchannel())
        ? COLLECTION_STOPPED
        : COLLECTION_LOST;
  }

  private static SourceEvent readStopped(int tag, DataInput in) throws IOException {
    long collectionId = in.readLong();
    String pchannel = in.readUTF();
    return new SourceEvent.CollectionStopped(
        collectionId,
        pchannel,
        in.readLong(),
        in.readLong(),
        in.readUTF(),
        tag != UNSELECTED_COLLECTION_STOPPED,
        tag != COLLECTION_LOST && isInLog(pchannel));
  }

  private static boolean isInLog(String pchannel) {
    return !pchannel.equals(SourceEvent.CollectionStopped.NO_MESSAGE);
  }

  private static List<String> readTexts(DataInput in) throws IOException {
    List<String> texts = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      texts.add(in.readUTF());
    }
    return texts;
  }

  private static void writeHeader(LogMessageHeader header, DataOutput out) throws IOException {
    out.writeByte(tag(header.kind()));
    RepeatedTexts.write(header.pchannel(), out);
    out.writeLong(header.ledgerId());
    out.writeLong(header.entryId());
    out.writeLong(header.collectionId());
    RepeatedTexts.write(header.vchannel(), out);
    out.writeLong(header.timestamp());
    out.writeBoolean(header.maybeApplied());
  }

  private static LogMessageHeader readHeader(DataInput in) throws IOException {
    return new LogMessageHeader(
        kind(in.readByte()),
        RepeatedTexts.read(in),
        in.readLong(),
        in.readLong(),
        in.readLong(),
        RepeatedTexts.read(in),
        in.readLong(),
        in.readBoolean());
  }

  private static int tag(Kind kind) {
    return switch (kind) {
      case INSERT -> 1;
      case DELETE -> 2;
      case CREATE_COLLECTION -> 3;
      case DROP_COLLECTION -> 4;
      case CREATE_PARTITION -> 5;
      case DROP_PARTITION -> 6;
      case FLUSH -> 7;
    };
  }

  private static Kind kind(int tag) throws IOException {
    return switch (tag) {
      case 1 -> Kind.INSERT;
      case 2 -> Kind.DELETE;
      case 3 -> Kind.CREATE_COLLECTION;
      case 4 -> Kind.DROP_COLLECTION;
      case 5 -> Kind.CREATE_PARTITION;
      case 6 -> Kind.DROP_PARTITION;
      case 7 -> Kind.FLUSH;
      default -> throw new IOException("not a message kind of version " + VERSION + ": " + tag);
    };
  }

  /** Writes a length and the bytes themselves. */
  public static void writeBytes(ByteString bytes, DataOutput out) throws IOException {
    out.writeInt(bytes.size());
    UnsafeByteOperations.unsafeWriteTo(bytes, new UncopiedOutput(out));
  }

  /** Reads what {@link #writeBytes} wrote. */
  public static ByteString readBytes(DataInput in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return UnsafeByteOperations.unsafeWrap(bytes);
  }

  /** Hands the arrays behind a {@link ByteString} to an output as they are. */
  private static final class UncopiedOutput extends ByteOutput {

    private final DataOutput out;

    UncopiedOutput(DataOutput out) {
      this.out = out;
    }

    @Override
    public void write(byte value) throws IOException {
      out.writeByte(value);
    }

    @Override
    public void write(byte[] value, int offset, int length) throws IOException {
      out.write(value, offset, length);
    }

    @Override
    public void writeLazy(byte[] value, int offset, int length) throws IOException {
      out.write(value, offset, length);
    }

    @Override
    public void write(ByteBuffer value) throws IOException {
      byte[] bytes = new byte[value.remaining()];
      value.get(bytes);
      out.write(bytes);
    }

    @Override
    public void writeLazy(ByteBuffer value) throws IOException {
      write(value);
    }
  }
}
