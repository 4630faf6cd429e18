package io.milvus.cdc.target;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnsafeByteOperations;
import com.google.protobuf.WireFormat;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.VectorField;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A column of an insert message. Its values stay encoded where that is enough: columns are joined
 * by putting the encoded values of one behind those of the other, and nobody here wants to know
 * them. Whatever is written in another way than Milvus' servers do (2.3 to 2.5), or is of a kind
 * that has to be looked at, is read in whole.
 */
final class Column {

  /** Of the field {@code data} in every message of values, from {@code BoolArray} on. */
  static final int DATA = LongArray.DATA_FIELD_NUMBER;

  /** Below it a copy costs less than to remember where the bytes are. */
  private static final int COPIED_BYTES = 4 << 10;

  /** More than two tags, two lengths and a dimension take. */
  private static final int MOST_HEADER_BYTES = 64;

  private final Shape shape;

  /** What holds its values, if they stayed encoded: all of a message. */
  private final ByteString all;

  private final int start;
  private final int size;

  /** How many values there are, or numbers in all vectors, or bytes. */
  private final int count;

  /** All of it, if it was read in whole. */
  private final FieldData whole;

  /** How values follow each other. */
  enum Layout {
    /** Not known: the column was read in whole. */
    WHOLE(false),
    /** Whole numbers of 1 to 10 bytes. */
    VARINTS(true),
    FOUR_BYTES(true),
    EIGHT_BYTES(true),
    /** Each with a tag and a length before it. */
    ENTRIES(false),
    /** As entries, and Unicode. */
    TEXTS(false),
    /** As many bytes as the dimension says, and no message around them. */
    BYTES(false);

    private final boolean isPacked;

    Layout(boolean isPacked) {
      this.isPacked = isPacked;
    }

    /** Whether there is one tag and one length before all of them. */
    boolean isPacked() {
      return isPacked;
    }
  }

  /**
   * All but the values.
   *
   * @param outer number of the field of {@link FieldData} that the values are in
   * @param inner number of the field of {@link ScalarField} or {@link VectorField}
   * @param dimension of vectors
   */
  record Shape(
      String name,
      int type,
      long id,
      boolean isDynamic,
      int outer,
      int inner,
      Layout layout,
      long dimension) {

    boolean isLike(Shape other) {
      return layout != Layout.WHOLE
          && outer == other.outer
          && inner == other.inner
          && layout == other.layout
          && dimension == other.dimension;
    }

    boolean areLongs() {
      return outer == FieldData.SCALARS_FIELD_NUMBER && inner == ScalarField.LONG_DATA_FIELD_NUMBER;
    }

    long countOf(int rows) {
      if (outer == FieldData.SCALARS_FIELD_NUMBER) {
        return rows;
      }
      return switch (inner) {
        case VectorField.BINARY_VECTOR_FIELD_NUMBER -> rows * dimension / Byte.SIZE;
        case VectorField.FLOAT16_VECTOR_FIELD_NUMBER, VectorField.BFLOAT16_VECTOR_FIELD_NUMBER ->
            rows * dimension * Short.BYTES;
        default -> rows * dimension;
      };
    }
  }

  private Column(Shape shape, ByteString all, int start, int size, int count, FieldData whole) {
    this.shape = shape;
    this.all = all;
    this.start = start;
    this.size = size;
    this.count = count;
    this.whole = whole;
  }

  /** One whose values stay encoded, at a place in a message. */
  Column(Shape shape, ByteString all, int start, int size, int count) {
    this(shape, all, start, size, count, FieldData.getDefaultInstance());
  }

  /** One that was read already. */
  static Column of(FieldData whole) {
    Shape shape =
        new Shape(
            whole.getFieldName(),
            whole.getTypeValue(),
            whole.getFieldId(),
            whole.getIsDynamic(),
            0,
            0,
            Layout.WHOLE,
            0);
    return new Column(shape, ByteString.EMPTY, 0, 0, 0, whole);
  }

  /** Of the field. */
  String name() {
    return shape.name();
  }

  /** Whether some rows may have no value, which each row says for itself. */
  boolean hasNulls() {
    return whole.getValidDataCount() > 0;
  }

  /**
   * Whether it can be joined with others: not when it holds something that this release does not
   * know, or another number of values than there are rows.
   *
   * @param rows how many the message says that it has
   */
  boolean isJoinable(int rows) {
    if (isEncoded()) {
      return count == shape.countOf(rows);
    }
    return whole.getUnknownFields().asMap().isEmpty()
        && whole.getScalars().getUnknownFields().asMap().isEmpty()
        && whole.getVectors().getUnknownFields().asMap().isEmpty();
  }

  /** With everything read. */
  FieldData inWhole() {
    if (!isEncoded()) {
      return whole;
    }
    try {
      return FieldData.parseFrom(toCall().toByteString());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("what was read before cannot be read", e);
    }
  }

  /**
   * As it goes into a call: what is written to the wire is that of {@link #inWhole}, but the values
   * are among the fields that the object does not know.
   */
  FieldData toCall() {
    return isEncoded() ? toCall(data()) : whole;
  }

  private boolean isEncoded() {
    return shape.layout() != Layout.WHOLE;
  }

  private ByteString data() {
    return all.substring(start, start + size);
  }

