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
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Texts that one message of the log after the other names: channels, partitions, fields. One that
 * was read lately is not made anew: whoever reads it gets the same object, whose hash is known.
 *
 * <p>For every thread. Only short texts of ASCII are remembered, a limited number of them.
 */
public final class RepeatedTexts {

  private static final int PLACES = 1 << 12;
  private static final int LONGEST = 128;

  /** The end of a text says enough of where it is to be found: ids and shards are there. */
  private static final int HASHED = 16;

  /** Each at the place that its end says; a newer one takes the place of an older one. */
  private static final AtomicReferenceArray<Known> KNOWN = new AtomicReferenceArray<>(PLACES);

  private static final ThreadLocal<Buffer> BUFFER = ThreadLocal.withInitial(Buffer::new);

  private static final class Known {
    final byte[] ascii;
    final String text;

    Known(byte[] ascii, String text) {
      this.ascii = ascii;
      this.text = text;
    }
  }

  private static final class Buffer {
    final byte[] bytes = new byte[LONGEST];
    final ByteString view = UnsafeByteOperations.unsafeWrap(bytes);
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
    String known = known(all, start, length);
    if (known != null) {
      return known;
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
    Buffer buffer = BUFFER.get();
    in.readFully(buffer.bytes, 0, length);
    String known = known(buffer.view, 0, length);
    if (known != null) {
      return known;
    }
    byte[] utf8 = Arrays.copyOf(buffer.bytes, length);
    return remembered(UnsafeByteOperations.unsafeWrap(utf8), modifiedUtf8(utf8));
  }

  /** Writes what {@link DataOutput#writeUTF} would. */
  static void write(String text, DataOutput out) throws IOException {
    Known known = KNOWN.getAcquire(place(text));
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
  private static String known(ByteString bytes, int start, int length) {
    if (length > LONGEST) {
      return null;
    }
    Known known = KNOWN.getAcquire(place(bytes, start, length));
    if (known == null || known.ascii.length != length) {
      return null;
    }
    for (int i = length - 1; i >= 0; i--) {
      if (known.ascii[i] != bytes.byteAt(start + i)) {
        return null;
      }
    }
    return known.text;
  }

  private static String remembered(ByteString utf8, String text) {
    if (utf8.size() <= LONGEST && isAscii(utf8)) {
      KNOWN.setRelease(place(text), new Known(utf8.toByteArray(), text));
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

  private static int place(ByteString bytes, int start, int length) {
    int hash = length;
    for (int i = Math.max(0, length - HASHED); i < length; i++) {
      hash = 31 * hash + bytes.byteAt(start + i);
    }
    return place(hash);
  }

  private static int place(String text) {
    int length = text.length();
    int hash = length;
    for (int i = Math.max(0, length - HASHED); i < length; i++) {
      hash = 31 * hash + text.charAt(i);
    }
    return place(hash);
  }

  private static int place(int hash) {
    return (hash ^ hash >>> 16) & PLACES - 1;
  }
}
