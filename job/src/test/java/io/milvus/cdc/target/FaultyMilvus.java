package io.milvus.cdc.target;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.grpc.AlterCollectionRequest;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.ConnectRequest;
import io.milvus.grpc.ConnectResponse;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.CreateDatabaseRequest;
import io.milvus.grpc.CreatePartitionRequest;
import io.milvus.grpc.DeleteRequest;
import io.milvus.grpc.DescribeCollectionRequest;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.DescribeIndexRequest;
import io.milvus.grpc.DescribeIndexResponse;
import io.milvus.grpc.DropCollectionRequest;
import io.milvus.grpc.DropDatabaseRequest;
import io.milvus.grpc.DropPartitionRequest;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.GetLoadStateRequest;
import io.milvus.grpc.GetLoadStateResponse;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.ListDatabasesRequest;
import io.milvus.grpc.ListDatabasesResponse;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.MilvusServiceGrpc;
import io.milvus.grpc.MutationResult;
import io.milvus.grpc.ShowCollectionsRequest;
import io.milvus.grpc.ShowCollectionsResponse;
import io.milvus.grpc.ShowPartitionsRequest;
import io.milvus.grpc.ShowPartitionsResponse;
import io.milvus.grpc.UpsertRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * A target on a real connection that fails as it is told, which a real Milvus does not on demand.
 * It keeps the rows of one collection with an int64 key "id" and a vector "v".
 */
final class FaultyMilvus extends MilvusServiceGrpc.MilvusServiceImplBase implements AutoCloseable {

  private final Server server;
  private final List<String> calls = new ArrayList<>();
  private final Map<Long, List<Float>> rows = new TreeMap<>();
  private final Set<String> partitions = new TreeSet<>(Set.of("_default"));
  private final Set<String> databases = new TreeSet<>(Set.of("default"));
  private int doubled;
  private Optional<CreateCollectionRequest> collection = Optional.empty();

  /** What the next writes meet, one after the other. */
  final ConcurrentLinkedQueue<Fault> faults = new ConcurrentLinkedQueue<>();

  /** What can go wrong with a write. */
  enum Fault {
    /** The server does nothing and says it is not there. */
    UNAVAILABLE,
    /** The server writes and the acknowledgement is lost. */
    ACKNOWLEDGEMENT_LOST,
    /** The server does nothing and says that it is over its limit. */
    RATE_LIMITED,
    /** The server says that the request is wrong. */
    INVALID,
    /** The server says that nobody of this name may do it. */
    UNAUTHORIZED
  }

