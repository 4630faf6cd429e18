package io.milvus.cdc.compare;

import java.util.List;
import java.util.Optional;

/**
 * Compares every row of a collection, field by field, with those of another one. Both must be
 * loaded. Memory is bounded: both sides are read page by page in the order of their keys.
 *
 * <p>Milvus keeps several rows of one key and a query shows any one of them. Such rows are counted,
 * and their fields compared as far as the same one is shown.
 */
public final class RowComparison {

  private final RowReader source;
  private final RowReader target;
  private final Optional<LoggedRows> logged;
  private final String prefix;
  private final Findings differences;
  private final Findings notCompared;

  /**
   * A comparison.
   *
   * @param logged what the source has taken, if it may not show all of it
   * @param prefix of what is found
   * @param notCompared gets the keys whose rows cannot be told apart
   */
  RowComparison(
      RowReader source,
      RowReader target,
      Optional<LoggedRows> logged,
      String prefix,
      Findings differences,
      Findings notCompared) {
    this.source = source;
    this.target = target;
    this.logged = logged;
    this.prefix = prefix;
    this.differences = differences;
    this.notCompared = notCompared;
  }

  /**
   * Compares a collection of two clusters.
   *
   * @return what differs, for people: empty when nothing does
   */
  public static List<String> differences(
      MilvusCluster source, MilvusCluster target, String database, String collection) {
    return differences(source, database, collection, target, database, collection);
  }

  /**
   * Compares two collections whose names may differ.
   *
   * @return what differs, for people: empty when nothing does
   */
  public static List<String> differences(
      MilvusCluster source,
      String database,
      String collection,
      MilvusCluster target,
      String targetDatabase,
      String targetCollection) {
    Findings differences = new Findings();
    RowReader sourceRows = reader(source, database, collection);
    RowReader targetRows = reader(target, targetDatabase, targetCollection);
    sourceRows.catchUp();
    targetRows.catchUp();
    new RowComparison(sourceRows, targetRows, Optional.empty(), "", differences, new Findings())
        .compare(sourceRows.count(), targetRows.count());
    return differences.toList();
  }

  private static RowReader reader(MilvusCluster cluster, String database, String collection) {
    return new RowReader(
        cluster,
        database,
        collection,
        DescribedCollection.read(cluster, database, collection),
        List.of());
  }

  /**
   * Compares, as many rows as each side was counted to have. A row of the target that the source
   * has taken and does not show is no difference.
   */
  void compare(long sourceCount, long targetCount) {
    long held = logged.map(LoggedRows::count).orElse(sourceCount);
    if (held != targetCount) {
      differences.add(prefix + "the source holds " + held + " rows, the target " + targetCount);
    }
    Optional<Object> done = Optional.empty();
    while (!differences.isFull()) {
      RowPage expected = source.firstBehind(done);
      RowPage actual = target.firstBehind(done);
      if (expected.isEmpty() && actual.isEmpty()) {
        return;
      }
      // Behind the end of the shorter page, the other side is not known yet.
      Object end = earlier(expected, actual);
      boolean sameKeys = expected.keys().equals(actual.keys());
      if (!sameKeys || !expected.columns().equals(actual.columns())) {
        walk(expected, actual, end);
      }
      if (sameKeys && sourceCount != targetCount) {
        findRepeatedKeys(expected, done);
      }
      done = Optional.of(end);
    }
    differences.stopped();
  }

  private static Object earlier(RowPage expected, RowPage actual) {
    if (expected.isEmpty()) {
      return actual.lastKey();
    }
    if (actual.isEmpty() || RowPage.KEY_ORDER.compare(expected.lastKey(), actual.lastKey()) <= 0) {
      return expected.lastKey();
    }
    return actual.lastKey();
  }

  /** Compares two pages row by row, up to and including the key {@code end}. */
  private void walk(RowPage expected, RowPage actual, Object end) {
    int row = 0;
    int otherRow = 0;
    while (!differences.isFull()) {
      boolean isExpected = isUpTo(end, expected, row);
      boolean isActual = isUpTo(end, actual, otherRow);
      if (!isExpected && !isActual) {
        return;
      }
      int order =
          isExpected && isActual
              ? RowPage.KEY_ORDER.compare(expected.keys().get(row), actual.keys().get(otherRow))
              : isExpected ? -1 : 1;
      if (order < 0) {
        differences.add(prefix + "missing on the target: key " + expected.keys().get(row));
      } else if (order > 0) {
        Object key = actual.keys().get(otherRow);
        if (logged.filter(rows -> rows.has(key)).isEmpty()) {
          differences.add(prefix + "only on the target: key " + key);
        }
      } else {
        compareRow(expected.keys().get(row), expected.fieldsThatDiffer(row, actual, otherRow));
      }
      row += order <= 0 ? 1 : 0;
      otherRow += order >= 0 ? 1 : 0;
    }
  }

  private static boolean isUpTo(Object end, RowPage page, int row) {
    return row < page.keys().size() && RowPage.KEY_ORDER.compare(page.keys().get(row), end) <= 0;
  }

  private void compareRow(Object key, List<String> fieldsThatDiffer) {
    if (fieldsThatDiffer.isEmpty()) {
      return;
    }
    long rows = source.countOf(key);
    if (rows > 1 && rows == target.countOf(key)) {
      notCompared.add(
          prefix + "key " + key + " has " + rows + " rows, of which a query shows any one");
    } else {
      differences.add(
          prefix + "key " + key + " differs in: " + String.join(", ", fieldsThatDiffer));
    }
  }

  /** Names the first key of a page that has more rows on one side than on the other. */
  private void findRepeatedKeys(RowPage page, Optional<Object> done) {
    if (!isCountedDifferently(done, page.lastKey())) {
      return;
    }
    int low = 0;
    int high = page.keys().size() - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (isCountedDifferently(done, page.keys().get(middle))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    Object key = page.keys().get(low);
    differences.add(
        prefix
            + "key "
            + key
            + " has "
            + source.countOf(key)
            + " rows on the source, "
            + target.countOf(key)
            + " on the target");
  }

  private boolean isCountedDifferently(Optional<Object> after, Object last) {
    return source.countBetween(after, last) != target.countBetween(after, last);
  }
}
