package io.milvus.cdc.target;

import io.milvus.cdc.target.TargetConnection.Place;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
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

  TargetAliases(TargetConnection connection, Place place) {
    this.connection = connection;
    this.place = place;
  }

  /**
   * Gives the collection these aliases and no others.
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
          assign(client, alias);
          operations++;
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

  private List<String> aliases(TargetClient client) throws TargetException {
    return client
        .describeCollection(place.database(), place.name())
        .map(description -> (List<String>) description.getAliasesList())
        .orElse(List.of());
  }

  private void assign(TargetClient client, String alias) throws TargetException {
    boolean taken =
        client
            .describeCollection(place.database(), alias)
            .filter(description -> description.getAliasesList().contains(alias))
            .isPresent();
    if (taken) {
      client.moveAlias(place.database(), place.name(), alias);
    } else {
      client.createAlias(place.database(), place.name(), alias);
    }
  }
}
