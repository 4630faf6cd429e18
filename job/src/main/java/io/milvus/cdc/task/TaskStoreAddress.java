package io.milvus.cdc.task;

import io.milvus.cdc.etcd.EtcdCluster;
import java.io.Serializable;
import java.util.List;

/**
 * Where the task store is. Holds no secret: it is part of a job's graph.
 *
 * @param endpoints client addresses of its etcd, for example {@code http://127.0.0.1:2379}
 * @param root the prefix of all its keys, without a slash at its end, for example {@code cdc}
 */
public record TaskStoreAddress(List<String> endpoints, String root) implements Serializable {

  private static final long serialVersionUID = 1L;

  public TaskStoreAddress {
    endpoints = List.copyOf(endpoints);
    if (root.isEmpty() || root.endsWith("/")) {
      throw new IllegalArgumentException(
          "the task store's root path must not be empty or end with a slash: \"" + root + "\"");
    }
  }

  /**
   * A connection to the store, made when it is first used, as the process was told to get in.
   *
   * @throws PermanentFailure when what it was told cannot be used
   */
  public EtcdTaskStore open() {
    return open(StoreAccess.ofThisProcess());
  }

  /** A connection to the store, made when it is first used. */
  public EtcdTaskStore open(StoreAccess access) {
    return EtcdTaskStore.open(this, access);
  }

  /** The store's etcd. */
  public EtcdCluster etcd(StoreAccess access) {
    return new EtcdCluster(endpoints, access.user(), access.tls());
  }

  /** {@code root at endpoints}, for messages to people. */
  @Override
  public String toString() {
    return root + " at " + String.join(",", endpoints);
  }
}
