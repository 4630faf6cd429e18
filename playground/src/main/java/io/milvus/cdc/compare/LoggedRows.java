package io.milvus.cdc.compare;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The rows that a collection holds, as its log tells: what was inserted and not deleted later.
 * Milvus applies a delete to rows whose timestamp is smaller than its own, in one partition or in
 * all.
 */
final class LoggedRows {

  private final Map<Object, List<Row>> rows = new HashMap<>();
  private final List<Delete> deletes = new ArrayList<>();

  private record Row(long partition, long timestamp) {}

  private record Delete(Object key, long partition, long timestamp) {}

  void insert(Object key, long partition, long timestamp) {
    rows.computeIfAbsent(key, unused -> new ArrayList<>()).add(new Row(partition, timestamp));
  }

  /**
   * Notes a delete, in whatever order messages come: those of several channels are in none.
   *
   * @param partition 0 or less for all of them
   */
  void delete(Object key, long partition, long timestamp) {
    deletes.add(new Delete(key, partition, timestamp));
  }

  /** Takes away what was deleted; to be called when everything was told. */
  void applyDeletes() {
    for (Delete delete : deletes) {
      rows.getOrDefault(delete.key(), new ArrayList<>())
          .removeIf(
              row ->
                  row.timestamp() < delete.timestamp()
                      && (delete.partition() <= 0 || delete.partition() == row.partition()));
    }
  }

  /** Only those in some partitions. */
  LoggedRows in(Collection<Long> partitions) {
    LoggedRows part = new LoggedRows();
    rows.forEach(
        (key, all) ->
            all.stream()
                .filter(row -> partitions.contains(row.partition()))
                .forEach(row -> part.insert(key, row.partition(), row.timestamp())));
    return part;
  }

  /** How many rows there are; those of the same key count each. */
  long count() {
    return rows.values().stream().mapToLong(List::size).sum();
  }

  /**
   * How many rows have a key in a range.
   *
   * @param after the key before the first; empty for no limit
   * @param last the last key
   */
  long countBetween(Optional<Object> after, Object last) {
    return rows.entrySet().stream()
        .filter(one -> after.isEmpty() || RowPage.KEY_ORDER.compare(one.getKey(), after.get()) > 0)
        .filter(one -> RowPage.KEY_ORDER.compare(one.getKey(), last) <= 0)
        .mapToLong(one -> one.getValue().size())
        .sum();
  }

  /** How many rows have a key. */
  long countOf(Object key) {
    return rows.getOrDefault(key, List.of()).size();
  }

  /** Whether there is a row of a key. */
  boolean has(Object key) {
    return countOf(key) > 0;
  }
}
