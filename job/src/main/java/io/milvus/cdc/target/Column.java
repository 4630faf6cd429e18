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
import java.util.Optional;

/**
 * A column of an insert message. Its values stay encoded where that is enough: columns are joined
 * by putting the encoded values of one behind those of the other, and nobody here wants to know
 * them. Whatever is written in another way than Milvus' servers do (2.3 to 2.5), or is of a kind
 * that has to be looked at, is read in whole.
 */
final class Column {

  /** Of the field {@code data} in every message of values, from {@code BoolArray} on. */
  private static final int DATA = LongArray.DATA_FIELD_NUMBER;

  /** Below it a copy costs less than to remember where the bytes are. */
  private static final int COPIED_BYTES = 4 << 10;

  /** More than two tags, two lengths and a dimension take. */
  private static final int MOST_HEADER_BYTES = 64;

  private final Head head;

  /** Its values, unless it was read in whole. */
  private final Optional<Values> values;

  /** All of it, if it was read in whole. */
  private final FieldData whole;

  /** Everything but the values. */
  private record Head(String name, int type, long id, boolean isDynamic) {}

  /** How values follow each other. */
  private enum Layout {
    /** Whole numbers of 1 to 10 bytes, of which the last has its highest bit not set. */
    VARINTS(true),
    FOUR_BYTES(true),
    EIGHT_BYTES(true),
    /** Each with a tag and a length before it. */
    ENTRIES(false),
    /** As entries, and Unicode. */
    TEXTS(false),
    /** As many bytes as the dimension says, and no message around them. */
    BYTES(false);

    /** Whether there is one tag and one length before all of them. */
    private final boolean isPacked;

    Layout(boolean isPacked) {
      this.isPacked = isPacked;
    }
  }

  /**
   * Values in their encoded form.
   *
   * @param outer number of the field of {@link FieldData} that they are in
   * @param inner number of the field of {@link ScalarField} or {@link VectorField}
   * @param dimension of vectors
   * @param count how many there are, or numbers in all vectors, or bytes
   */
  private record Values(
      int outer, int inner, Layout layout, long dimension, ByteString data, int count) {

    boolean isLike(Values other) {
      return outer == other.outer
          && inner == other.inner
          && layout == other.layout
          && dimension == other.dimension;
    }

    boolean areLongs() {
      return outer == FieldData.SCALARS_FIELD_NUMBER && inner == ScalarField.LONG_DATA_FIELD_NUMBER;
    }

    boolean areTexts() {
      return layout == Layout.TEXTS;
    }

    boolean areOf(int rows) {
      if (outer == FieldData.SCALARS_FIELD_NUMBER) {
        return count == rows;
      }
      return count
          == switch (inner) {
            case VectorField.BINARY_VECTOR_FIELD_NUMBER -> rows * dimension / Byte.SIZE;
            case VectorField.FLOAT16_VECTOR_FIELD_NUMBER,
                VectorField.BFLOAT16_VECTOR_FIELD_NUMBER ->
                rows * dimension * Short.BYTES;
            default -> rows * dimension;
          };
    }
  }

  private Column(Head head, Optional<Values> values, FieldData whole) {
    this.head = head;
    this.values = values;
    this.whole = whole;
  }

  /** One that was read already. */
  static Column of(FieldData whole) {
    Head head =
        new Head(
            whole.getFieldName(), whole.getTypeValue(), whole.getFieldId(), whole.getIsDynamic());
    return new Column(head, Optional.empty(), whole);
  }

