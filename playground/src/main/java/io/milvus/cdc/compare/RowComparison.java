package io.milvus.cdc.compare;

import java.util.Collection;
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
  private final Known known;
  private final String prefix;
  private final Findings differences;
  private final Findings notCompared;

  /** What the target lacks, or has and should not have, by its own fault: how many rows. */
  private long forgotten;

  /** Whether the source shows other rows than it has taken. */
  private boolean isNotShown;

  private Optional<String> notShown = Optional.empty();
  private boolean isForgotten;

  /**
   * What is known beside what both sides show.
   *
   * @param logged what the source has taken, if it may not show all of it
   * @param acknowledged what the target has taken, if it may not show all of it
   */
  record Known(Optional<LoggedRows> logged, Optional<Acknowledged> acknowledged) {

    static final Known NOTHING = new Known(Optional.empty(), Optional.empty());

    /** Of some partitions, as far as that is known. */
    Known in(Collection<Long> partitions) {
      return new Known(logged.map(all -> all.in(partitions)), acknowledged);
    }
  }

  /** What the target has acknowledged for one collection. */
  interface Acknowledged {

    /** Whether the last that was done to a key is that this row was written. */
    boolean wrote(Object key, RowPage expected, int row);

    /** Whether the last that was done to a key is that it was deleted. */
    boolean deleted(Object key);
  }

  /**
   * A comparison.
   *
   * @param prefix of what is found
   * @param notCompared gets the keys whose rows cannot be told apart
   */
  RowComparison(
      RowReader source,
      RowReader target,
      Known known,
      String prefix,
      Findings differences,
      Findings notCompared) {
    this.source = source;
    this.target = target;
    this.known = known;
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
    DescribedCollection original = DescribedCollection.read(source, database, collection);
    DescribedCollection copy = DescribedCollection.read(target, targetDatabase, targetCollection);
    if (!original.columns().equals(copy.columns())) {
      differences.add(
          "the columns are " + original.columns() + ", on the target " + copy.columns());
    }
    RowReader sourceRows = new RowReader(source, database, collection, original, List.of());
    RowReader targetRows = new RowReader(target, targetDatabase, targetCollection, copy, List.of());
    sourceRows.catchUp();
    targetRows.catchUp();
    new RowComparison(sourceRows, targetRows, Known.NOTHING, "", differences, new Findings())
        .compare(sourceRows.count(), targetRows.count());
    return differences.toList();
  }

  /**
   * Compares, as many rows as each side was counted to have. A row of the target that the source
   * has taken and does not show is no difference, nor one that the source has deleted and shows, or
   * has taken once and shows twice, nor what the target has acknowledged and does not show.
   */
  void compare(long sourceCount, long targetCount) {
    int place = differences.size();
    long held = known.logged().map(LoggedRows::count).orElse(sourceCount);
    isNotShown |= held != sourceCount;
    compareRows(held != targetCount);
    if (isNotShown) {
      notShown = Optional.of(prefix + "shows " + sourceCount + " rows, its log has " + held);
    }
    if (held != targetCount + forgotten) {
      differences.insert(
          place, prefix + "the source holds " + held + " rows, the target " + targetCount);
    }
  }

  /** What the source shows instead of the rows that it has taken, for people. */
  Optional<String> notShown() {
    return notShown;
  }

  /** Whether the target does not show something that it has acknowledged. */
  boolean isForgotten() {
    return isForgotten;
  }

  private void compareRows(boolean isCountedDifferently) {
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
      if (sameKeys && isCountedDifferently) {
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
        missing(expected, row);
      } else if (order > 0) {
        superfluous(actual.keys().get(otherRow));
      } else {
        compareRow(expected, row, expected.fieldsThatDiffer(row, actual, otherRow));
      }
      row += order <= 0 ? 1 : 0;
      otherRow += order >= 0 ? 1 : 0;
    }
  }

  private static boolean isUpTo(Object end, RowPage page, int row) {
    return row < page.keys().size() && RowPage.KEY_ORDER.compare(page.keys().get(row), end) <= 0;
  }

  private void missing(RowPage expected, int row) {
    Object key = expected.keys().get(row);
    if (known.logged().filter(rows -> !rows.has(key)).isPresent()) {
      isNotShown = true;
    } else if (wasWritten(key, expected, row)) {
      forgotten++;
    } else {
      differences.add(prefix + "missing on the target: key " + key);
    }
  }

  private void superfluous(Object key) {
    if (known.logged().filter(rows -> rows.has(key)).isPresent()) {
      isNotShown = true;
    } else if (known.acknowledged().filter(rows -> rows.deleted(key)).isPresent()) {
      isForgotten = true;
      forgotten--;
    } else {
      differences.add(prefix + "only on the target: key " + key);
    }
  }

  private void compareRow(RowPage expected, int row, List<String> fieldsThatDiffer) {
    Object key = expected.keys().get(row);
    if (fieldsThatDiffer.isEmpty() || wasWritten(key, expected, row)) {
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

  /** The target should show it, and does not. */
  private boolean wasWritten(Object key, RowPage expected, int row) {
    boolean wasWritten =
        known.acknowledged().filter(rows -> rows.wrote(key, expected, row)).isPresent();
    isForgotten |= wasWritten;
    return wasWritten;
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
    long held = known.logged().map(rows -> rows.countOf(key)).orElseGet(() -> source.countOf(key));
    differences.add(
        prefix
            + "key "
            + key
            + " has "
            + held
            + " rows on the source, "
            + target.countOf(key)
            + " on the target");
  }

  private boolean isCountedDifferently(Optional<Object> after, Object last) {
    long held =
        known
            .logged()
            .map(rows -> rows.countBetween(after, last))
            .orElseGet(() -> source.countBetween(after, last));
    return held != target.countBetween(after, last);
  }
}
