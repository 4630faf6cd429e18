package io.milvus.cdc.replicate;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.grpc.IDs;
import io.milvus.grpc.LongArray;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import milvus.proto.msg.Msg.DeleteRequest;
import milvus.proto.msg.Msg.DropPartitionRequest;
import milvus.proto.msg.Msg.InsertRequest;

/**
 * A Milvus collection as its documentation describes it: what counts is the timestamp, a delete at
 * T removes what is older than T, plain inserts of one key stand beside each other.
 */
final class ModelCollection {

  private static final LogPartition ALL = new LogPartition(0, "");

  private final List<Change> rows = new ArrayList<>();

  /** A row of the model. */
  record Row(String partition, int key, int value) {}

  /** What a message of a test says. */
  record Change(LogPartition partition, int key, int value) {

    static Change of(LogMessage message) {
      try {
        return switch (message.header().kind()) {
          case INSERT -> {
            InsertRequest insert = InsertRequest.parseFrom(message.payload());
            yield new Change(
                new LogPartition(insert.getPartitionID(), insert.getPartitionName()),
                (int) insert.getRowIDs(0),
                (int) insert.getNumRows());
          }
          case DELETE -> {
            DeleteRequest delete = DeleteRequest.parseFrom(message.payload());
            yield new Change(ALL, (int) delete.getPrimaryKeys().getIntId().getData(0), 0);
          }
          case DROP_PARTITION -> {
            DropPartitionRequest drop = DropPartitionRequest.parseFrom(message.payload());
            yield new Change(
                new LogPartition(drop.getPartitionID(), drop.getPartitionName()), 0, 0);
          }
          case CREATE_COLLECTION, DROP_COLLECTION, CREATE_PARTITION, FLUSH -> new Change(ALL, 0, 0);
        };
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalArgumentException("not as payload() wrote it: " + message, e);
      }
    }

    ByteString payload(Kind kind) {
      return switch (kind) {
        case INSERT ->
            InsertRequest.newBuilder()
                .setPartitionID(partition.id())
                .setPartitionName(partition.name())
                .addRowIDs(key)
                .setNumRows(value)
                .build()
                .toByteString();
        case DELETE ->
            DeleteRequest.newBuilder()
                .setPartitionID(-1)
                .setPrimaryKeys(IDs.newBuilder().setIntId(LongArray.newBuilder().addData(key)))
                .build()
                .toByteString();
        case DROP_PARTITION ->
            DropPartitionRequest.newBuilder()
                .setPartitionID(partition.id())
                .setPartitionName(partition.name())
                .build()
                .toByteString();
        case CREATE_COLLECTION, DROP_COLLECTION, CREATE_PARTITION, FLUSH -> ByteString.EMPTY;
      };
    }
  }

  /**
   * The collection after operations in any order: they are sorted by timestamp first, and a drop
   * takes the rows of its partition, not of another one by that name.
   */
  static List<Row> after(List<LogMessage> messages) {
    ModelCollection collection = new ModelCollection();
    messages.stream()
        .sorted(
            Comparator.comparingLong((LogMessage message) -> message.header().timestamp())
                .thenComparing(message -> message.header().kind() != Kind.DELETE))
        .forEach(
            message -> {
              if (message.header().kind() == Kind.DROP_PARTITION) {
                long id = Change.of(message).partition().id();
                collection.rows.removeIf(row -> row.partition().id() == id);
              } else {
                collection.apply(message);
              }
            });
    return collection.rows();
  }

  /** Applies an operation as the target does, now. */
  void apply(LogMessage message) {
    Change change = Change.of(message);
    switch (message.header().kind()) {
      case INSERT -> {
        if (message.header().maybeApplied()) {
          rows.removeIf(row -> row.key() == change.key());
        }
        rows.add(change);
      }
      case DELETE -> rows.removeIf(row -> row.key() == change.key());
      case DROP_PARTITION ->
          rows.removeIf(row -> row.partition().name().equals(change.partition().name()));
      case CREATE_COLLECTION, DROP_COLLECTION, CREATE_PARTITION, FLUSH -> {}
    }
  }

  /** All rows, sorted. */
  List<Row> rows() {
    return rows.stream()
        .map(row -> new Row(row.partition().name(), row.key(), row.value()))
        .sorted(
            Comparator.comparingInt(Row::key)
                .thenComparingInt(Row::value)
                .thenComparing(Row::partition))
        .toList();
  }
}
