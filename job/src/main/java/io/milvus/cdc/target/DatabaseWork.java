package io.milvus.cdc.target;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.DatabaseGone;
import io.milvus.cdc.event.SourceEvent.DatabaseSeen;
import io.milvus.cdc.target.TargetException.Kind;
import io.milvus.grpc.DescribeCollectionResponse;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates and drops one database on the target. */
final class DatabaseWork implements LaneWork {

  private static final Logger LOG = LoggerFactory.getLogger(DatabaseWork.class);

  private final String name;
  private final TargetConnection connection;

  DatabaseWork(String name, TargetConnection connection) {
    this.name = name;
    this.connection = connection;
  }

  @Override
  public int apply(SourceEvent event) throws TargetException {
    TargetClient client = connection.client();
    boolean exists = client.databaseExists(name);
    if (event instanceof DatabaseSeen && !exists) {
      client.createDatabaseIfAbsent(name);
      return 1;
    }
    if (event instanceof DatabaseGone && exists) {
      return drop(client);
    }
    return 0;
  }

  private int drop(TargetClient client) throws TargetException {
    int copies = 0;
    for (String collection : client.collections(name)) {
      Optional<DescribeCollectionResponse> found = client.describeCollection(name, collection);
      if (found.isPresent() && TargetConnection.origin(found.get()).isEmpty()) {
        LOG.warn(
            "Database stays on the target: it holds a collection that no task made."
                + " database={} collection={}",
            name,
            collection);
        return 0;
      }
      copies += found.isPresent() ? 1 : 0;
    }
    if (copies > 0) {
      throw new TargetException(
          Kind.TRANSIENT, "it waits until the " + copies + " collections in it are dropped");
    }
    client.dropDatabase(name);
    return 1;
  }

  @Override
  public RowBatch newBatch() {
    throw new IllegalStateException("a database has no rows");
  }

  @Override
  public void write(RowBatch batch) {
    throw new IllegalStateException("a database has no rows");
  }

  @Override
  public String toString() {
    return "database " + name;
  }
}
