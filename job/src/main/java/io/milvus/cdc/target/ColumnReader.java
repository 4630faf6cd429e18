package io.milvus.cdc.target;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.milvus.cdc.event.RepeatedTexts;
import io.milvus.cdc.target.Column.Layout;
import io.milvus.cdc.target.Column.Shape;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.VectorField;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads columns of insert messages. What is the same in all messages of a collection is kept, so
 * that little more than its values is made of a small message. For one thread.
 */
final class ColumnReader {

  /** More than a collection has fields; what comes after them is made anew each time. */
  private static final int MOST_SHAPES = 256;

  /** Of columns read before. */
  private final List<Shape> shapes = new ArrayList<>();

  /** Where the shape of the next column is, if the message is like the one before. */
  private int next;

  // Of the column that is being read.
  private String name = "";
  private int type;
  private long id;
  private boolean isDynamic;
  private int outer;
  private int inner;
  private Layout layout = Layout.WHOLE;
  private long dimension;
  private int start;
  private int size;
  private int count;

  /**
   * Reads a column.
   *
   * @param in has its limit where the column ends
   * @param all what the stream reads from
   * @throws InvalidProtocolBufferException when it is none
   */
  Column read(CodedInputStream in, ByteString all) throws IOException {
    int begin = in.getTotalBytesRead();
    if (readEncoded(in, all)) {
      return new Column(shape(), all, start, size, count);
    }
    skipToLimit(in);
    return Column.of(FieldData.parseFrom(all.substring(begin, in.getTotalBytesRead())));
  }

  /** Whether it is written as Milvus' servers do. */
  private boolean readEncoded(CodedInputStream in, ByteString all) throws IOException {
    name = "";
    type = 0;
    id = 0;
    isDynamic = false;
    layout = Layout.WHOLE;
    while (!in.isAtEnd()) {
      int tag = in.readTag();
      if (tag == Column.varint(FieldData.TYPE_FIELD_NUMBER)) {
        type = in.readEnum();
      } else if (tag == Column.message(FieldData.FIELD_NAME_FIELD_NUMBER)) {
        name = RepeatedTexts.read(in, all);
      } else if (tag == Column.varint(FieldData.FIELD_ID_FIELD_NUMBER)) {
        id = in.readInt64();
      } else if (tag == Column.varint(FieldData.IS_DYNAMIC_FIELD_NUMBER)) {
        isDynamic = in.readBool();
      } else if (layout == Layout.WHOLE
          && (tag == Column.message(FieldData.SCALARS_FIELD_NUMBER)
              || tag == Column.message(FieldData.VECTORS_FIELD_NUMBER))) {
        outer = WireFormat.getTagFieldNumber(tag);
        int limit = in.pushLimit(in.readRawVarint32());
        boolean isUsual = readValues(in);
        skipToLimit(in);
        in.popLimit(limit);
        if (!isUsual) {
          return false;
        }
      } else {
        return false;
      }
    }
    return layout != Layout.WHOLE;
  }

  /** Reads an encoded {@link ScalarField} or {@link VectorField}. */
  private boolean readValues(CodedInputStream in) throws IOException {
    dimension = 0;
    int tag = in.readTag();
    if (outer == FieldData.VECTORS_FIELD_NUMBER
        && tag == Column.varint(VectorField.DIM_FIELD_NUMBER)) {
      dimension = in.readInt64();
      tag = in.readTag();
    }
    inner = WireFormat.getTagFieldNumber(tag);
    layout = tag == Column.message(inner) ? layout(outer, inner) : Layout.WHOLE;
    if (layout == Layout.WHOLE) {
      return false;
    }
    int limit = in.pushLimit(in.readRawVarint32());
    boolean isUsual = readData(in) && in.isAtEnd();
    if (isUsual) {
      in.popLimit(limit);
    }
    return isUsual && in.isAtEnd();
  }

  private static Layout layout(int outer, int inner) {
    if (outer == FieldData.SCALARS_FIELD_NUMBER) {
      return switch (inner) {
        case ScalarField.BOOL_DATA_FIELD_NUMBER,
            ScalarField.INT_DATA_FIELD_NUMBER,
            ScalarField.LONG_DATA_FIELD_NUMBER ->
            Layout.VARINTS;
        case ScalarField.FLOAT_DATA_FIELD_NUMBER -> Layout.FOUR_BYTES;
        case ScalarField.DOUBLE_DATA_FIELD_NUMBER -> Layout.EIGHT_BYTES;
        case ScalarField.STRING_DATA_FIELD_NUMBER -> Layout.TEXTS;
        case ScalarField.BYTES_DATA_FIELD_NUMBER, ScalarField.JSON_DATA_FIELD_NUMBER ->
            Layout.ENTRIES;
        default -> Layout.WHOLE;
      };
    }
    return switch (inner) {
      case VectorField.FLOAT_VECTOR_FIELD_NUMBER -> Layout.FOUR_BYTES;
      case VectorField.BINARY_VECTOR_FIELD_NUMBER,
          VectorField.FLOAT16_VECTOR_FIELD_NUMBER,
          VectorField.BFLOAT16_VECTOR_FIELD_NUMBER ->
          Layout.BYTES;
      default -> Layout.WHOLE;
    };
  }

  /** Reads what is in the message of values, up to the first thing that does not belong there. */
  private boolean readData(CodedInputStream in) throws IOException {
    start = in.getTotalBytesRead();
    count = 0;
    if (layout.isPacked()) {
      if (in.readTag() != Column.message(Column.DATA)) {
        return false;
      }
      int packed = in.readRawVarint32();
      start = in.getTotalBytesRead();
      int limit = in.pushLimit(packed);
      if (layout == Layout.VARINTS) {
        while (!in.isAtEnd()) {
          long unused = in.readRawVarint64();
          count++;
        }
      } else {
        in.skipRawBytes(packed);
      }
      in.popLimit(limit);
    } else if (layout == Layout.BYTES) {
      skipToLimit(in);
    } else {
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag != Column.message(Column.DATA)
            || !(in.readBytes().isValidUtf8() || layout != Layout.TEXTS)) {
          return false;
        }
        count++;
      }
    }
    size = in.getTotalBytesRead() - start;
    return switch (layout) {
      case FOUR_BYTES -> areOf(Float.BYTES);
      case EIGHT_BYTES -> areOf(Double.BYTES);
      case BYTES -> areOf(1);
      default -> true;
    };
  }

  private boolean areOf(int width) {
    count = size / width;
    return size % width == 0;
  }

  private Shape shape() {
    for (int tried = 0; tried < shapes.size(); tried++) {
      next = next < shapes.size() ? next : 0;
      Shape known = shapes.get(next++);
      if (known.type() == type
          && known.id() == id
          && known.isDynamic() == isDynamic
          && known.outer() == outer
          && known.inner() == inner
          && known.layout() == layout
          && known.dimension() == dimension
          && known.name().equals(name)) {
        return known;
      }
    }
    Shape shape = new Shape(name, type, id, isDynamic, outer, inner, layout, dimension);
    if (shapes.size() < MOST_SHAPES) {
      shapes.add(shape);
    }
    return shape;
  }

  private static void skipToLimit(CodedInputStream in) throws IOException {
    int left = in.getBytesUntilLimit();
    if (left > 0) {
      in.skipRawBytes(left);
    }
  }
}
