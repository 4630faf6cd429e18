package io.milvus.cdc.event;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import java.io.ByteArrayInputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.DataOutput;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Texts that one message of the log after the other names: channels, partitions, fields. One that
 * was read lately is not made anew: whoever reads it gets the same object, whose hash is known.
 *
 * <p>For every thread. Only short texts of ASCII are remembered, a limited number of them.
 */
public final class RepeatedTexts {

  private static final int PLACE_BITS = 12;
  private static final int PLACES = 1 << PLACE_BITS;
  private static final int LONGEST = 128;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Of the golden ratio, as usual: its product's upper bits depend on all bits. */
  private static final long SPREAD = 0x9E3779B97F4A7C15L;

  /** Each at the place that its end says; a newer one takes the place of an older one. */
  private static final AtomicReferenceArray<Known> BY_BYTES = new AtomicReferenceArray<>(PLACES);

  /** The same, each at the place that its hash code says; others may have taken it there. */
  private static final AtomicReferenceArray<Known> BY_TEXT = new AtomicReferenceArray<>(PLACES);

  private static final ThreadLocal<byte[]> BUFFER =
      ThreadLocal.withInitial(() -> new byte[LONGEST]);

  private static final class Known {
    final byte[] ascii;
    final String text;

    Known(byte[] ascii, String text) {
      this.ascii = ascii;
      this.text = text;
    }
  }

  private RepeatedTexts() {}

  /**
   * Reads a text of a Protobuf message, where its length begins.
   *
   * @param in reads the message
   * @param all what it reads from
   * @throws InvalidProtocolBufferException when it is cut off or no UTF-8
   */
  public static String read(CodedInputStream in, ByteString all) throws IOException {
    int length = in.readRawVarint32();
    int start = in.getTotalBytesRead();
    in.skipRawBytes(length);
    if (length <= LONGEST) {
      byte[] buffer = BUFFER.get();
      all.copyTo(buffer, start, 0, length);
      String known = known(buffer, length);
      if (known != null) {
        return known;
      }
    }
    ByteString utf8 = all.substring(start, start + length);
    if (!utf8.isValidUtf8()) {
      throw new InvalidProtocolBufferException("a text is not UTF-8");
    }
    return remembered(utf8, utf8.toStringUtf8());
  }

  /** Reads what {@link DataOutput#writeUTF} wrote. */
  static String read(DataInput in) throws IOException {
    int length = in.readUnsignedShort();
    if (length > LONGEST) {
      byte[] utf8 = new byte[length];
      in.readFully(utf8);
      return modifiedUtf8(utf8);
    }
    byte[] buffer = BUFFER.get();
    in.readFully(buffer, 0, length);
    String known = known(buffer, length);
    if (known != null) {
      return known;
    }
    byte[] utf8 = Arrays.copyOf(buffer, length);
    return remembered(UnsafeByteOperations.unsafeWrap(utf8), modifiedUtf8(utf8));
  }

  /** Writes what {@link DataOutput#writeUTF} would. */
  static void write(String text, DataOutput out) throws IOException {
    Known known = BY_TEXT.getAcquire(place(text));
    if (known != null && known.text.equals(text)) {
      out.writeShort(known.ascii.length);
      out.write(known.ascii);
    } else {
      out.writeUTF(text);
    }
  }

  private static String modifiedUtf8(byte[] bytes) throws IOException {
    byte[] withLength =
        ByteBuffer.allocate(Short.BYTES + bytes.length)
            .putShort((short) bytes.length)
            .put(bytes)
            .array();
    return new DataInputStream(new ByteArrayInputStream(withLength)).readUTF();
  }

  /** Null when it is not known: no object is made for what is asked for each message. */
  private static String known(byte[] bytes, int length) {
    Known known = BY_BYTES.getAcquire(place(bytes, length));
    return known != null && Arrays.equals(known.ascii, 0, known.ascii.length, bytes, 0, length)
        ? known.text
        : null;
  }

  private static String remembered(ByteString utf8, String text) {
    if (utf8.size() <= LONGEST && isAscii(utf8)) {
      Known known = new Known(utf8.toByteArray(), text);
      BY_BYTES.setRelease(place(known.ascii, known.ascii.length), known);
      BY_TEXT.setRelease(place(text), known);
    }
    return text;
  }

  /** All encodings agree on it, but for the character 0. */
  private static boolean isAscii(ByteString utf8) {
    for (int i = 0; i < utf8.size(); i++) {
      if (utf8.byteAt(i) <= 0) {
        return false;
      }
    }
    return true;
  }

  /** The end of a text says enough: ids and shards are there. */
  private static int place(byte[] bytes, int length) {
    long hash = length;
    if (length >= 2 * Long.BYTES) {
      hash = hash * SPREAD + (long) LONGS.get(bytes, length - 2 * Long.BYTES);
      hash = hash * SPREAD + (long) LONGS.get(bytes, length - Long.BYTES);
    } else {
      for (int i = 0; i < length; i++) {
        hash = 31 * hash + bytes[i];
      }
    }
    return place(hash);
  }

  private static int place(String text) {
    return place(text.hashCode());
  }

  private static int place(long hash) {
    return (int) ((hash * SPREAD) >>> (Long.SIZE - PLACE_BITS));
  }
}
