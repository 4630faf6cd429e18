package io.milvus.cdc.compare;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.VectorField;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Rows that follow each other in the order of their keys.
 *
 * @param keys Long or String
 * @param columns by name
 */
record RowPage(List<Object> keys, SortedMap<String, FieldData> columns) {

  /** The order in which Milvus gives rows: numbers, or texts by their bytes. */
  static final Comparator<Object> KEY_ORDER =
      (one, other) ->
          one instanceof Long number
              ? number.compareTo((Long) other)
              : ByteString.unsignedLexicographicalComparator()
                  .compare(
                      ByteString.copyFromUtf8((String) one),
                      ByteString.copyFromUtf8((String) other));

  static RowPage of(String primaryKey, List<FieldData> fields) {
    SortedMap<String, FieldData> columns = new TreeMap<>();
    List<Object> keys = new ArrayList<>();
    for (FieldData column : fields) {
      // The two clusters may number their fields differently.
      columns.put(column.getFieldName(), column.toBuilder().clearFieldId().build());
      if (column.getFieldName().equals(primaryKey)) {
        keys.addAll(column.getScalars().getLongData().getDataList());
        keys.addAll(column.getScalars().getStringData().getDataList());
      }
    }
    return new RowPage(keys, columns);
  }

  boolean isEmpty() {
    return keys.isEmpty();
  }

  Object lastKey() {
    return keys.get(keys.size() - 1);
  }

  /** What the rows hold, by field, of those fields that the other page has as well. */
  List<String> fieldsThatDiffer(int row, RowPage other, int otherRow) {
    List<String> fields = new ArrayList<>();
    for (Map.Entry<String, FieldData> column : columns.entrySet()) {
      FieldData otherColumn = other.columns.get(column.getKey());
      if (otherColumn != null
          && !value(column.getValue(), row).equals(value(otherColumn, otherRow))) {
        fields.add(column.getKey());
      }
    }
    return fields;
  }

  /** What a column holds in a row; floating-point numbers are equal when their bits are. */
  static Object value(FieldData column, int row) {
    if (row < column.getValidDataCount() && !column.getValidData(row)) {
      return "null";
    }
    return switch (column.getFieldCase()) {
      case SCALARS -> value(column.getScalars(), row);
      case VECTORS -> value(column.getVectors(), row);
      case FIELD_NOT_SET -> "nothing";
    };
  }

  private static Object value(ScalarField scalars, int row) {
    return switch (scalars.getDataCase()) {
      case BOOL_DATA -> scalars.getBoolData().getData(row);
      case INT_DATA -> scalars.getIntData().getData(row);
      case LONG_DATA -> scalars.getLongData().getData(row);
      case FLOAT_DATA -> scalars.getFloatData().getData(row);
      case DOUBLE_DATA -> scalars.getDoubleData().getData(row);
      case STRING_DATA -> scalars.getStringData().getData(row);
      case BYTES_DATA -> scalars.getBytesData().getData(row);
      case ARRAY_DATA -> array(scalars.getArrayData().getData(row));
      case JSON_DATA -> scalars.getJsonData().getData(row);
      case GEOMETRY_DATA -> scalars.getGeometryData().getData(row);
      case DATA_NOT_SET -> "nothing";
    };
  }

  /** Calls name the kind of an empty array's elements, and Milvus 2.3 may show it without one. */
  private static ScalarField array(ScalarField elements) {
    boolean isEmpty =
        elements.getAllFields().values().stream()
            .allMatch(data -> ((Message) data).getAllFields().isEmpty());
    return isEmpty ? ScalarField.getDefaultInstance() : elements;
  }

  private static Object value(VectorField vectors, int row) {
    int dimension = Math.toIntExact(vectors.getDim());
    return switch (vectors.getDataCase()) {
      case FLOAT_VECTOR ->
          vectors.getFloatVector().getDataList().subList(row * dimension, (row + 1) * dimension);
      case BINARY_VECTOR -> bytes(vectors.getBinaryVector(), row, dimension / 8);
      case FLOAT16_VECTOR -> bytes(vectors.getFloat16Vector(), row, 2 * dimension);
      case BFLOAT16_VECTOR -> bytes(vectors.getBfloat16Vector(), row, 2 * dimension);
      case SPARSE_FLOAT_VECTOR -> vectors.getSparseFloatVector().getContents(row);
      case DATA_NOT_SET -> "nothing";
    };
  }

  private static ByteString bytes(ByteString all, int row, int width) {
    return all.substring(row * width, (row + 1) * width);
  }
}
