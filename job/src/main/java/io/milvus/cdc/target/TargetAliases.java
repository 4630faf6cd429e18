package io.milvus.cdc.target;

import io.milvus.cdc.target.TargetConnection.Place;
import io.milvus.grpc.DescribeCollectionResponse;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The aliases of one collection on the target.
 *
 * <p>An alias that moves from one collection to another is told to both, in any order. So one that
 * another collection has is moved, and one that is given up is dropped only while this collection
 * still has it, which nobody changes meanwhile.
 */
final class TargetAliases {

  /** For all tasks of the process: an alias is dropped by its name, whoever has it then. */
  private static final Lock LOCK = new ReentrantLock();

  private final TargetConnection connection;
  private final Place place;
  private Optional<String> lacking = Optional.empty();

  TargetAliases(TargetConnection connection, Place place) {
    this.connection = connection;
    this.place = place;
  }

  /**
   * Gives the collection these aliases and no others; {@link #lacking} tells of one that it could
   * not give.
   *
   * @return how many operations it took
   */
  int apply(Collection<String> wanted) throws TargetException {
    TargetClient client = connection.client();
    if (wanted.isEmpty() && aliases(client).isEmpty()) {
      return 0;
    }
    LOCK.lock();
    try {
      Set<String> present = new HashSet<>(aliases(client));
      int operations = 0;
      for (String alias : wanted) {
        if (!present.contains(alias)) {
          operations += assign(client, alias);
        }
      }
      present.removeAll(wanted);
      for (String alias : present) {
        client.dropAlias(place.database(), alias);
        operations++;
      }
      return operations;
    } finally {
      LOCK.unlock();
    }
  }

  /**
   * Drops an alias, if the collection has it.
   *
   * @return how many operations it took
   */
  int giveUp(String alias) throws TargetException {
    TargetClient client = connection.client();
    if (!aliases(client).contains(alias)) {
      return 0;
    }
    LOCK.lock();
    try {
      if (!aliases(client).contains(alias)) {
        return 0;
      }
      client.dropAlias(place.database(), alias);
      return 1;
    } finally {
      LOCK.unlock();
    }
  }

  private List<String> aliases(TargetClient client) throws TargetException {
    return client
        .describeCollection(place.database(), place.name())
        .map(description -> (List<String>) description.getAliasesList())
        .orElse(List.of());
  }

  /**
   * Why an alias could not be given: its name is that of a collection which is a copy, too, and
   * will get another name or be dropped. Empty when all were given.
   */
  Optional<String> lacking() {
    return lacking;
  }

  private int assign(TargetClient client, String alias) throws TargetException {
    Optional<DescribeCollectionResponse> named = client.describeCollection(place.database(), alias);
    if (named.isPresent() && named.get().getAliasesList().contains(alias)) {
      client.moveAlias(place.database(), place.name(), alias);
      return 1;
    }
    Optional<String> origin = named.flatMap(TargetConnection::origin);
    if (origin.filter(connection::isOfTheSource).isPresent()) {
      lacking =
          Optional.of(
              "the alias "
                  + new Place(place.database(), alias)
                  + " cannot be created on the target, where the copy of another source collection ("
                  + origin.get()
                  + ") has this name");
      return 0;
    }
    client.createAlias(place.database(), place.name(), alias);
    return 1;
  }
}
