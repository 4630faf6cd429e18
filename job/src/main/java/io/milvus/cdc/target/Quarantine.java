package io.milvus.cdc.target;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.StoppedCollection;
import java.util.Optional;

/** Keeps the messages that are left out. Safe for use by many threads. */
interface Quarantine extends AutoCloseable {

  /**
   * What keeps a collection from going on.
   *
   * @param collectionId the collection
   * @param collection what it is, for people
   * @param name its names on the source, if they are known
   * @param event a message of the log, or the stop that stands for one which cannot be read
   * @param reason what is wrong with it, for people
   */
  record Poison(
      long collectionId,
      String collection,
      Optional<StoppedCollection.Name> name,
      SourceEvent event,
      String reason) {}

  /**
   * Keeps a message; when this returns true it may be left out.
   *
   * @return false when the collection has so many that something else must be wrong
   * @throws TargetException when it is not known whether it is kept; to be repeated
   */
  boolean put(Poison poison) throws TargetException;

  /**
   * Forgets those of a collection that does not exist any more.
   *
   * @throws java.io.UncheckedIOException when the task store does not answer; to be repeated
   */
  void forget(long collectionId);

  @Override
  void close();
}
