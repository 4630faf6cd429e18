package io.milvus.cdc.target;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.IDs;
import io.milvus.grpc.VectorField;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import milvus.proto.msg.Msg;

/**
 * Rows of one collection that are written together: first all its deletes, then all its inserts.
 *
 * <p>Promise: writing the batch has the same result as writing its messages one by one. Therefore a
 * message is refused when it deletes a key that an earlier message of the batch inserts, and, in a
 * batch that is written as upserts, when it brings a key that is there already (an upsert keeps
 * both). It is refused, too, when its columns cannot be joined with those that are there.
 */
final class RowBatch {

  private final RowFormat format;
  private final TargetTuning tuning;
  private final Map<String, List<Rows>> insertsByPartition = new LinkedHashMap<>();
  private final Map<String, List<IDs>> deletesByPartition = new LinkedHashMap<>();

  /** Keys of inserts that nobody has asked for yet: most batches hold nothing but inserts. */
  private final List<List<?>> unaskedKeys = new ArrayList<>();

  private final Set<Object> insertedKeys = new HashSet<>();

  /** Names of the columns of all inserts. */
  private final Set<String> columnNames = new HashSet<>();

  /** Whether there is an insert that cannot be joined with another one. */
  private boolean opaque;

  private boolean upsert;
  private int insertedRows;
  private int deletedRows;
  private int bytes;
  private int messages;

  /**
   * @param format of the collection's rows
   * @param tuning how large a call may be
   */
  RowBatch(RowFormat format, TargetTuning tuning) {
    this.format = format;
    this.tuning = tuning;
  }

  /**
   * Adds a message of kind INSERT or DELETE.
   *
   * @return false when the message must go into a later batch
   * @throws UnfitMessageException when the payload is not such a message
   */
  boolean add(LogMessage message) {
    LogMessageHeader header = message.header();
    if (messages > 0 && bytes + message.payload().size() > tuning.batchBytes()) {
      return false;
    }
    boolean added =
        header.kind() == Kind.INSERT
            ? addInsert(header, parse(LoggedRows::parse, message))
            : addDelete(parse(Msg.DeleteRequest.parser()::parseFrom, message));
    if (added) {
      bytes += message.payload().size();
      messages++;
    }
    return added;
  }

  private boolean addInsert(LogMessageHeader header, LoggedRows insert) {
    if (insertedRows > 0
        && (insertedRows + insert.count() > tuning.batchRows()
            || upsert != header.maybeApplied())) {
      return false;
    }
    List<FieldData> columns = columns(header, insert);
    boolean alone = columns.stream().anyMatch(RowFormat::isOpaque);
    if (insertedRows > 0 && (opaque || alone || !hasTheSameColumns(columns))) {
      return false;
    }
    List<?> keys = keys(header, columns);
    if (header.maybeApplied() && insertsOneOf(keys)) {
      return false;
    }
    upsert = header.maybeApplied();
    opaque = alone;
    if (insertedRows == 0) {
      columnNames.clear();
      columns.forEach(column -> columnNames.add(column.getFieldName()));
    }
    unaskedKeys.add(keys);
    insertedRows += insert.count();
    insertsByPartition
        .computeIfAbsent(partition(insert.partition()), name -> new ArrayList<>())
        .add(new Rows(insert.count(), columns));
    return true;
  }

  private boolean addDelete(Msg.DeleteRequest delete) {
    IDs keys = delete.getPrimaryKeys();
    int count = keys.hasIntId() ? keys.getIntId().getDataCount() : keys.getStrId().getDataCount();
    if (deletedRows > 0 && deletedRows + count > tuning.batchRows()) {
      return false;
    }
    List<?> values =
        keys.hasIntId() ? keys.getIntId().getDataList() : keys.getStrId().getDataList();
    if (insertsOneOf(values)) {
      return false;
    }
    deletedRows += count;
    deletesByPartition
        .computeIfAbsent(partition(delete.getPartitionName()), name -> new ArrayList<>())
        .add(keys);
    return true;
  }

  private boolean hasTheSameColumns(List<FieldData> columns) {
    if (columns.size() != columnNames.size()) {
      return false;
    }
    for (FieldData column : columns) {
      if (!columnNames.contains(column.getFieldName())) {
        return false;
      }
    }
    return true;
  }

  private boolean insertsOneOf(List<?> keys) {
    unaskedKeys.forEach(insertedKeys::addAll);
    unaskedKeys.clear();
    for (Object key : keys) {
      if (insertedKeys.contains(key)) {
        return true;
      }
    }
    return false;
  }

