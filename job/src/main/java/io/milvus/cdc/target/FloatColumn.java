package io.milvus.cdc.target;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.WireFormat;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FloatArray;
import io.milvus.grpc.VectorField;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Columns of vectors of floats whose floats are not read: they make up nearly all of most logs, and
 * nobody here wants to know them. Such a column is a {@link FieldData} that has its vectors as
 * bytes, among the fields that it does not know; what is written to the wire is the same.
 */
final class FloatColumn {

  /** More than the dimension, two tags and two lengths take. */
  private static final int MOST_HEADER_BYTES = 32;

  private FloatColumn() {}

  /**
   * Reads a column; of another kind, or written in another way than Milvus' servers do, it is read
   * in whole.
   */
  static FieldData read(ByteString encoded) throws InvalidProtocolBufferException {
    try {
      CodedInputStream in = input(encoded);
      int before = 0;
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag == tag(FieldData.VECTORS_FIELD_NUMBER)) {
          ByteString vectors = in.readBytes();
          FieldData rest =
              FieldData.parseFrom(
                  encoded.substring(0, before).concat(encoded.substring(in.getTotalBytesRead())));
          return hasNoValues(rest) && floats(vectors).isPresent()
              ? withVectors(rest, vectors)
              : FieldData.parseFrom(encoded);
        }
        boolean unused = in.skipField(tag);
        before = in.getTotalBytesRead();
      }
      return FieldData.parseFrom(encoded);
    } catch (InvalidProtocolBufferException e) {
      throw e;
    } catch (IOException e) {
      throw new InvalidProtocolBufferException(e);
    }
  }

  /** Nor anything that this release does not know. */
  private static boolean hasNoValues(FieldData column) {
    return !column.hasVectors()
        && !column.hasScalars()
        && column.getUnknownFields().asMap().isEmpty();
  }

  private static FieldData withVectors(FieldData column, ByteString vectors) {
    return column.toBuilder()
        .setUnknownFields(
            UnknownFieldSet.newBuilder()
                .addField(
                    FieldData.VECTORS_FIELD_NUMBER,
                    UnknownFieldSet.Field.newBuilder().addLengthDelimited(vectors).build())
                .build())
        .build();
  }

  /** Whether a column is one whose floats are not read. */
  static boolean is(FieldData column) {
    return column.getUnknownFields().hasField(FieldData.VECTORS_FIELD_NUMBER);
  }

  /** The column with its floats read. */
  static FieldData inWhole(FieldData column) {
    if (!is(column)) {
      return column;
    }
    try {
      return FieldData.parseFrom(column.toByteString());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("what was read before cannot be read", e);
    }
  }

  /** Joins columns of this kind: one run of floats after the other, none of which is copied. */
  static FieldData join(List<FieldData> parts) {
    List<ByteString> runs = new ArrayList<>(parts.size());
    long dimension = 0;
    for (FieldData part : parts) {
      Floats floats = floats(vectors(part)).orElseThrow();
      dimension = floats.dimension();
      runs.add(floats.data());
    }
    ByteString all = ByteString.copyFrom(runs);
    return withVectors(parts.get(0), header(dimension, all.size()).concat(all));
  }

  /** What comes before the floats in an encoded {@link VectorField}. */
  private static ByteString header(long dimension, int size) {
    int arraySize =
        CodedOutputStream.computeTagSize(FloatArray.DATA_FIELD_NUMBER)
            + CodedOutputStream.computeUInt32SizeNoTag(size)
            + size;
    byte[] bytes = new byte[MOST_HEADER_BYTES];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    try {
      out.writeInt64(VectorField.DIM_FIELD_NUMBER, dimension);
      out.writeTag(VectorField.FLOAT_VECTOR_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
      out.writeUInt32NoTag(arraySize);
      out.writeTag(FloatArray.DATA_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
      out.writeUInt32NoTag(size);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ByteString.copyFrom(bytes, 0, out.getTotalBytesWritten());
  }

  private static ByteString vectors(FieldData column) {
    return column
        .getUnknownFields()
        .getField(FieldData.VECTORS_FIELD_NUMBER)
        .getLengthDelimitedList()
        .get(0);
  }

  /**
   * Vectors of floats.
   *
   * @param data the floats, little endian, one after the other
   */
  private record Floats(long dimension, ByteString data) {}

  /** The floats of an encoded {@link VectorField}; empty when it has anything else. */
  private static Optional<Floats> floats(ByteString vectors) {
    long dimension = 0;
    Optional<ByteString> data = Optional.empty();
    try {
      CodedInputStream in = input(vectors);
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag == varint(VectorField.DIM_FIELD_NUMBER)) {
          dimension = in.readInt64();
        } else if (tag == tag(VectorField.FLOAT_VECTOR_FIELD_NUMBER) && data.isEmpty()) {
          data = packed(in.readBytes());
          if (data.isEmpty()) {
            return Optional.empty();
          }
        } else {
          return Optional.empty();
        }
      }
    } catch (IOException e) {
      return Optional.empty();
    }
    long known = dimension;
    return data.map(floats -> new Floats(known, floats));
  }

  /** The bytes of an encoded {@link FloatArray} that is one run; empty when it is not. */
  private static Optional<ByteString> packed(ByteString array) throws IOException {
    CodedInputStream in = input(array);
    if (in.readTag() != tag(FloatArray.DATA_FIELD_NUMBER)) {
      return Optional.empty();
    }
    ByteString data = in.readBytes();
    return in.isAtEnd() && data.size() % Float.BYTES == 0 ? Optional.of(data) : Optional.empty();
  }

  /** Reads bytes without copying parts of them: they never change. */
  static CodedInputStream input(ByteString bytes) {
    CodedInputStream in = bytes.newCodedInput();
    in.enableAliasing(true);
    return in;
  }

  /** The tag of a field that is a message, a text or bytes. */
  static int tag(int field) {
    return field << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
  }

  /** The tag of a field that is a whole number. */
  static int varint(int field) {
    return field << 3 | WireFormat.WIRETYPE_VARINT;
  }
}
