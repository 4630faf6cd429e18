package io.milvus.cdc.compare;

import io.milvus.grpc.FlushRequest;
import io.milvus.grpc.FlushResponse;
import io.milvus.grpc.GetFlushStateRequest;
import io.milvus.grpc.GetFlushStateResponse;
import io.milvus.grpc.LongArray;

/** Lets a cluster write to its storage what it has of a collection. */
final class Flush {

  private Flush() {}

  /**
   * Returns when everything that was acknowledged before is stored.
   *
   * @throws MilvusRefusedException when it is not after a minute
   */
  static void all(MilvusCluster cluster, String database, String collection) {
    FlushResponse begun =
        cluster.call(
            stub ->
                stub.flush(
                    FlushRequest.newBuilder()
                        .setDbName(database)
                        .addCollectionNames(collection)
                        .build()),
            FlushResponse::getStatus);
    GetFlushStateRequest state =
        GetFlushStateRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .addAllSegmentIDs(
                begun
                    .getCollSegIDsOrDefault(collection, LongArray.getDefaultInstance())
                    .getDataList())
            .setFlushTs(begun.getCollFlushTsOrDefault(collection, 0))
            .build();
    boolean flushed =
        Polling.until(
            () ->
                cluster
                    .call(stub -> stub.getFlushState(state), GetFlushStateResponse::getStatus)
                    .getFlushed());
    if (!flushed) {
      throw new MilvusRefusedException(
          database + "." + collection + " is not flushed after a minute");
    }
  }
}
