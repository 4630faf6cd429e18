package io.milvus.cdc.target;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.DatabaseGone;
import io.milvus.cdc.event.SourceEvent.DatabaseSeen;
import java.util.List;
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

  /**
   * Drops the database when it is empty. Other subtasks may still have copies in it, and try after
   * them; the last one finds it empty.
   */
  private int drop(TargetClient client) throws TargetException {
    List<String> collections = client.collections(name);
    if (!collections.isEmpty()) {
      LOG.info(
          "Database stays on the target as long as there are collections in it:"
              + " database={} collections={}",
          name,
          collections);
      return 0;
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
