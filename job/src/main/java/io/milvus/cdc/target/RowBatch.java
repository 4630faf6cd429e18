package io.milvus.cdc.target;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.IDs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import milvus.proto.msg.Msg;

/**
 * Rows of one collection that are written together: first all its deletes, then all its inserts.
 *
 * <p>Promise: writing the batch has the same result as writing its messages one by one. Therefore a
 * message is refused when it deletes a key that an earlier message of the batch inserts, and, in a
 * batch that is written as upserts, when it brings a key that is there already (an upsert keeps
 * both). It is refused, too, when its columns cannot be joined with those that are there.
 *
 * <p>More inserts than one call takes are in {@linkplain #parts parts}, which may be written at the
 * same time.
 */
final class RowBatch {

  /** So many parts at most. */
  private static final int MOST_PARTS = 4;

  private final RowFormat format;
  private final TargetTuning tuning;
  private final List<Part> parts = Stream.generate(Part::new).limit(MOST_PARTS).toList();
  private final Map<String, Part> partsByVchannel = new HashMap<>();
  private final Map<String, List<IDs>> deletesByPartition = new LinkedHashMap<>();

  /** Keys of inserts that nobody has asked for yet: most batches hold nothing but inserts. */
  private final List<Column> unaskedKeys = new ArrayList<>();

  private final Set<Object> insertedKeys = new HashSet<>();

  private final ColumnReader reader = new ColumnReader();

  private boolean holdsInserts;

  /** Of the first insert; all others have columns of the same names. */
  private List<Column> firstColumns = List.of();

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
    int size = message.payload().size();
    Part part = part(header.vchannel());
    if (part.bytes > 0 && part.bytes + size > tuning.batchBytes()) {
      return false;
    }
    boolean added =
        header.kind() == Kind.INSERT
            ? addInsert(header, part, parse(payload -> LoggedRows.parse(payload, reader), message))
            : addDelete(parse(Msg.DeleteRequest.parser()::parseFrom, message));
    if (added) {
      part.bytes += size;
      bytes += size;
      messages++;
    }
    return added;
  }

  private Part part(String vchannel) {
    Part part = partsByVchannel.get(vchannel);
    if (part == null) {
      part = parts.get(partsByVchannel.size() % MOST_PARTS);
      partsByVchannel.put(vchannel, part);
    }
    return part;
  }

  private boolean addInsert(LogMessageHeader header, Part part, LoggedRows insert) {
    if (part.rows > 0 && part.rows + insert.count() > tuning.batchRows()) {
      return false;
    }
    if (holdsInserts && upsert != header.maybeApplied()) {
      return false;
    }
    List<Column> columns = columns(header, insert);
    boolean alone = !areJoinable(columns, insert.count());
    if (holdsInserts && (opaque || alone || !hasTheSameColumns(columns))) {
      return false;
    }
    Column keys = keys(header, columns);
    if (header.maybeApplied()) {
      List<?> asked = keys.keys();
      if (insertsOneOf(asked)) {
        return false;
      }
      insertedKeys.addAll(asked);
    } else {
      unaskedKeys.add(keys);
    }
    upsert = header.maybeApplied();
    opaque = alone;
    if (!holdsInserts) {
      firstColumns = columns;
      holdsInserts = true;
    }
    insertedRows += insert.count();
    part.rows += insert.count();
    part.inserts(partition(insert.partition())).add(new Insert(insert.count(), columns));
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

  private static boolean areJoinable(List<Column> columns, int rows) {
    for (Column column : columns) {
      if (!column.isJoinable(rows)) {
        return false;
      }
    }
    return true;
  }

  private boolean hasTheSameColumns(List<Column> columns) {
    if (columns.size() != firstColumns.size()) {
      return false;
    }
    for (int i = 0; i < columns.size(); i++) {
      if (!columns.get(i).name().equals(firstColumns.get(i).name())) {
        return names(columns).equals(names(firstColumns));
      }
    }
    return true;
  }

  private static List<String> names(List<Column> columns) {
    return columns.stream().map(Column::name).sorted().toList();
  }

  private boolean insertsOneOf(List<?> keys) {
    unaskedKeys.forEach(column -> insertedKeys.addAll(column.keys()));
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

  private List<Column> columns(LogMessageHeader header, LoggedRows insert) {
    try {
      return format.toCall(insert.columns(), insert.count());
    } catch (RowFormat.UnfitColumnException e) {
      throw new UnfitMessageException(header.position() + ": " + e.getMessage(), e);
    }
  }

  private Column keys(LogMessageHeader header, List<Column> columns) {
    for (Column column : columns) {
      if (column.name().equals(format.primaryKey())) {
        return column;
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

  /** The keys to delete, by partition; an empty name stands for all partitions. */
  Map<String, List<IDs>> deletesByPartition() {
    return deletesByPartition;
  }

  /**
   * The inserts, in parts whose keys cannot be the same, as they are of different shards of the
   * source: so the parts may be written in any order, also at the same time. All that fits in one
   * call is one part.
   */
  List<Part> parts() {
    if (insertedRows > tuning.batchRows() || bytes > tuning.batchBytes()) {
      return parts.stream().filter(part -> !part.insertsByPartition.isEmpty()).toList();
    }
    Part all = new Part();
    parts.forEach(
        part ->
            part.insertsByPartition.forEach(
                (partition, inserts) -> all.inserts(partition).addAll(inserts)));
    return List.of(all);
  }

  /** What one message inserts. */
  private record Insert(int count, List<Column> columns) {

    /** The column of a name, most likely at the given place. */
    Column column(int place, String name) {
      Column likely = columns.get(place);
      return likely.name().equals(name)
          ? likely
          : columns.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
    }
  }

  /** Rows that one call inserts. */
  record Rows(int count, List<FieldData> columns) {

    private static Rows of(List<Insert> inserts) {
      List<FieldData> joined = new ArrayList<>();
      if (!inserts.isEmpty()) {
        List<Column> first = inserts.get(0).columns();
        for (int i = 0; i < first.size(); i++) {
          joined.add(join(inserts, i, first.get(i).name()));
        }
      }
      return new Rows(inserts.stream().mapToInt(Insert::count).sum(), joined);
    }

    /** What is alone goes as it is, whatever it may hold. */
    private static FieldData join(List<Insert> inserts, int place, String name) {
      if (inserts.size() == 1) {
        return inserts.get(0).columns().get(place).toCall();
      }
      List<Column> parts = new ArrayList<>(inserts.size());
      for (Insert insert : inserts) {
        parts.add(insert.column(place, name));
      }
      return Column.join(parts);
    }
  }

  /** Inserts of some shards. */
  static final class Part {

    private final Map<String, List<Insert>> insertsByPartition = new LinkedHashMap<>();
    private int rows;

    /** Payloads of all messages of its shards, also of deletes. */
    private int bytes;

    private List<Insert> inserts(String partition) {
      return insertsByPartition.computeIfAbsent(partition, name -> new ArrayList<>());
    }

    /** Names of the partitions that rows are inserted into; empty where the target chooses. */
    Set<String> partitions() {
      return insertsByPartition.keySet();
    }

    /** The rows of a partition, all messages joined column by column. */
    Rows rows(String partition) {
      return Rows.of(insertsByPartition.getOrDefault(partition, List.of()));
    }
  }
}