  FaultyMilvus() throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(this)
            .build()
            .start();
  }

  TargetCluster cluster() {
    return new TargetCluster("127.0.0.1", server.getPort(), false, Optional.empty(), 10);
  }

  /** Inserts, upserts and deletes in the order of their arrival, for example {@code insert 2}. */
  synchronized List<String> calls() {
    return List.copyOf(calls);
  }

  /** Vectors by key. */
  synchronized Map<Long, List<Float>> rows() {
    return new TreeMap<>(rows);
  }

  /** Names of its partitions. */
  synchronized Set<String> partitions() {
    return new TreeSet<>(partitions);
  }

  /** How many rows were inserted beside one of the same key. */
  synchronized int doubled() {
    return doubled;
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private void mutate(StreamObserver<MutationResult> out, String call, Runnable change) {
    Fault fault = faults.poll();
    synchronized (this) {
      calls.add(call);
      if (fault == null || fault == Fault.ACKNOWLEDGEMENT_LOST) {
        change.run();
      }
    }
    if (fault == null) {
      answer(out, MutationResult::getDefaultInstance);
      return;
    }
    switch (fault) {
      case UNAVAILABLE -> out.onError(Status.UNAVAILABLE.asRuntimeException());
      case ACKNOWLEDGEMENT_LOST -> out.onError(Status.INTERNAL.asRuntimeException());
      case RATE_LIMITED -> answer(out, () -> failed(8, "request is rejected by rate limiter"));
      case INVALID -> answer(out, () -> failed(1100, "the dim of field v is wrong"));
      case UNAUTHORIZED -> answer(out, () -> failed(1400, "auth check failure"));
    }
  }

  private static MutationResult failed(int code, String reason) {
    return MutationResult.newBuilder()
        .setStatus(io.milvus.grpc.Status.newBuilder().setCode(code).setReason(reason))
        .build();
  }

  private static <T> void answer(StreamObserver<T> out, Supplier<T> response) {
    out.onNext(response.get());
    out.onCompleted();
  }

  @Override
  public void insert(InsertRequest request, StreamObserver<MutationResult> out) {
    mutate(out, "insert " + request.getNumRows(), () -> put(request.getFieldsDataList(), false));
  }

  @Override
  public void upsert(UpsertRequest request, StreamObserver<MutationResult> out) {
    mutate(out, "upsert " + request.getNumRows(), () -> put(request.getFieldsDataList(), true));
  }

  private void put(List<FieldData> columns, boolean replace) {
    List<Long> keys = columns.get(0).getScalars().getLongData().getDataList();
    List<Float> floats = columns.get(1).getVectors().getFloatVector().getDataList();
    for (int i = 0; i < keys.size(); i++) {
      List<Float> old = rows.put(keys.get(i), List.copyOf(floats.subList(2 * i, 2 * i + 2)));
      doubled += old != null && !replace ? 1 : 0;
    }
  }

  @Override
  public void delete(DeleteRequest request, StreamObserver<MutationResult> out) {
    String expression = request.getExpr();
    mutate(
        out,
        "delete " + expression,
        () -> rows.keySet().removeIf(key -> expression.matches(".*[\\[,]" + key + "[,\\]].*")));
  }

  @Override
  public void connect(ConnectRequest request, StreamObserver<ConnectResponse> out) {
    answer(out, ConnectResponse::getDefaultInstance);
  }

  @Override
  public void listDatabases(
      ListDatabasesRequest request, StreamObserver<ListDatabasesResponse> out) {
    answer(out, () -> ListDatabasesResponse.newBuilder().addAllDbNames(databases()).build());
  }

  private synchronized Set<String> databases() {
    return new TreeSet<>(databases);
  }

  @Override
  public synchronized void createDatabase(
      CreateDatabaseRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    databases.add(request.getDbName());
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  @Override
  public synchronized void dropDatabase(
      DropDatabaseRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    calls.add("drop database " + request.getDbName());
    databases.remove(request.getDbName());
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  @Override
  public void showCollections(
      ShowCollectionsRequest request, StreamObserver<ShowCollectionsResponse> out) {
    answer(out, ShowCollectionsResponse::getDefaultInstance);
  }

  @Override
  public synchronized void createCollection(
      CreateCollectionRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    collection = Optional.of(request);
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  @Override
  public synchronized void dropCollection(
      DropCollectionRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    calls.add("drop " + request.getCollectionName());
    collection = Optional.empty();
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  @Override
  public void alterCollection(
      AlterCollectionRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  @Override
  public synchronized void describeCollection(
      DescribeCollectionRequest request, StreamObserver<DescribeCollectionResponse> out) {
    DescribeCollectionResponse.Builder response = DescribeCollectionResponse.newBuilder();
    if (collection.isPresent()) {
      response
          .addAllProperties(collection.get().getPropertiesList())
          .setSchema(schema(collection.get().getSchema()));
    } else {
      response.setStatus(io.milvus.grpc.Status.newBuilder().setCode(100).setReason("not found"));
    }
    answer(out, response::build);
  }

  private static CollectionSchema schema(ByteString bytes) {
    try {
      return CollectionSchema.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void showPartitions(
      ShowPartitionsRequest request, StreamObserver<ShowPartitionsResponse> out) {
    answer(
        out, () -> ShowPartitionsResponse.newBuilder().addAllPartitionNames(partitions()).build());
  }

  @Override
  public synchronized void createPartition(
      CreatePartitionRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    partitions.add(request.getPartitionName());
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  @Override
  public synchronized void dropPartition(
      DropPartitionRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    partitions.remove(request.getPartitionName());
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  @Override
  public void describeIndex(
      DescribeIndexRequest request, StreamObserver<DescribeIndexResponse> out) {
    answer(out, DescribeIndexResponse::getDefaultInstance);
  }

  @Override
  public void getLoadState(GetLoadStateRequest request, StreamObserver<GetLoadStateResponse> out) {
    answer(
        out, () -> GetLoadStateResponse.newBuilder().setState(LoadState.LoadStateNotLoad).build());
  }
}
