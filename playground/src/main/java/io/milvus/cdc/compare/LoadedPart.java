package io.milvus.cdc.compare;

import io.milvus.grpc.DescribeCollectionRequest;
import io.milvus.grpc.GetLoadStateRequest;
import io.milvus.grpc.GetLoadStateResponse;
import io.milvus.grpc.GetReplicasRequest;
import io.milvus.grpc.GetReplicasResponse;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.ShowPartitionsRequest;
import io.milvus.grpc.ShowPartitionsResponse;
import io.milvus.grpc.ShowType;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What of a collection is in memory.
 *
 * @param state of the collection: loading when that did not end while it was waited for
 * @param partitions that are loaded, or loading
 * @param replicas 0 when nothing is loaded
 */
record LoadedPart(LoadState state, SortedSet<String> partitions, int replicas) {

  /** Nothing. */
  static final LoadedPart NOTHING = new LoadedPart(LoadState.LoadStateNotLoad, new TreeSet<>(), 0);

  boolean isReadable() {
    return state == LoadState.LoadStateLoaded;
  }

  String inWords() {
    return switch (state) {
      case LoadStateLoaded -> "loaded";
      case LoadStateLoading -> "still loading after a minute";
      case LoadStateNotLoad, LoadStateNotExist, UNRECOGNIZED -> "not loaded";
    };
  }

  /** Reads it; while the collection is being loaded the end of that is waited for. */
  static LoadedPart read(MilvusCluster cluster, DescribeCollectionRequest collection) {
    boolean ended = Polling.until(() -> state(cluster, collection) != LoadState.LoadStateLoading);
    LoadState state = ended ? state(cluster, collection) : LoadState.LoadStateLoading;
    return switch (state) {
      case LoadStateLoaded ->
          new LoadedPart(state, partitions(cluster, collection), replicas(cluster, collection));
      case LoadStateLoading -> new LoadedPart(state, partitions(cluster, collection), 0);
      case LoadStateNotLoad, LoadStateNotExist, UNRECOGNIZED -> NOTHING;
    };
  }

  private static LoadState state(MilvusCluster cluster, DescribeCollectionRequest collection) {
    GetLoadStateRequest request =
        GetLoadStateRequest.newBuilder()
            .setDbName(collection.getDbName())
            .setCollectionName(collection.getCollectionName())
            .build();
    return cluster
        .call(stub -> stub.getLoadState(request), GetLoadStateResponse::getStatus)
        .getState();
  }

  // Partitions in memory cannot be asked for in another way that answers for all of them at once.
  @SuppressWarnings("deprecation")
  private static SortedSet<String> partitions(
      MilvusCluster cluster, DescribeCollectionRequest collection) {
    ShowPartitionsRequest request =
        ShowPartitionsRequest.newBuilder()
            .setDbName(collection.getDbName())
            .setCollectionName(collection.getCollectionName())
            .setType(ShowType.InMemory)
            .build();
    return new TreeSet<>(
        cluster
            .call(stub -> stub.showPartitions(request), ShowPartitionsResponse::getStatus)
            .getPartitionNamesList());
  }

  private static int replicas(MilvusCluster cluster, DescribeCollectionRequest collection) {
    GetReplicasRequest request =
        GetReplicasRequest.newBuilder()
            .setDbName(collection.getDbName())
            .setCollectionName(collection.getCollectionName())
            .build();
    return cluster
        .call(stub -> stub.getReplicas(request), GetReplicasResponse::getStatus)
        .getReplicasCount();
  }
}
