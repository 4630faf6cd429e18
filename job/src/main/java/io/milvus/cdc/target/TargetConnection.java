package io.milvus.cdc.target;

import io.milvus.cdc.target.TargetException.Kind;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.KeyValuePair;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The connection to one target, opened when it is first needed, and the whereabouts of the
 * collections there that are copies of source collections. Safe for use by many threads.
 *
 * <p>A copy carries a property that names its source collection. So a collection that was dropped
 * and created again under its name is never taken for its predecessor, a renamed one is found
 * again, and what somebody else made is not dropped.
 */
final class TargetConnection implements AutoCloseable {

  /** Key of the property that names the source collection: {@code <etcd root path>/<id>}. */
  static final String ORIGIN_PROPERTY = "cdc.source.collection";

  private final TargetCluster target;
  private final String sourceName;
  private final Selection selection;
  private final TargetProgress progress;
  private TargetClient client;
  private final Map<String, Place> copies = new HashMap<>();

  /** Where a collection is on the target. */
  record Place(String database, String name) {
    @Override
    public String toString() {
      return database + "." + name;
    }
  }

  /**
   * @param sourceName tells the collections of one source cluster from those of others
   * @param selection what is copied; other tasks may copy other collections of the source there
   * @param progress is told of the calls
   */
  TargetConnection(
      TargetCluster target, String sourceName, Selection selection, TargetProgress progress) {
    this.target = target;
    this.sourceName = sourceName;
    this.selection = selection;
    this.progress = progress;
  }

  /**
   * The client, connected.
   *
   * @throws TargetException when the target cannot be reached now
   */
  synchronized TargetClient client() throws TargetException {
    if (client == null) {
      TargetClient opened = TargetClient.connect(target, progress);
      try {
        findCopies(opened);
      } catch (TargetException e) {
        opened.close();
        throw e;
      }
      client = opened;
    }
    return client;
  }

  /**
   * Where the copy of a source collection is. When it is not where it was last seen, because
   * somebody moved it, all collections are looked through.
   */
  Optional<Place> locate(long collectionId) throws TargetException {
    Optional<Place> remembered = copyOf(collectionId);
    if (remembered.isEmpty()) {
      return Optional.empty();
    }
    TargetClient open = client();
    Place place = remembered.get();
    boolean there =
        open.describeCollection(place.database(), place.name())
            .flatMap(TargetConnection::origin)
            .filter(originOf(collectionId)::equals)
            .isPresent();
    if (there) {
      return remembered;
    }
    dropped(collectionId);
    findCopies(open);
    return copyOf(collectionId);
  }

  private synchronized void findCopies(TargetClient opened) throws TargetException {
    for (String database : opened.databases()) {
      for (String name : opened.collections(database)) {
        opened
            .describeCollection(database, name)
            .flatMap(TargetConnection::origin)
            .ifPresent(origin -> copies.put(origin, new Place(database, name)));
      }
    }
  }

  /** The value of {@link #ORIGIN_PROPERTY} for a source collection. */
  String originOf(long collectionId) {
    return sourceName + "/" + collectionId;
  }

  /** What a collection on the target is a copy of; empty when nobody said. */
  static Optional<String> origin(DescribeCollectionResponse description) {
    return description.getPropertiesList().stream()
        .filter(property -> property.getKey().equals(ORIGIN_PROPERTY))
        .map(KeyValuePair::getValue)
        .findFirst();
  }

  /** Whether what a collection is a copy of belongs to the same source. */
  boolean isOfTheSource(String origin) {
    return origin.startsWith(sourceName + "/");
  }

  /** Where the copy of a source collection was last seen. */
  synchronized Optional<Place> copyOf(long collectionId) {
    return Optional.ofNullable(copies.get(originOf(collectionId)));
  }

  /** Remembers where the copy of a source collection is now. */
  synchronized void copied(long collectionId, Place place) {
    copies.put(originOf(collectionId), place);
  }

  /** Forgets the copy of a source collection. */
  synchronized void dropped(long collectionId) {
    copies.remove(originOf(collectionId));
  }

  /** Whether the task can have made a copy of this name. */
  boolean canBeOwn(Place place) {
    return selection.writes(place.database(), place.name());
  }

  /** {@code host:port} of the target, for messages to people. */
  String address() {
    return target.address();
  }

  /** An error that waiting may cure. */
  static TargetException wait(String reason) {
    return new TargetException(Kind.TRANSIENT, reason);
  }

  @Override
  public synchronized void close() {
    if (client != null) {
      client.close();
      client = null;
    }
  }
}
