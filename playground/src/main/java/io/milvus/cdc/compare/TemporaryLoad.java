package io.milvus.cdc.compare;

import io.milvus.grpc.DescribeCollectionRequest;
import io.milvus.grpc.LoadCollectionRequest;
import io.milvus.grpc.LoadPartitionsRequest;
import io.milvus.grpc.ReleaseCollectionRequest;
import io.milvus.grpc.ReleasePartitionsRequest;
import java.util.SortedSet;
import java.util.TreeSet;

/** Keeps loaded what was not, until it is closed. */
final class TemporaryLoad implements AutoCloseable {

  private final MilvusCluster cluster;
  private final String database;
  private final String collection;
  private final LoadedPart before;
  private final SortedSet<String> added;

  /** Loads all of a collection, and waits for the end of that. */
  TemporaryLoad(
      MilvusCluster cluster, String database, String collection, DescribedCollection described) {
    this.cluster = cluster;
    this.database = database;
    this.collection = collection;
    this.before = described.loaded();
    this.added = new TreeSet<>(described.partitions());
    added.removeAll(before.partitions());
    if (!before.isReadable()) {
      LoadCollectionRequest request =
          LoadCollectionRequest.newBuilder()
              .setDbName(database)
              .setCollectionName(collection)
              .setReplicaNumber(1)
              .build();
      cluster.call(stub -> stub.loadCollection(request));
    } else if (!added.isEmpty()) {
      LoadPartitionsRequest request =
          LoadPartitionsRequest.newBuilder()
              .setDbName(database)
              .setCollectionName(collection)
              .addAllPartitionNames(added)
              .setReplicaNumber(before.replicas())
              .build();
      cluster.call(stub -> stub.loadPartitions(request));
    }
  }

  /** What is loaded now. */
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
    if (!before.isReadable()) {
      ReleaseCollectionRequest request =
          ReleaseCollectionRequest.newBuilder()
              .setDbName(database)
              .setCollectionName(collection)
              .build();
      cluster.call(stub -> stub.releaseCollection(request));
    } else if (!added.isEmpty()) {
      ReleasePartitionsRequest request =
          ReleasePartitionsRequest.newBuilder()
              .setDbName(database)
              .setCollectionName(collection)
              .addAllPartitionNames(added)
              .build();
      cluster.call(stub -> stub.releasePartitions(request));
    }
  }
}
