package io.milvus.cdc.compare;

import io.milvus.client.MilvusServiceClient;
import io.milvus.grpc.DescribeCollectionRequest;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.DescribeIndexRequest;
import io.milvus.grpc.DescribeIndexResponse;
import io.milvus.grpc.IndexDescription;
import io.milvus.grpc.ListDatabasesRequest;
import io.milvus.grpc.ListDatabasesResponse;
import io.milvus.grpc.MilvusServiceGrpc.MilvusServiceBlockingStub;
import io.milvus.grpc.ShowCollectionsRequest;
import io.milvus.grpc.ShowCollectionsResponse;
import io.milvus.grpc.Status;
import io.milvus.param.ConnectParam;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A connection to one Milvus, to be asked in the words of its protocol: what the SDK's own requests
 * leave out (databases on every call, columns as they are) can be said.
 */
public final class MilvusCluster implements AutoCloseable {

  private static final long CALL_SECONDS = 60;

  /** What Milvus answers when a collection has no index. */
  private static final int INDEX_NOT_FOUND = 700;

  private final Connection connection;
  private final String address;

  /** Opens what the SDK keeps to itself. */
  private static final class Connection extends MilvusServiceClient {

    Connection(ConnectParam parameters) {
      super(parameters);
    }

    MilvusServiceBlockingStub stub() {
      return blockingStub().withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
    }
  }

  private MilvusCluster(Connection connection, String address) {
    this.connection = connection;
    this.address = address;
  }

  /** Connects to a Milvus without authorization. */
  public static MilvusCluster connect(String host, int port) {
    return connect(ConnectParam.newBuilder().withHost(host).withPort(port).build());
  }

  /** Connects to a Milvus that wants more than an address. */
  public static MilvusCluster connect(ConnectParam parameters) {
    return new MilvusCluster(
        new Connection(parameters), parameters.getHost() + ":" + parameters.getPort());
  }

  /** For calls that {@link #call} does not fit; they carry a deadline. */
  public MilvusServiceBlockingStub stub() {
    return connection.stub();
  }

  /**
   * Makes a call that answers with a status.
   *
   * @throws MilvusRefusedException with Milvus' reason when the status says that it failed
   */
  public void call(Function<MilvusServiceBlockingStub, Status> call) {
    check(call.apply(stub()));
  }

  /**
   * Makes a call whose answer holds a status.
   *
   * @throws MilvusRefusedException with Milvus' reason when the status says that it failed
   */
  public <T> T call(
      Function<MilvusServiceBlockingStub, T> call, Function<T, Status> statusOfAnswer) {
    T answer = call.apply(stub());
    check(statusOfAnswer.apply(answer));
    return answer;
  }

  /** Names of its databases, in no particular order. */
  public List<String> databases() {
    return call(
            stub -> stub.listDatabases(ListDatabasesRequest.getDefaultInstance()),
            ListDatabasesResponse::getStatus)
        .getDbNamesList();
  }

  /** Names of the collections of a database, in no particular order. */
  public List<String> collections(String database) {
    ShowCollectionsRequest request =
        ShowCollectionsRequest.newBuilder().setDbName(database).build();
    return call(stub -> stub.showCollections(request), ShowCollectionsResponse::getStatus)
        .getCollectionNamesList();
  }

  /**
   * A collection, as this cluster describes it.
   *
   * @param database empty for {@code default}
   */
  public DescribeCollectionResponse describe(String database, String collection) {
    DescribeCollectionRequest request =
        DescribeCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .build();
    return call(stub -> stub.describeCollection(request), DescribeCollectionResponse::getStatus);
  }

  /** Its collections, as it describes them, in no particular order. */
  public List<DescribeCollectionResponse> collections() {
    List<DescribeCollectionResponse> all = new ArrayList<>();
    for (String database : databases()) {
      for (String collection : collections(database)) {
        all.add(describe(database, collection));
      }
    }
    return all;
  }

  /**
   * The indexes of all fields of a collection, at most one a field. Milvus 2.3 to 2.5 answer with
   * all of them even when asked for those of one field.
   *
   * @param database empty for {@code default}
   */
  public List<IndexDescription> indexes(String database, String collection) {
    DescribeIndexRequest request =
        DescribeIndexRequest.newBuilder().setDbName(database).setCollectionName(collection).build();
    try {
      return call(stub -> stub.describeIndex(request), DescribeIndexResponse::getStatus)
          .getIndexDescriptionsList();
    } catch (MilvusRefusedException e) {
      if (e.code() == INDEX_NOT_FOUND) {
        return List.of();
      }
      throw e;
    }
  }

  // Some calls of 2.3 still set nothing but the older field.
  @SuppressWarnings("deprecation")
  private void check(Status status) {
    if (status.getCode() != 0 || status.getErrorCode() != io.milvus.grpc.ErrorCode.Success) {
      throw new MilvusRefusedException(address, status);
    }
  }

  @Override
  public void close() {
    try {
      connection.close(1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
