package io.milvus.cdc.compare;

import io.milvus.grpc.DescribeCollectionRequest;
import io.milvus.grpc.LoadCollectionRequest;
import io.milvus.grpc.LoadPartitionsRequest;
import io.milvus.grpc.ReleaseCollectionRequest;

/** Keeps loaded what was not, until it is closed. */
final class TemporaryLoad implements AutoCloseable {

  private final MilvusCluster cluster;
  private final String database;
  private final String collection;
  private final LoadedPart before;

  /**
   * Begins to load all of a collection. What is loaded in part is released first: Milvus 2.3 loads
   * no more of a collection that got an index since it was loaded.
   */
  TemporaryLoad(
      MilvusCluster cluster, String database, String collection, DescribedCollection described) {
    this.cluster = cluster;
    this.database = database;
    this.collection = collection;
    this.before = described.loaded();
    if (before.isReadable()) {
      release(cluster, database, collection);
    }
    load(cluster, database, collection, 1);
  }

  /**
   * Loads all of a loaded collection once more, from what the cluster has stored: everything is
   * flushed first, so that no message of its log has to be read again. Returns when that is done.
   */
  static void loadAnew(MilvusCluster cluster, String database, String collection, int replicas) {
    Flush.all(cluster, database, collection);
    release(cluster, database, collection);
    load(cluster, database, collection, replicas);
    var unused = loaded(cluster, database, collection);
  }

  private static void load(
      MilvusCluster cluster, String database, String collection, int replicas) {
    LoadCollectionRequest request =
        LoadCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setReplicaNumber(replicas)
            .build();
    cluster.call(stub -> stub.loadCollection(request));
  }

  private static void release(MilvusCluster cluster, String database, String collection) {
    ReleaseCollectionRequest request =
        ReleaseCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .build();
    cluster.call(stub -> stub.releaseCollection(request));
  }

  /** What is loaded once loading has ended. */
  LoadedPart loaded() {
    return loaded(cluster, database, collection);
  }

  private static LoadedPart loaded(MilvusCluster cluster, String database, String collection) {
    return LoadedPart.read(
        cluster,
        DescribeCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .build());
  }

  @Override
  public void close() {
    release(cluster, database, collection);
    if (before.isReadable()) {
      LoadPartitionsRequest request =
          LoadPartitionsRequest.newBuilder()
              .setDbName(database)
              .setCollectionName(collection)
              .addAllPartitionNames(before.partitions())
              .setReplicaNumber(before.replicas())
              .build();
      cluster.call(stub -> stub.loadPartitions(request));
    }
  }
}
