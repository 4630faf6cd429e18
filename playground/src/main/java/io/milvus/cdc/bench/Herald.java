package io.milvus.cdc.bench;

/**
 * A row that is written while a task is paused, before all others: when it is on the target, the
 * task that was resumed is at work.
 */
record Herald(BenchTable table) {

  private static final int DIMENSION = 8;

  Herald(String name) {
    this(BenchTable.vectors(name, DIMENSION));
  }

  /** Makes its collection on the source. */
  void create(Bed bed) {
    table.create(bed.source(), 1);
  }

  /** Waits until its collection can be read on the target. */
  void awaitCopy(Bed bed) {
    bed.awaitCopy(table);
  }

  /** Writes the row to the source. */
  void write(Bed bed) {
    long unused = table.insert(bed.source(), 0, 1);
  }

  /** Waits until the row is readable on the target. */
  void await(Bed bed) {
    Bed.await("no row is applied", () -> table.count(bed.target()) > 0);
  }

  /** Drops its collections. */
  void drop(Bed bed) {
    bed.drop(table);
  }
}
