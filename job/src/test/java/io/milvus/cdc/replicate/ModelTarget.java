package io.milvus.cdc.replicate;

import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.replicate.ModelCollection.Row;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Applies what is handed out, and checks that it comes in order. */
final class ModelTarget {

  private final Map<Long, ModelCollection> collections = new HashMap<>();
  private final Map<Long, Long> newest = new HashMap<>();

  void apply(SourceEvent event) {
    if (event instanceof CollectionSeen seen) {
      collections.computeIfAbsent(seen.state().getId(), id -> new ModelCollection());
    } else if (event instanceof CollectionGone gone) {
      collections.remove(gone.collectionId());
    } else if (event instanceof LogMessage message) {
      LogMessageHeader header = message.header();
      ModelCollection collection = collections.get(header.collectionId());
      if (collection == null) {
        throw new AssertionError("Nothing has named the collection of " + message);
      }
      Long before = newest.put(header.collectionId(), header.timestamp());
      if (before != null && before > header.timestamp()) {
        throw new AssertionError("A message of " + before + " came before " + message);
      }
      collection.apply(message);
    }
  }

  /** What comes now is read from an earlier point on. */
  void restarted() {
    newest.clear();
  }

  /** All rows of a collection, sorted; empty when it is not there. */
  Optional<List<Row>> rowsIfThere(long collectionId) {
    return Optional.ofNullable(collections.get(collectionId)).map(ModelCollection::rows);
  }
}
