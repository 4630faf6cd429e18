package io.milvus.cdc.catalog;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.LogContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.core.io.InputStatus;

/**
 * Emits what a {@link CatalogFeed} tells. Its state is what it has emitted itself, so that a
 * savepoint and the events before it always agree.
 */
final class CatalogReader implements SourceReader<SourceEvent, CatalogSplit> {

  private static final long STOP_MILLIS = 10_000;

  /** Where the events come from. */
  interface Feed extends Runnable {
    /** The end of databases was emitted, and that is part of a completed checkpoint. */
    void dropped(Collection<String> databases);
  }

  private final BiFunction<KnownObjects, EventQueue, Feed> feedFactory;
  private final EventQueue queue = new EventQueue();
  private final Set<Long> collections = new HashSet<>();
  private final Set<String> databases = new HashSet<>();
  private final Set<Long> outside = new HashSet<>();
  private final List<String> droppedDatabases = new ArrayList<>();

  /** Databases whose end was emitted before a checkpoint, by the checkpoint. */
  private final NavigableMap<Long, List<String>> droppedBefore = new TreeMap<>();

  private Optional<Feed> feed = Optional.empty();
  private Optional<Thread> thread = Optional.empty();

  /**
   * A reader without a split.
   *
   * @param feedFactory makes the feed for what is known already and where it puts its events
   */
  CatalogReader(BiFunction<KnownObjects, EventQueue, Feed> feedFactory) {
    this.feedFactory = feedFactory;
  }

  @Override
  public void start() {}

  @Override
  public void addSplits(List<CatalogSplit> splits) {
    for (CatalogSplit split : splits) {
      collections.addAll(split.known().collections());
      databases.addAll(split.known().databases());
      outside.addAll(split.known().outside());
      Feed source = feedFactory.apply(split.known(), queue);
      Thread running = LogContext.current().thread(source, "catalog-feed");
      running.start();
      feed = Optional.of(source);
      thread = Optional.of(running);
    }
  }

  @Override
  public InputStatus pollNext(ReaderOutput<SourceEvent> output) {
    Optional<SourceEvent> next = queue.poll();
    if (next.isEmpty()) {
      return InputStatus.NOTHING_AVAILABLE;
    }
    SourceEvent event = next.get();
    if (event instanceof SourceEvent.CollectionSeen seen) {
      collections.add(seen.state().getId());
    } else if (event instanceof SourceEvent.CollectionGone gone) {
      collections.remove(gone.collectionId());
      outside.remove(gone.collectionId());
    } else if (event instanceof SourceEvent.CollectionOutside other) {
      collections.remove(other.collectionId());
      outside.add(other.collectionId());
    } else if (event instanceof SourceEvent.DatabaseSeen seen) {
      databases.add(seen.name());
    } else if (event instanceof SourceEvent.DatabaseGone gone) {
      databases.remove(gone.name());
      droppedDatabases.add(gone.name());
    }
    output.collect(event);
    return queue.hasEvent() ? InputStatus.MORE_AVAILABLE : InputStatus.NOTHING_AVAILABLE;
  }

  @Override
  public CompletableFuture<Void> isAvailable() {
    return queue.available();
  }

  @Override
  public List<CatalogSplit> snapshotState(long checkpointId) {
    droppedBefore.put(checkpointId, List.copyOf(droppedDatabases));
    droppedDatabases.clear();
    return thread.isPresent()
        ? List.of(new CatalogSplit(new KnownObjects(collections, databases, outside)))
        : List.of();
  }

  @Override
  public void notifyCheckpointComplete(long checkpointId) {
    NavigableMap<Long, List<String>> completed = droppedBefore.headMap(checkpointId, true);
    completed.values().forEach(names -> feed.ifPresent(source -> source.dropped(names)));
    completed.clear();
  }

  @Override
  public void notifyNoMoreSplits() {}

  @Override
  public void close() throws InterruptedException {
    if (thread.isPresent()) {
      thread.get().interrupt();
      thread.get().join(STOP_MILLIS);
    }
  }
}