  /**
   * Reads a column.
   *
   * @param in has its limit where the column ends
   * @param all what the stream reads from
   * @throws InvalidProtocolBufferException when it is none
   */
  static Column read(CodedInputStream in, ByteString all) throws IOException {
    int start = in.getTotalBytesRead();
    String name = "";
    int type = 0;
    long id = 0;
    boolean isDynamic = false;
    Optional<Values> values = Optional.empty();
    boolean isUsual = true;
    while (isUsual && !in.isAtEnd()) {
      int tag = in.readTag();
      int field = WireFormat.getTagFieldNumber(tag);
      if (tag == varint(FieldData.TYPE_FIELD_NUMBER)) {
        type = in.readEnum();
      } else if (tag == message(FieldData.FIELD_NAME_FIELD_NUMBER)) {
        name = in.readStringRequireUtf8();
      } else if (tag == varint(FieldData.FIELD_ID_FIELD_NUMBER)) {
        id = in.readInt64();
      } else if (tag == varint(FieldData.IS_DYNAMIC_FIELD_NUMBER)) {
        isDynamic = in.readBool();
      } else if (values.isEmpty()
          && (tag == message(FieldData.SCALARS_FIELD_NUMBER)
              || tag == message(FieldData.VECTORS_FIELD_NUMBER))) {
        int limit = in.pushLimit(in.readRawVarint32());
        values = values(field, in, all);
        isUsual = values.isPresent();
        skipToLimit(in);
        in.popLimit(limit);
      } else {
        isUsual = false;
      }
    }
    if (isUsual && values.isPresent()) {
      return new Column(
          new Head(name, type, id, isDynamic), values, FieldData.getDefaultInstance());
    }
    skipToLimit(in);
    return of(FieldData.parseFrom(all.substring(start, in.getTotalBytesRead())));
  }

  private static void skipToLimit(CodedInputStream in) throws IOException {
    int left = in.getBytesUntilLimit();
    if (left > 0) {
      in.skipRawBytes(left);
    }
  }

  private static Optional<Values> values(int outer, CodedInputStream in, ByteString all)
      throws IOException {
    long dimension = 0;
    int tag = in.readTag();
    if (outer == FieldData.VECTORS_FIELD_NUMBER && tag == varint(VectorField.DIM_FIELD_NUMBER)) {
      dimension = in.readInt64();
      tag = in.readTag();
    }
    int inner = WireFormat.getTagFieldNumber(tag);
    Optional<Layout> layout =
        tag == message(inner) && tag != 0 ? layout(outer, inner) : Optional.empty();
    if (layout.isEmpty()) {
      return Optional.empty();
    }
    int limit = in.pushLimit(in.readRawVarint32());
    Optional<Values> values = values(outer, inner, layout.get(), dimension, in, all);
    if (!in.isAtEnd()) {
      return Optional.empty();
    }
    in.popLimit(limit);
    return in.isAtEnd() ? values : Optional.empty();
  }

  private static Optional<Layout> layout(int outer, int inner) {
    if (outer == FieldData.SCALARS_FIELD_NUMBER) {
      return switch (inner) {
        case ScalarField.BOOL_DATA_FIELD_NUMBER,
            ScalarField.INT_DATA_FIELD_NUMBER,
            ScalarField.LONG_DATA_FIELD_NUMBER ->
            Optional.of(Layout.VARINTS);
        case ScalarField.FLOAT_DATA_FIELD_NUMBER -> Optional.of(Layout.FOUR_BYTES);
        case ScalarField.DOUBLE_DATA_FIELD_NUMBER -> Optional.of(Layout.EIGHT_BYTES);
        case ScalarField.STRING_DATA_FIELD_NUMBER -> Optional.of(Layout.TEXTS);
        case ScalarField.BYTES_DATA_FIELD_NUMBER, ScalarField.JSON_DATA_FIELD_NUMBER ->
            Optional.of(Layout.ENTRIES);
        default -> Optional.empty();
      };
    }
    return switch (inner) {
      case VectorField.FLOAT_VECTOR_FIELD_NUMBER -> Optional.of(Layout.FOUR_BYTES);
      case VectorField.BINARY_VECTOR_FIELD_NUMBER,
          VectorField.FLOAT16_VECTOR_FIELD_NUMBER,
          VectorField.BFLOAT16_VECTOR_FIELD_NUMBER ->
          Optional.of(Layout.BYTES);
      default -> Optional.empty();
    };
  }

