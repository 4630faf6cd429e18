package io.milvus.cdc.target;

import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Load;
import io.milvus.cdc.catalog.v1.Partition;
import io.milvus.cdc.target.TargetConnection.Place;
import io.milvus.cdc.target.TargetException.Kind;
import io.milvus.grpc.LoadState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What of a collection is loaded on the target, as the target says, and how it becomes what is
 * wanted: partitions are loaded and released one by one, so that the others stay readable.
 *
 * <p>A partition that is to be loaded while the target begins to load others of its collection may
 * be listed as loaded by it and be unreadable until it is released (Milvus 2.3 to 2.5, its issue
 * 37849: the query node forgets partitions that it is told of before it watches the collection's
 * first vchannel). So nothing more is asked for until something is loaded to the end. (Not so for a
 * partition that is created while the target begins to load the whole collection: it adds that by
 * itself, and rows would have to wait.)
 */
final class LoadedPart {

  private static final Logger LOG = LoggerFactory.getLogger(LoadedPart.class);

  private final TargetClient client;
  private final Place place;
  private final Set<String> existing;
  private boolean loaded;
  private Set<String> partitions = Set.of();

  /** Partitions are listed, none of them is loaded to the end. */
  private boolean begins;

  private boolean pending;

  /**
   * Asks the target.
   *
   * @param existing the partitions that there are
   */
  LoadedPart(TargetClient client, Place place, Set<String> existing) throws TargetException {
    this.client = client;
    this.place = place;
    this.existing = Set.copyOf(existing);
    LoadState state = client.loadState(place.database(), place.name(), List.of());
    loaded = state != LoadState.LoadStateNotLoad;
    if (loaded) {
      Map<String, Long> percentages = client.loadedPartitions(place.database(), place.name());
      partitions = percentages.keySet();
      begins =
          !percentages.isEmpty()
              && percentages.values().stream().noneMatch(percentage -> percentage >= 100);
    }
  }

  /** Whether there are partitions that could not be loaded yet. */
  boolean isPending() {
    return pending;
  }

  /**
   * Releases what is not to be loaded; all of it when the number of replicas changes, because
   * Milvus changes it in no other way.
   *
   * @return how many operations it took
   */
  int releaseWhatIsNotWanted(CollectionState wanted) throws TargetException {
    if (!loaded) {
      return 0;
    }
    if (!wanted.hasLoad() || hasOtherReplicas(wanted.getLoad())) {
      return release();
    }
    Set<String> superfluous = new TreeSet<>(partitions);
    superfluous.removeAll(wantedPartitions(wanted));
    if (superfluous.isEmpty()) {
      return 0;
    }
    client.releasePartitions(place.database(), place.name(), new ArrayList<>(superfluous));
    Set<String> left = new TreeSet<>(partitions);
    left.removeAll(superfluous);
    partitions = left;
    loaded = !left.isEmpty();
    return 1;
  }

  /**
   * Releases everything.
   *
   * @return how many operations it took
   */
  int release() throws TargetException {
    if (!loaded) {
      return 0;
    }
    client.releaseCollection(place.database(), place.name());
    loaded = false;
    partitions = Set.of();
    return 1;
  }

  private boolean hasOtherReplicas(Load wanted) throws TargetException {
    // While it is being loaded the target cannot tell, and it was this task that asked for it.
    boolean complete =
        client.loadState(place.database(), place.name(), List.of()) == LoadState.LoadStateLoaded;
    return complete
        && client.replicas(place.database(), place.name()) != Math.max(1, wanted.getReplicas());
  }

  /**
   * Loads what is to be loaded and is not; {@link #isPending} tells whether some of it cannot be
   * loaded yet.
   *
   * @return how many operations it took
   */
  int loadWhatIsWanted(CollectionState wanted) throws TargetException {
    if (!wanted.hasLoad()) {
      return 0;
    }
    Set<String> missing = new TreeSet<>(wantedPartitions(wanted));
    missing.removeAll(partitions);
    if (missing.isEmpty()) {
      return 0;
    }
    if (loaded && begins) {
      pending = true;
      LOG.debug(
          "Loaded when the target has begun to load others: collection={} partitions={} others={}",
          place,
          missing,
          partitions);
      return 0;
    }
    try {
      load(wanted, missing);
      return 1;
    } catch (TargetException e) {
      if (!loaded || e.kind() != Kind.PERMANENT) {
        throw e;
      }
    }
    // Milvus 2.3 loads nothing more of a collection that got an index since it was loaded.
    int operations = release();
    load(wanted, new TreeSet<>(wantedPartitions(wanted)));
    return operations + 1;
  }

  private void load(CollectionState wanted, Set<String> missing) throws TargetException {
    Load load = wanted.getLoad();
    if (load.getPartitionsCount() == 0) {
      client.loadCollection(place.database(), place.name(), load.getReplicas());
    } else {
      client.loadPartitions(
          place.database(), place.name(), new ArrayList<>(missing), load.getReplicas());
    }
  }

  /** Without those that were dropped since the metadata was read. */
  private List<String> wantedPartitions(CollectionState wanted) {
    Stream<String> names =
        wanted.getLoad().getPartitionsCount() > 0
            ? wanted.getLoad().getPartitionsList().stream()
            : wanted.getPartitionsList().stream().map(Partition::getName);
    return names.filter(existing::contains).toList();
  }
}
