package io.milvus.cdc.target;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Message;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.ScalarField;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How the columns of one collection's rows go from the log into calls of the public API.
 *
 * <p>Milvus 2.5 validates a call's columns, completes them and writes them to the log. So the log
 * holds a value for every row, whereas a call has values only for the rows that {@code valid_data}
 * says are not null; and it holds no {@code valid_data} for a field that has a default value and is
 * not nullable, whereas a call must bring it for every field with a default value. Releases before
 * 2.5 know no {@code valid_data} and ignore it.
 */
final class RowFormat {

  private static final String VALUES = "data";

  private final String primaryKey;
  private final boolean placedByTarget;
  private final Set<String> withDefault = new HashSet<>();
  private final Set<String> computed = new HashSet<>();

  /**
   * Reads off the source's schema what matters.
   *
   * @throws IllegalStateException when it has no primary key
   */
  RowFormat(CollectionSchema schema) {
    String key = "";
    boolean hasPartitionKey = false;
    for (FieldSchema field : schema.getFieldsList()) {
      key = field.getIsPrimaryKey() ? field.getName() : key;
      hasPartitionKey |= field.getIsPartitionKey();
      if (field.hasDefaultValue()) {
        withDefault.add(field.getName());
      }
      if (field.getIsFunctionOutput()) {
        computed.add(field.getName());
      }
    }
    if (key.isEmpty()) {
      throw new IllegalStateException("no primary key in the schema of " + schema.getName());
    }
    primaryKey = key;
    placedByTarget = hasPartitionKey;
  }

  /** Name of the primary key field. */
  String primaryKey() {
    return primaryKey;
  }

  /** Whether the collection has a partition key, so that the target chooses the partitions. */
  boolean placedByTarget() {
    return placedByTarget;
  }

  /** A message's columns cannot be brought into a call's form. */
  static final class UnfitColumnException extends Exception {

    private static final long serialVersionUID = 1L;

    UnfitColumnException(String message) {
      super(message);
    }
  }

  /**
   * A message's columns as a call wants them. Columns that need no change stay as they are. Those
   * that the target computes itself (outputs of functions) are left out: a call that brings them is
   * refused.
   *
   * @param rows how many rows the message says that it has
   * @throws UnfitColumnException naming the field
   */
  List<Column> toCall(List<Column> logged, int rows) throws UnfitColumnException {
    boolean isAsWanted = true;
    for (Column column : logged) {
      isAsWanted &= isAsWanted(column);
    }
    if (isAsWanted) {
      return logged;
    }
    List<Column> columns = new ArrayList<>(logged.size());
    for (Column column : logged) {
      if (computed.contains(column.name())) {
        continue;
      }
      if (column.hasNulls()) {
        columns.add(Column.of(withoutNulls(column.inWhole(), rows)));
      } else if (withDefault.contains(column.name())) {
        columns.add(
            Column.of(
                column.inWhole().toBuilder()
                    .addAllValidData(Collections.nCopies(rows, true))
                    .build()));
      } else {
        columns.add(column);
      }
    }
    return columns;
  }

  private boolean isAsWanted(Column column) {
    return !column.hasNulls()
        && !withDefault.contains(column.name())
        && !computed.contains(column.name());
  }

  private static FieldData withoutNulls(FieldData column, int rows) throws UnfitColumnException {
    List<Boolean> valid = column.getValidDataList();
    if (valid.size() != rows) {
      throw new UnfitColumnException(
          "field %s says of %d rows whether they are null, there are %d"
              .formatted(column.getFieldName(), valid.size(), rows));
    }
    int values = Collections.frequency(valid, true);
    if (values == rows || !column.hasScalars()) {
      return column;
    }
    ScalarField scalars = column.getScalars();
    OneofDescriptor kinds = ScalarField.getDescriptor().getOneofs().get(0);
    FieldDescriptor kind = scalars.getOneofFieldDescriptor(kinds);
    if (kind == null) {
      // Of a type that this release does not know: it goes as it is, and the target judges.
      return column;
    }
    Message logged = (Message) scalars.getField(kind);
    FieldDescriptor data = logged.getDescriptorForType().findFieldByName(VALUES);
    int present = logged.getRepeatedFieldCount(data);
    if (present == values) {
      return column;
    }
    if (present != rows) {
      throw new UnfitColumnException(
          "field %s has %d values for %d rows of which %d are not null"
              .formatted(column.getFieldName(), present, rows, values));
    }
    Message.Builder compact = logged.toBuilder().clearField(data);
    for (int row = 0; row < rows; row++) {
      if (valid.get(row)) {
        compact.addRepeatedField(data, logged.getRepeatedField(data, row));
      }
    }
    return column.toBuilder()
        .setScalars(scalars.toBuilder().setField(kind, compact.build()))
        .build();
  }
}
