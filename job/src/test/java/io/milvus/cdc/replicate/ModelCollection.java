package io.milvus.cdc.replicate;

import com.google.common.base.Splitter;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A Milvus collection as its documentation describes it: what counts is the timestamp, a delete at
 * T removes what is older than T, plain inserts of one key stand beside each other.
 */
final class ModelCollection {

  private final List<Row> rows = new ArrayList<>();

  /** A row of the model. */
  record Row(String partition, int key, int value) {}

  /** What the text payload of a test's message says. */
  record Change(String partition, int key, int value) {

    static Change of(LogMessage message) {
      List<String> parts = Splitter.on('/').splitToList(message.payload().toStringUtf8());
      return new Change(
          parts.get(0), Integer.parseInt(parts.get(1)), Integer.parseInt(parts.get(2)));
    }

    @Override
    public String toString() {
      return partition + "/" + key + "/" + value;
    }
  }

  /** The collection after operations in any order: they are sorted by timestamp first. */
  static List<Row> after(List<LogMessage> messages) {
    ModelCollection collection = new ModelCollection();
    messages.stream()
        .sorted(
            Comparator.comparingLong((LogMessage message) -> message.header().timestamp())
                .thenComparing(message -> message.header().kind() != Kind.DELETE))
        .forEach(collection::apply);
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
        rows.add(new Row(change.partition(), change.key(), change.value()));
      }
      case DELETE -> rows.removeIf(row -> row.key() == change.key());
      case DROP_PARTITION -> rows.removeIf(row -> row.partition().equals(change.partition()));
      case CREATE_COLLECTION, DROP_COLLECTION, CREATE_PARTITION, FLUSH -> {}
    }
  }

  /** All rows, sorted. */
  List<Row> rows() {
    return rows.stream()
        .sorted(
            Comparator.comparingInt(Row::key)
                .thenComparingInt(Row::value)
                .thenComparing(Row::partition))
        .toList();
  }
}