  /** What is in the message of values; empty when it is not written as Milvus' servers do. */
  private static Optional<Values> values(
      int outer, int inner, Layout layout, long dimension, CodedInputStream in, ByteString all)
      throws IOException {
    int start = in.getTotalBytesRead();
    int count = 0;
    if (layout.isPacked) {
      if (in.readTag() != message(DATA)) {
        return Optional.empty();
      }
      int size = in.readRawVarint32();
      start = in.getTotalBytesRead();
      in.skipRawBytes(size);
    } else if (layout == Layout.BYTES) {
      skipToLimit(in);
    } else {
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag != message(DATA) || !(in.readBytes().isValidUtf8() || layout != Layout.TEXTS)) {
          return Optional.empty();
        }
        count++;
      }
    }
    ByteString data = all.substring(start, in.getTotalBytesRead());
    count =
        switch (layout) {
          case VARINTS -> varints(data);
          case FOUR_BYTES -> parts(data.size(), Float.BYTES);
          case EIGHT_BYTES -> parts(data.size(), Double.BYTES);
          case ENTRIES, TEXTS -> count;
          case BYTES -> data.size();
        };
    return count < 0
        ? Optional.empty()
        : Optional.of(new Values(outer, inner, layout, dimension, data, count));
  }

  /** How many there are; negative when the last one is cut off. */
  private static int varints(ByteString packed) {
    int count = 0;
    int size = packed.size();
    for (int i = 0; i < size; i++) {
      count += packed.byteAt(i) >= 0 ? 1 : 0;
    }
    return size > 0 && packed.byteAt(size - 1) < 0 ? -1 : count;
  }

  private static int parts(int total, int width) {
    return total % width == 0 ? total / width : -1;
  }

  /** Of the field. */
  String name() {
    return head.name();
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
    if (values.isPresent()) {
      return values.get().areOf(rows);
    }
    return whole.getUnknownFields().asMap().isEmpty()
        && whole.getScalars().getUnknownFields().asMap().isEmpty()
        && whole.getVectors().getUnknownFields().asMap().isEmpty();
  }

  /** With everything read. */
  FieldData inWhole() {
    if (values.isEmpty()) {
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
    return values.map(only -> toCall(only, only.data())).orElse(whole);
  }

  private FieldData toCall(Values like, ByteString data) {
    ByteString header = header(like, data.size());
    return FieldData.newBuilder()
        .setFieldName(head.name())
        .setTypeValue(head.type())
        .setFieldId(head.id())
        .setIsDynamic(head.isDynamic())
        .setUnknownFields(
            UnknownFieldSet.newBuilder()
                .addField(
                    like.outer(),
                    UnknownFieldSet.Field.newBuilder()
                        .addLengthDelimited(header.concat(data))
                        .build())
                .build())
        .build();
  }

  /** What comes before the data in an encoded {@link ScalarField} or {@link VectorField}. */
  private static ByteString header(Values like, int size) {
    boolean isPacked = like.layout().isPacked;
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
      if (values.filter(Values::areLongs).isPresent()) {
        return longs(values.get());
      } else if (values.filter(Values::areTexts).isPresent()) {
        return texts(values.get());
      }
    } catch (IOException e) {
      throw new IllegalStateException("what was read before cannot be read", e);
    }
    ScalarField scalars = inWhole().getScalars();
    return scalars.hasLongData()
        ? scalars.getLongData().getDataList()
        : scalars.getStringData().getDataList();
  }

  private static List<Long> longs(Values encoded) throws IOException {
    List<Long> keys = new ArrayList<>(encoded.count());
    CodedInputStream in = encoded.data().newCodedInput();
    while (!in.isAtEnd()) {
      keys.add(in.readInt64());
    }
    return keys;
  }

  private static List<String> texts(Values encoded) throws IOException {
    List<String> keys = new ArrayList<>(encoded.count());
    CodedInputStream in = encoded.data().newCodedInput();
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
    if (first.values.isEmpty()
        || !parts.stream()
            .allMatch(part -> part.values.filter(first.values.get()::isLike).isPresent())) {
      return joinInWhole(parts.stream().map(Column::inWhole).toList());
    }
    return first.toCall(
        first.values.get(),
        concatenate(parts.stream().map(part -> part.values.get().data()).toList()));
  }

  private static ByteString concatenate(List<ByteString> parts) {
    int size = parts.stream().mapToInt(ByteString::size).sum();
    if (size > (long) COPIED_BYTES * parts.size()) {
      return ByteString.copyFrom(parts);
    }
    byte[] all = new byte[size];
    int from = 0;
    for (ByteString part : parts) {
      part.copyTo(all, from);
      from += part.size();
    }
    return UnsafeByteOperations.unsafeWrap(all);
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
