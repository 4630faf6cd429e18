package io.milvus.cdc.target;

/** Is told what was done on the target. Called by many threads. */
interface TargetProgress {

  /** Rows were inserted or upserted. */
  void inserted(int rows);

  /** Keys were deleted. */
  void deleted(int keys);

  /** Operations on databases, collections, partitions, indexes and load states were done. */
  void applied(int operations);

  /** A step will be repeated. */
  void retried();
}
