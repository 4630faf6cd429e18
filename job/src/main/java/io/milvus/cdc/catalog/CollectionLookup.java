package io.milvus.cdc.catalog;

/** Answers whether a collection that only the log has named so far is to be replicated. */
public interface CollectionLookup extends AutoCloseable {

  /** What is known of a collection at the moment of the question. */
  enum Answer {
    /** It exists, or is about to, and is selected: the metadata events will name it. */
    REPLICATED,
    /** It exists, but is not selected. */
    NOT_SELECTED,
    /** It does not exist any more; ids are never used again. */
    GONE
  }

  /** Asks about a collection; waits for the source's metadata store as long as it takes. */
  Answer find(long collectionId);

  @Override
  void close();
}
