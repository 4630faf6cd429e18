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
      release();
    }
    LoadCollectionRequest request =
        LoadCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setReplicaNumber(1)
            .build();
    cluster.call(stub -> stub.loadCollection(request));
  }

  private void release() {
    ReleaseCollectionRequest request =
        ReleaseCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .build();
    cluster.call(stub -> stub.releaseCollection(request));
  }

  /** What is loaded once loading has ended. */
  LoadedPart loaded() {
    return LoadedPart.read(
        cluster,
        DescribeCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .build());
  }

  @Override
  public void close() {
    release();
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
