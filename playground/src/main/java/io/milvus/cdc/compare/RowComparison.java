package io.milvus.cdc.compare;

import io.milvus.grpc.FieldData;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Compares every row of a collection, field by field, with those of another one. Both must be
 * loaded. Memory is bounded: both sides are read page by page in the order of their keys.
 */
public final class RowComparison {

  /** Rows of one page; wide rows stay far below the largest answer of a server. */
  private static final int PAGE_SIZE = 1_000;

  /** More would only bury the first ones. */
  private static final int MOST_DIFFERENCES = 20;

  private RowComparison() {}

  /**
   * Compares.
   *
   * @return what differs, for people: empty when nothing does
   */
  public static List<String> differences(
      MilvusCluster source, MilvusCluster target, String database, String collection) {
    RowReader sourceRows = new RowReader(source, database, collection, PAGE_SIZE);
    RowReader targetRows = new RowReader(target, database, collection, PAGE_SIZE);
    List<String> differences = new ArrayList<>();
    long sourceCount = sourceRows.count();
    long targetCount = targetRows.count();
    if (sourceCount != targetCount) {
      differences.add("the source holds " + sourceCount + " rows, the target " + targetCount);
    }
    Optional<Object> done = Optional.empty();
    while (differences.size() < MOST_DIFFERENCES) {
      RowReader.Page expected = sourceRows.firstBehind(done);
      RowReader.Page actual =
          expected.isEmpty()
              ? targetRows.firstBehind(done)
              : targetRows.between(done, expected.lastKey());
      if (!expected.equals(actual)) {
        differences.addAll(describe(expected, actual));
      }
      if (expected.isEmpty()) {
        return differences;
      }
      done = Optional.of(expected.lastKey());
    }
    return differences;
  }

  private static List<String> describe(RowReader.Page expected, RowReader.Page actual) {
    List<String> differences = new ArrayList<>();
    Set<Object> missing = new LinkedHashSet<>(expected.keys());
    missing.removeAll(new LinkedHashSet<>(actual.keys()));
    Set<Object> extra = new LinkedHashSet<>(actual.keys());
    extra.removeAll(new LinkedHashSet<>(expected.keys()));
    missing.stream().limit(5).forEach(key -> differences.add("missing on the target: key " + key));
    extra.stream().limit(5).forEach(key -> differences.add("only on the target: key " + key));
    if (missing.isEmpty() && extra.isEmpty()) {
      for (int i = 0; i < Math.min(expected.columns().size(), actual.columns().size()); i++) {
        FieldData column = expected.columns().get(i);
        if (!column.equals(actual.columns().get(i))) {
          differences.add(
              "field "
                  + column.getFieldName()
                  + " differs between the keys "
                  + expected.keys().get(0)
                  + " and "
                  + expected.keys().get(expected.keys().size() - 1));
        }
      }
      if (expected.columns().size() != actual.columns().size()) {
        differences.add("the rows have other fields");
      }
    }
    return differences;
  }
}
