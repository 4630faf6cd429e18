package io.milvus.cdc.target;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.grpc.AlterCollectionRequest;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.ConnectRequest;
import io.milvus.grpc.ConnectResponse;
import io.milvus.grpc.CreateAliasRequest;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.DescribeCollectionRequest;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.DescribeIndexRequest;
import io.milvus.grpc.DescribeIndexResponse;
import io.milvus.grpc.DropAliasRequest;
import io.milvus.grpc.DropCollectionRequest;
import io.milvus.grpc.GetLoadStateRequest;
import io.milvus.grpc.GetLoadStateResponse;
import io.milvus.grpc.GetReplicasRequest;
import io.milvus.grpc.GetReplicasResponse;
import io.milvus.grpc.GetVersionRequest;
import io.milvus.grpc.GetVersionResponse;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.ListDatabasesRequest;
import io.milvus.grpc.ListDatabasesResponse;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.MilvusServiceGrpc;
import io.milvus.grpc.MutationResult;
import io.milvus.grpc.RenameCollectionRequest;
import io.milvus.grpc.ReplicaInfo;
import io.milvus.grpc.ShowCollectionsRequest;
import io.milvus.grpc.ShowCollectionsResponse;
import io.milvus.grpc.ShowPartitionsRequest;
import io.milvus.grpc.ShowPartitionsResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * A target on a real connection that holds collections of one database, and tells about one; what
 * becomes of rows is up to others.
 */