  private FieldData toCall(ByteString data) {
    ByteString header = header(shape, data.size());
    return FieldData.newBuilder()
        .setFieldName(shape.name())
        .setTypeValue(shape.type())
        .setFieldId(shape.id())
        .setIsDynamic(shape.isDynamic())
        .setUnknownFields(
            UnknownFieldSet.newBuilder()
                .addField(
                    shape.outer(),
                    UnknownFieldSet.Field.newBuilder()
                        .addLengthDelimited(header.concat(data))
                        .build())
                .build())
        .build();
  }

  /** What comes before the data in an encoded {@link ScalarField} or {@link VectorField}. */
  private static ByteString header(Shape like, int size) {
    boolean isPacked = like.layout().isPacked();
    int packedHeader =
        isPacked
            ? CodedOutputStream.computeTagSize(DATA)
                + CodedOutputStream.computeUInt32SizeNoTag(size)
            : 0;
    byte[] bytes = new byte[MOST_HEADER_BYTES];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    try {
      if (like.dimension() != 0) {
        out.writeInt64(VectorField.DIM_FIELD_NUMBER, like.dimension());
      }
      out.writeTag(like.inner(), WireFormat.WIRETYPE_LENGTH_DELIMITED);
      out.writeUInt32NoTag(packedHeader + size);
      if (isPacked) {
        out.writeTag(DATA, WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeUInt32NoTag(size);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return ByteString.copyFrom(bytes, 0, out.getTotalBytesWritten());
  }

  /** The keys, of a column of keys. */
  List<?> keys() {
    try {
      if (isEncoded() && shape.areLongs()) {
        return longs();
      } else if (shape.layout() == Layout.TEXTS) {
        return texts();
      }
    } catch (IOException e) {
      throw new IllegalStateException("what was read before cannot be read", e);
    }
    ScalarField scalars = inWhole().getScalars();
    return scalars.hasLongData()
        ? scalars.getLongData().getDataList()
        : scalars.getStringData().getDataList();
  }

  private List<Long> longs() throws IOException {
    List<Long> keys = new ArrayList<>(count);
    CodedInputStream in = data().newCodedInput();
    while (!in.isAtEnd()) {
      keys.add(in.readInt64());
    }
    return keys;
  }

  private List<String> texts() throws IOException {
    List<String> keys = new ArrayList<>(count);
    CodedInputStream in = data().newCodedInput();
    while (in.readTag() != 0) {
      keys.add(in.readStringRequireUtf8());
    }
    return keys;
  }

  /**
   * Joins columns of one field, each of which can be.
   *
   * @param parts at least one
   */
  static FieldData join(List<Column> parts) {
    Column first = parts.get(0);
    long size = 0;
    for (Column part : parts) {
      if (!first.shape.isLike(part.shape)) {
        return joinInWhole(parts.stream().map(Column::inWhole).toList());
      }
      size += part.size;
    }
    return first.toCall(
        size > (long) COPIED_BYTES * parts.size()
            ? ByteString.copyFrom(parts.stream().map(Column::data).toList())
            : copy(parts, Math.toIntExact(size)));
  }

  private static ByteString copy(List<Column> parts, int size) {
    byte[] data = new byte[size];
    int from = 0;
    for (Column part : parts) {
      part.all.copyTo(data, part.start, from, part.size);
      from += part.size;
    }
    return UnsafeByteOperations.unsafeWrap(data);
  }

  /**
   * A message that is read from several encodings, one behind the other, has their repeated fields
   * appended, which is all there is to it but for vectors that are kept as one run of bytes.
   */
  private static FieldData joinInWhole(List<FieldData> parts) {
    FieldData.Builder joined = FieldData.newBuilder();
    try {
      joined.mergeFrom(ByteString.copyFrom(parts.stream().map(FieldData::toByteString).toList()));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("what was encoded just now cannot be read", e);
    }
    if (joined.hasVectors()) {
      VectorField.Builder vectors = joined.getVectorsBuilder();
      switch (vectors.getDataCase()) {
        case BINARY_VECTOR ->
            vectors.setBinaryVector(concatenate(parts, VectorField::getBinaryVector));
        case FLOAT16_VECTOR ->
            vectors.setFloat16Vector(concatenate(parts, VectorField::getFloat16Vector));
        case BFLOAT16_VECTOR ->
            vectors.setBfloat16Vector(concatenate(parts, VectorField::getBfloat16Vector));
        case SPARSE_FLOAT_VECTOR -> {
          long widest = 0;
          for (FieldData part : parts) {
            widest = Math.max(widest, part.getVectors().getSparseFloatVector().getDim());
          }
          vectors.getSparseFloatVectorBuilder().setDim(widest);
          vectors.setDim(widest);
        }
        case FLOAT_VECTOR, DATA_NOT_SET -> {}
      }
    }
    return joined.build();
  }

  /** Reads the bytes of a vector column. */
  @FunctionalInterface
  private interface VectorBytes {
    ByteString of(VectorField vectors);
  }

  private static ByteString concatenate(List<FieldData> parts, VectorBytes bytes) {
    return ByteString.copyFrom(parts.stream().map(part -> bytes.of(part.getVectors())).toList());
  }

  /** Reads bytes without copying parts of them: they never change. */
  static CodedInputStream input(ByteString bytes) {
    CodedInputStream in = bytes.newCodedInput();
    in.enableAliasing(true);
    return in;
  }

  /** The tag of a field that is a message, a text or bytes. */
  static int message(int field) {
    return field << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
  }

  /** The tag of a field that is a whole number. */
  static int varint(int field) {
    return field << 3 | WireFormat.WIRETYPE_VARINT;
  }
}