  private String partition(String name) {
    return format.placedByTarget() ? "" : name;
  }

  private List<FieldData> columns(LogMessageHeader header, LoggedRows insert) {
    try {
      return format.toCall(insert.columns(), insert.count());
    } catch (RowFormat.UnfitColumnException e) {
      throw new UnfitMessageException(header.position() + ": " + e.getMessage(), e);
    }
  }

  private List<?> keys(LogMessageHeader header, List<FieldData> columns) {
    for (FieldData field : columns) {
      if (field.getFieldName().equals(format.primaryKey())) {
        return field.getScalars().hasLongData()
            ? field.getScalars().getLongData().getDataList()
            : field.getScalars().getStringData().getDataList();
      }
    }
    throw new UnfitMessageException(
        header.position() + " holds no column of the primary key " + format.primaryKey());
  }

  /** Parses a message. */
  @FunctionalInterface
  private interface Parser<T> {
    T parse(ByteString payload) throws InvalidProtocolBufferException;
  }

  private static <T> T parse(Parser<T> parser, LogMessage message) {
    try {
      return parser.parse(message.payload());
    } catch (InvalidProtocolBufferException e) {
      throw new UnfitMessageException(
          message.header().position() + " is not a readable " + message.header().kind(), e);
    }
  }

  /** A log message that cannot be written to the target. */
  static final class UnfitMessageException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnfitMessageException(String message) {
      super(message);
    }

    UnfitMessageException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Name of the collection's primary key field. */
  String primaryKey() {
    return format.primaryKey();
  }

  /** Whether nothing was added. */
  boolean isEmpty() {
    return messages == 0;
  }

  /** Whether the rows may be on the target already, so that inserting them could double them. */
  boolean upsert() {
    return upsert;
  }

  /** From now on the batch may have been applied, or a part of it. */
  void markMaybeApplied() {
    upsert = true;
  }

  /** Rows in all inserts. */
  int insertedRows() {
    return insertedRows;
  }

  /** Keys in all deletes. */
  int deletedRows() {
    return deletedRows;
  }

  /** Payloads of all messages. */
  int bytes() {
    return bytes;
  }

  /** Names of the partitions that rows are inserted into; empty where the target chooses. */
  Set<String> insertPartitions() {
    return insertsByPartition.keySet();
  }

  /** The keys to delete, by partition; an empty name stands for all partitions. */
  Map<String, List<IDs>> deletesByPartition() {
    return deletesByPartition;
  }

  /** Rows that one call inserts. */
  record Rows(int count, List<FieldData> columns) {}

  /** The rows to insert into a partition, all messages joined column by column. */
  Rows rows(String partition) {
    List<Rows> inserts = insertsByPartition.getOrDefault(partition, List.of());
    if (inserts.size() == 1) {
      return inserts.get(0);
    }
    int count = 0;
    Map<String, List<FieldData>> parts = new LinkedHashMap<>();
    for (Rows insert : inserts) {
      count += insert.count();
      for (FieldData column : insert.columns()) {
        parts.computeIfAbsent(column.getFieldName(), name -> new ArrayList<>()).add(column);
      }
    }
    List<FieldData> columns = new ArrayList<>(parts.size());
    for (List<FieldData> column : parts.values()) {
      columns.add(join(column));
    }
    return new Rows(count, columns);
  }

  /**
   * Joins the parts of one column. A message that is read from several encodings, one behind the
   * other, has their repeated fields appended, which is all there is to it but for vectors that are
   * kept as one run of bytes. To merge the parts one by one would copy what is there already for
   * each of them.
   */
  static FieldData join(List<FieldData> parts) {
    if (parts.stream().allMatch(FloatColumn::is)) {
      return FloatColumn.join(parts);
    }
    FieldData.Builder joined = FieldData.newBuilder();
    try {
      joined.mergeFrom(encoded(parts.stream().map(FloatColumn::inWhole).toList()));
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

  private static byte[] encoded(List<FieldData> parts) {
    byte[] bytes = new byte[parts.stream().mapToInt(FieldData::getSerializedSize).sum()];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    try {
      for (FieldData part : parts) {
        part.writeTo(out);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes;
  }

  /** Reads the bytes of a vector column. */
  @FunctionalInterface
  private interface VectorBytes {
    ByteString of(VectorField vectors);
  }

  private static ByteString concatenate(List<FieldData> parts, VectorBytes bytes) {
    return ByteString.copyFrom(parts.stream().map(part -> bytes.of(part.getVectors())).toList());
  }
}