abstract class InProcessMilvus extends MilvusServiceGrpc.MilvusServiceImplBase
    implements AutoCloseable {

  private final Server server;
  private final Map<String, CreateCollectionRequest> collections = new TreeMap<>();

  /** Names of collections by alias. */
  private final Map<String, String> aliases = new TreeMap<>();

  /** Those that have been altered, as they will be after a restart. */
  private final Map<String, CreateCollectionRequest> kept = new TreeMap<>();

  InProcessMilvus() throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(this)
            .build()
            .start();
  }

  TargetCluster cluster() {
    return new TargetCluster("127.0.0.1", server.getPort(), false, Optional.empty(), 10);
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  /** What it says that it is. */
  String version() {
    return "v2.3.5";
  }

  /** What it makes of the schema that it is asked to create a collection with. */
  CollectionSchema understood(CollectionSchema schema) {
    return schema;
  }

  /** Names of the collections. */
  synchronized Set<String> names() {
    return new TreeSet<>(collections.keySet());
  }

  /** The first collection as it was asked for; empty when there is none. */
  synchronized Optional<CreateCollectionRequest> collection() {
    return collections.values().stream().findFirst();
  }

  /** The collection's schema as it understood it. */
  CollectionSchema schema() {
    try {
      return understood(CollectionSchema.parseFrom(collection().orElseThrow().getSchema()));
    } catch (InvalidProtocolBufferException e) {
      throw new UncheckedIOException(e);
    }
  }

  static MutationResult failed(int code, String reason) {
    return MutationResult.newBuilder()
        .setStatus(io.milvus.grpc.Status.newBuilder().setCode(code).setReason(reason))
        .build();
  }

  static <T> void answer(StreamObserver<T> out, Supplier<T> response) {
    out.onNext(response.get());
    out.onCompleted();
  }

  @Override
  public void getVersion(GetVersionRequest request, StreamObserver<GetVersionResponse> out) {
    answer(out, () -> GetVersionResponse.newBuilder().setVersion(version()).build());
  }

  @Override
  public void connect(ConnectRequest request, StreamObserver<ConnectResponse> out) {
    answer(out, ConnectResponse::getDefaultInstance);
  }

  @Override
  public void listDatabases(
      ListDatabasesRequest request, StreamObserver<ListDatabasesResponse> out) {
    answer(out, () -> ListDatabasesResponse.newBuilder().addDbNames("default").build());
  }

  @Override
  public void showCollections(
      ShowCollectionsRequest request, StreamObserver<ShowCollectionsResponse> out) {
    Set<String> names = request.getDbName().equals("default") ? names() : Set.of();
    answer(out, () -> ShowCollectionsResponse.newBuilder().addAllCollectionNames(names).build());
  }

  @Override
  public void createCollection(
      CreateCollectionRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    synchronized (this) {
      collections.put(request.getCollectionName(), request);
    }
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  @Override
  public synchronized void dropCollection(
      DropCollectionRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    collections.remove(request.getCollectionName());
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  @Override
  public synchronized void renameCollection(
      RenameCollectionRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    if (aliases.containsKey(request.getNewName())) {
      answer(
          out,
          () ->
              io.milvus.grpc.Status.newBuilder()
                  .setCode(65535)
                  .setReason("cannot rename collection to an existing alias")
                  .build());
      return;
    }
    collections.put(request.getNewName(), collections.remove(request.getOldName()));
    aliases.replaceAll((alias, of) -> of.equals(request.getOldName()) ? request.getNewName() : of);
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  /** As Milvus 2.3.5 does it: what is kept is what the call before has changed. */
  @Override
  public synchronized void alterCollection(
      AlterCollectionRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    CreateCollectionRequest before = collections.get(request.getCollectionName());
    Map<String, String> properties = new TreeMap<>();
    before.getPropertiesList().forEach(each -> properties.put(each.getKey(), each.getValue()));
    request.getPropertiesList().forEach(each -> properties.put(each.getKey(), each.getValue()));
    request.getDeleteKeysList().forEach(properties::remove);
    CreateCollectionRequest.Builder after = before.toBuilder().clearProperties();
    properties.forEach(
        (key, value) -> after.addProperties(KeyValuePair.newBuilder().setKey(key).setValue(value)));
    collections.put(request.getCollectionName(), after.build());
    kept.put(request.getCollectionName(), before);
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  /** Forgets what is not kept. */
  synchronized void restart() {
    collections.putAll(kept);
  }

  @Override
  public synchronized void describeCollection(
      DescribeCollectionRequest request, StreamObserver<DescribeCollectionResponse> out) {
    DescribeCollectionResponse.Builder response = DescribeCollectionResponse.newBuilder();
    String asked = request.getCollectionName();
    String name = aliases.getOrDefault(asked, asked);
    CreateCollectionRequest collection = collections.get(name);
    if (collection != null) {
      response.setSchema(schema()).addAllProperties(collection.getPropertiesList());
      aliases.forEach(
          (alias, of) -> {
            if (of.equals(name)) {
              response.addAliases(alias);
            }
          });
    } else {
      response.setStatus(io.milvus.grpc.Status.newBuilder().setCode(100).setReason("not found"));
    }
    answer(out, response::build);
  }

  @Override
  public synchronized void createAlias(
      CreateAliasRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    if (collections.containsKey(request.getAlias())) {
      answer(
          out,
          () ->
              io.milvus.grpc.Status.newBuilder()
                  .setCode(1601)
                  .setReason("the name is a collection's")
                  .build());
      return;
    }
    aliases.put(request.getAlias(), request.getCollectionName());
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  @Override
  public synchronized void dropAlias(
      DropAliasRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    aliases.remove(request.getAlias());
    answer(out, io.milvus.grpc.Status::getDefaultInstance);
  }

  /** A collection's properties; empty when there is none of that name. */
  synchronized Map<String, String> properties(String name) {
    Map<String, String> properties = new TreeMap<>();
    Optional.ofNullable(collections.get(name))
        .ifPresent(
            collection ->
                collection
                    .getPropertiesList()
                    .forEach(each -> properties.put(each.getKey(), each.getValue())));
    return properties;
  }

  /** Collections by alias. */
  synchronized Map<String, String> aliases() {
    return new TreeMap<>(aliases);
  }

  @Override
  public void showPartitions(
      ShowPartitionsRequest request, StreamObserver<ShowPartitionsResponse> out) {
    answer(out, () -> ShowPartitionsResponse.newBuilder().addPartitionNames("_default").build());
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

  /** What is loaded is so once. */
  @Override
  public void getReplicas(GetReplicasRequest request, StreamObserver<GetReplicasResponse> out) {
    ReplicaInfo one = ReplicaInfo.getDefaultInstance();
    answer(out, () -> GetReplicasResponse.newBuilder().addReplicas(one).build());
  }
}
