package io.milvus.cdc.target;

import io.milvus.cdc.task.CollectionTraffic;
import io.milvus.cdc.task.CollectionTraffic.Counts;
import io.milvus.cdc.task.CollectionTraffic.OfCollection;
import io.milvus.cdc.task.StoppedCollection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Counts what is written by collection, naming those with the most bytes. Safe for many threads.
 *
 * <p>A collection that is not named takes the place of the least busy one that is, once it has had
 * a tenth more bytes than that: collections that are equally busy do not take turns.
 */
final class BusiestCollections {

  private static final double MORE = 1.1;

  private final int most;

  // Guarded by this.
  private final Map<Long, Entry> collections = new HashMap<>();
  private final Set<Entry> named = new HashSet<>();
  private Counts others = Counts.NONE;

  private static final class Entry {
    StoppedCollection.Name name;

    /** Of all time: the order is by these. */
    long bytes;

    /** Since it has been named. */
    Counts written = Counts.NONE;

    Entry(StoppedCollection.Name name) {
      this.name = name;
    }
  }

  /**
   * @param most how many are named at most
   */
  BusiestCollections(int most) {
    this.most = most;
  }

  /**
   * Something was written to a collection.
   *
   * @param collectionId the source's id of it
   * @param name its name now
   */
  synchronized void add(long collectionId, StoppedCollection.Name name, Counts written) {
    Entry entry = collections.computeIfAbsent(collectionId, id -> new Entry(name));
    entry.name = name;
    entry.bytes += written.bytes();
    if (named.contains(entry) || findsPlace(entry)) {
      entry.written = entry.written.plus(written);
    } else {
      others = others.plus(written);
    }
  }

  private boolean findsPlace(Entry entry) {
    if (named.size() < most) {
      return named.add(entry);
    }
    Entry least = named.stream().min(Comparator.comparingLong(other -> other.bytes)).orElseThrow();
    if (entry.bytes <= least.bytes * MORE) {
      return false;
    }
    named.remove(least);
    least.written = Counts.NONE;
    return named.add(entry);
  }

  /** Forgets a collection; another one may take its place. */
  synchronized void gone(long collectionId) {
    Entry entry = collections.remove(collectionId);
    if (entry != null) {
      named.remove(entry);
    }
  }

  /** What was written, the busiest collection first. */
  synchronized CollectionTraffic traffic() {
    return new CollectionTraffic(
        named.stream()
            .sorted(Comparator.comparingLong((Entry entry) -> entry.bytes).reversed())
            .map(
                entry ->
                    new OfCollection(entry.name.database(), entry.name.collection(), entry.written))
            .toList(),
        others);
  }
}
