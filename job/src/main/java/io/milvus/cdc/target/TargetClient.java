package io.milvus.cdc.target;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.milvus.cdc.target.TargetException.Kind;
import io.milvus.cdc.target.TargetProgress.Write;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.grpc.AlterAliasRequest;
import io.milvus.grpc.AlterCollectionRequest;
import io.milvus.grpc.ClientInfo;
import io.milvus.grpc.ConnectRequest;
import io.milvus.grpc.ConnectResponse;
import io.milvus.grpc.CreateAliasRequest;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.CreateDatabaseRequest;
import io.milvus.grpc.CreateIndexRequest;
import io.milvus.grpc.CreatePartitionRequest;
import io.milvus.grpc.DeleteRequest;
import io.milvus.grpc.DescribeCollectionRequest;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.DescribeIndexRequest;
import io.milvus.grpc.DropAliasRequest;
import io.milvus.grpc.DropCollectionRequest;
import io.milvus.grpc.DropDatabaseRequest;
import io.milvus.grpc.DropIndexRequest;
import io.milvus.grpc.DropPartitionRequest;
import io.milvus.grpc.FlushRequest;
import io.milvus.grpc.FlushResponse;
import io.milvus.grpc.GetLoadStateRequest;
import io.milvus.grpc.GetLoadStateResponse;
import io.milvus.grpc.GetReplicasRequest;
import io.milvus.grpc.GetVersionRequest;
import io.milvus.grpc.GetVersionResponse;
import io.milvus.grpc.IndexDescription;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.ListDatabasesRequest;
import io.milvus.grpc.LoadCollectionRequest;
import io.milvus.grpc.LoadPartitionsRequest;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.MilvusServiceGrpc;
import io.milvus.grpc.MilvusServiceGrpc.MilvusServiceBlockingStub;
import io.milvus.grpc.MutationResult;
import io.milvus.grpc.ReleaseCollectionRequest;
import io.milvus.grpc.ReleasePartitionsRequest;
import io.milvus.grpc.RenameCollectionRequest;
import io.milvus.grpc.ShowCollectionsRequest;
import io.milvus.grpc.ShowPartitionsRequest;
import io.milvus.grpc.ShowPartitionsResponse;
import io.milvus.grpc.ShowType;
import io.milvus.grpc.Status;
import io.milvus.grpc.UpsertRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The calls to the target Milvus, with the request classes of the Milvus SDK, so that rows can be
 * sent as the log holds them.
 *
 * <p>Every call either returns after the target has acknowledged it, or throws a {@link
 * TargetException} that says whether repeating it makes sense. Safe for use by many threads.
 */
final class TargetClient implements AutoCloseable {

  /** Longer than any answer of a healthy server; a hanging one is asked again. */
  private static final long CALL_SECONDS = 60;

  /** Calls under way are given up then. */
  private static final String CLIENT_NAME = "Milvus CDC";

  private static final String DEFAULT_DATABASE = "default";
  private static final String ALTER_COLLECTION = "alter collection";

  private static final String OF_PROXY =
      " (a proxy in front of the target answers this, not Milvus: look at its routes)";

  /**
   * Error codes of Milvus 2.3 to 2.5 that stand for a request that can never succeed: parameter
   * errors.
   */
  private static final Set<Integer> PERMANENT_CODES = Set.of(1100, 1101);

  /** Milvus 2.3 to 2.5: not authenticated, no privilege, no privilege. */
  private static final Set<Integer> UNAUTHORIZED_CODES = Set.of(1400, 1401, 1402);

  /**
   * Milvus 2.3 to 2.5: below are the codes of a service that is not ready, out of memory or disk,
   * or over a rate limit or quota.
   */
  private static final int FIRST_CODE_OF_AN_OBJECT = 100;

  /** Milvus 2.3 to 2.5: not enough memory. */
  private static final int MEMORY_LIMIT_CODE = 3;

  /** Milvus 2.3 to 2.5: over a rate limit. */
  private static final int RATE_LIMIT_CODE = 8;

  /** Milvus 2.3 to 2.5: an error that the server has no name for; it may be about one object. */
  private static final int INTERNAL_CODE = 5;

  /**
   * Milvus 2.3 to 2.5: collection (100), partition (200), index (700), database (800) not found.
   */
  private static final Set<Integer> NOT_FOUND_CODES = Set.of(100, 200, 700, 800);

  /**
   * Milvus 2.4 and newer: the collection is loaded, and what is asked for is not done while it is.
   */
  private static final int LOADED_CODE = 104;

  /** See {@link #setProperties}. */
  private static final int CALLS_UNTIL_PROPERTIES_ARE_KEPT = 2;

  private final TargetChannel channel;
  private final MilvusServiceBlockingStub stub;
  private final TargetProgress progress;

  private TargetClient(TargetChannel channel, TargetProgress progress) {
    this.channel = channel;
    this.progress = progress;
    this.stub = MilvusServiceGrpc.newBlockingStub(channel.channel());
  }

  /**
   * Connects.
   *
   * @param progress is told of the calls
   * @throws TargetException when the target cannot be reached within the connect timeout, or
   *     refuses the credentials
   */
  static TargetClient connect(TargetCluster target, TargetProgress progress)
      throws TargetException {
    TargetClient client = new TargetClient(TargetChannel.open(target), progress);
    try {
      client.introduce(target);
      return client;
    } catch (TargetException e) {
      client.close();
      throw new TargetException(
          e.kind(), "cannot connect to the target " + target.address() + ": " + e.getMessage(), e);
    }
  }

  /** What the target says that it is, for example {@code v2.4.1}. */
  String version() throws TargetException {
    return call(
            "get version",
            stub -> stub.getVersion(GetVersionRequest.getDefaultInstance()),
            GetVersionResponse::getStatus)
        .getVersion();
  }

  /**
   * Says who is there, which Milvus shows to its operators; fails where nothing else would work.
   */
  private void introduce(TargetCluster target) throws TargetException {
    ConnectRequest request =
        ConnectRequest.newBuilder()
            .setClientInfo(ClientInfo.newBuilder().setSdkType(CLIENT_NAME))
            .build();
    ConnectResponse unused =
        call(
            "connect",
            ready ->
                ready
                    .withDeadlineAfter(
                        (long) (target.connectTimeoutSeconds() * 1000), TimeUnit.MILLISECONDS)
                    .connect(request),
            ConnectResponse::getStatus);
  }

  Optional<DescribeCollectionResponse> describeCollection(String database, String collection)
      throws TargetException {
    DescribeCollectionRequest request =
        DescribeCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .build();
    return ifFound(
        () ->
            call(
                "describe collection",
                stub -> stub.describeCollection(request),
                DescribeCollectionResponse::getStatus));
  }

  void createDatabaseIfAbsent(String database) throws TargetException {
    if (database.equals(DEFAULT_DATABASE) || databaseExists(database)) {
      return;
    }
    CreateDatabaseRequest request = CreateDatabaseRequest.newBuilder().setDbName(database).build();
    try {
      execute("create database", stub -> stub.createDatabase(request));
    } catch (TargetException e) {
      // Two collections of a new database race for its creation.
      if (!databaseExists(database)) {
        throw e;
      }
    }
  }

  boolean databaseExists(String database) throws TargetException {
    return databases().contains(database);
  }

  void dropDatabase(String database) throws TargetException {
    DropDatabaseRequest request = DropDatabaseRequest.newBuilder().setDbName(database).build();
    execute("drop database", stub -> stub.dropDatabase(request));
  }

  void createCollection(CreateCollectionRequest request) throws TargetException {
    execute("create collection", stub -> stub.createCollection(request));
  }

  /**
   * Sets properties of a collection; those that are not named stay as they are. It takes two calls:
   * a call writes to Milvus' etcd what the one before it changed, and what is only in memory is
   * lost when the target is started again (Milvus 2.3). Releases the collection first when the
   * target wants that; it is for the caller to load it again.
   */
  void setProperties(String database, String collection, Map<String, String> properties)
      throws TargetException {
    AlterCollectionRequest.Builder request =
        AlterCollectionRequest.newBuilder().setDbName(database).setCollectionName(collection);
    properties.forEach(
        (key, value) ->
            request.addProperties(KeyValuePair.newBuilder().setKey(key).setValue(value)));
    for (int call = 0; call < CALLS_UNTIL_PROPERTIES_ARE_KEPT; call++) {
      alter(request.build());
    }
  }

  /**
   * Removes properties of a collection: Milvus 2.5 and newer. Releases the collection first when
   * the target wants that; it is for the caller to load it again.
   */
  void removeProperties(String database, String collection, Set<String> keys)
      throws TargetException {
    AlterCollectionRequest request =
        AlterCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .addAllDeleteKeys(keys)
            .build();
    alter(request);
  }

  private void alter(AlterCollectionRequest request) throws TargetException {
    Status status =
        call(
            ALTER_COLLECTION,
            stub -> stub.alterCollection(request),
            answer -> unless(LOADED_CODE, answer));
    if (status.getCode() == LOADED_CODE) {
      releaseCollection(request.getDbName(), request.getCollectionName());
      execute(ALTER_COLLECTION, stub -> stub.alterCollection(request));
    }
  }

  void createAlias(String database, String collection, String alias) throws TargetException {
    CreateAliasRequest request =
        CreateAliasRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setAlias(alias)
            .build();
    execute("create alias", stub -> stub.createAlias(request));
  }

  /** Lets an alias that exists stand for another collection. */
  void moveAlias(String database, String collection, String alias) throws TargetException {
    AlterAliasRequest request =
        AlterAliasRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setAlias(alias)
            .build();
    execute("alter alias", stub -> stub.alterAlias(request));
  }

  void dropAlias(String database, String alias) throws TargetException {
    DropAliasRequest request =
        DropAliasRequest.newBuilder().setDbName(database).setAlias(alias).build();
    execute("drop alias", stub -> stub.dropAlias(request));
  }

  void renameCollection(String database, String from, String toDatabase, String to)
      throws TargetException {
    RenameCollectionRequest request =
        RenameCollectionRequest.newBuilder()
            .setDbName(database)
            .setOldName(from)
            .setNewDBName(toDatabase)
            .setNewName(to)
            .build();
    execute("rename collection", stub -> stub.renameCollection(request));
  }

  List<String> databases() throws TargetException {
    return call(
            "list databases",
            stub -> stub.listDatabases(ListDatabasesRequest.getDefaultInstance()),
            response -> response.getStatus())
        .getDbNamesList();
  }

  List<String> collections(String database) throws TargetException {
    ShowCollectionsRequest request =
        ShowCollectionsRequest.newBuilder().setDbName(database).build();
    return call(
            "show collections",
            stub -> stub.showCollections(request),
            response -> response.getStatus())
        .getCollectionNamesList();
  }

  void dropCollection(String database, String collection) throws TargetException {
    DropCollectionRequest request =
        DropCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .build();
    execute("drop collection", stub -> stub.dropCollection(request));
  }

  Set<String> partitions(String database, String collection) throws TargetException {
    ShowPartitionsRequest request =
        ShowPartitionsRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .build();
    return Set.copyOf(
        call(
                "show partitions",
                stub -> stub.showPartitions(request),
                response -> response.getStatus())
            .getPartitionNamesList());
  }

  /** Creates a partition; one that is there already is left as it is. */
  void createPartition(String database, String collection, String partition)
      throws TargetException {
    CreatePartitionRequest request =
        CreatePartitionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setPartitionName(partition)
            .build();
    execute("create partition", stub -> stub.createPartition(request));
  }

  /** Drops a partition, which must be released before. */
  void dropPartition(String database, String collection, String partition) throws TargetException {
    DropPartitionRequest request =
        DropPartitionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setPartitionName(partition)
            .build();
    execute("drop partition", stub -> stub.dropPartition(request));
  }

  List<IndexDescription> indexes(String database, String collection) throws TargetException {
    DescribeIndexRequest request =
        DescribeIndexRequest.newBuilder().setDbName(database).setCollectionName(collection).build();
    return ifFound(
            () ->
                call(
                    "describe index",
                    stub -> stub.describeIndex(request),
                    response -> response.getStatus()))
        .map(response -> response.getIndexDescriptionsList())
        .orElse(List.of());
  }

  void createIndex(CreateIndexRequest request) throws TargetException {
    execute("create index", stub -> stub.createIndex(request));
  }

  void dropIndex(String database, String collection, String field, String index)
      throws TargetException {
    DropIndexRequest request =
        DropIndexRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setFieldName(field)
            .setIndexName(index)
            .build();
    execute("drop index", stub -> stub.dropIndex(request));
  }

  /**
   * Whether partitions are loaded, or all when none is given. What the target has given up loading
   * for want of memory is not: it goes on to answer that (Milvus 2.3 to 2.5, for a day) until it is
   * asked to load again.
   */
  LoadState loadState(String database, String collection, List<String> partitions)
      throws TargetException {
    GetLoadStateRequest request =
        GetLoadStateRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .addAllPartitionNames(partitions)
            .build();
    GetLoadStateResponse answer =
        call(
            "get load state",
            stub -> stub.getLoadState(request),
            response -> unless(MEMORY_LIMIT_CODE, response.getStatus()));
    return answer.getStatus().getCode() == MEMORY_LIMIT_CODE
        ? LoadState.LoadStateNotLoad
        : answer.getState();
  }

  /** The partitions that are loaded, or are being loaded, each with the percentage that is. */
  Map<String, Long> loadedPartitions(String database, String collection) throws TargetException {
    // Its replacement, to ask for the state of each partition, takes a call for every one.
    @SuppressWarnings("deprecation")
    ShowPartitionsRequest request =
        ShowPartitionsRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setType(ShowType.InMemory)
            .build();
    ShowPartitionsResponse response =
        call(
            "show loaded partitions",
            stub -> stub.showPartitions(request),
            answer -> answer.getStatus());
    Map<String, Long> percentages = new HashMap<>();
    for (int i = 0; i < response.getPartitionNamesCount(); i++) {
      boolean isTold = i < response.getInMemoryPercentagesCount();
      percentages.put(
          response.getPartitionNames(i), isTold ? response.getInMemoryPercentages(i) : 100);
    }
    return percentages;
  }

  /** How many replicas of a loaded collection there are. */
  int replicas(String database, String collection) throws TargetException {
    GetReplicasRequest request =
        GetReplicasRequest.newBuilder().setDbName(database).setCollectionName(collection).build();
    return call("get replicas", stub -> stub.getReplicas(request), response -> response.getStatus())
        .getReplicasCount();
  }

  void loadCollection(String database, String collection, int replicas) throws TargetException {
    LoadCollectionRequest request =
        LoadCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setReplicaNumber(replicas)
            .build();
    execute("load collection", stub -> stub.loadCollection(request));
  }

  void loadPartitions(String database, String collection, List<String> partitions, int replicas)
      throws TargetException {
    LoadPartitionsRequest request =
        LoadPartitionsRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .addAllPartitionNames(partitions)
            .setReplicaNumber(replicas)
            .build();
    execute("load partitions", stub -> stub.loadPartitions(request));
  }

  void releaseCollection(String database, String collection) throws TargetException {
    ReleaseCollectionRequest request =
        ReleaseCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .build();
    execute("release collection", stub -> stub.releaseCollection(request));
  }

  void releasePartitions(String database, String collection, List<String> partitions)
      throws TargetException {
    ReleasePartitionsRequest request =
        ReleasePartitionsRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .addAllPartitionNames(partitions)
            .build();
    execute("release partitions", stub -> stub.releasePartitions(request));
  }

  void insert(InsertRequest request) throws TargetException {
    write("insert", Write.INSERT, (int) request.getNumRows(), stub -> stub.insert(request));
  }

  void upsert(UpsertRequest request) throws TargetException {
    write("upsert", Write.UPSERT, (int) request.getNumRows(), stub -> stub.upsert(request));
  }

  /**
   * Deletes rows.
   *
   * @param keys how many the request's expression names
   */
  void delete(DeleteRequest request, int keys) throws TargetException {
    write("delete", Write.DELETE, keys, stub -> stub.delete(request));
  }

  private void write(
      String call,
      Write kind,
      int rows,
      Function<MilvusServiceBlockingStub, MutationResult> request)
      throws TargetException {
    long began = System.nanoTime();
    try {
      call(call, request, MutationResult::getStatus);
    } finally {
      progress.writeTook(System.nanoTime() - began);
    }
    progress.wrote(kind, rows);
  }

  /**
   * Seals what was written to a collection.
   *
   * @return false when the target's rate limit does not let it
   */
  boolean flush(String database, String collection) throws TargetException {
    FlushRequest request =
        FlushRequest.newBuilder().setDbName(database).addCollectionNames(collection).build();
    FlushResponse response =
        call(
            "flush",
            stub -> stub.flush(request),
            answer -> unless(RATE_LIMIT_CODE, answer.getStatus()));
    return response.getStatus().getCode() != RATE_LIMIT_CODE;
  }

  @Override
  public void close() {
    channel.close();
  }

  private void execute(String call, Function<MilvusServiceBlockingStub, Status> request)
      throws TargetException {
    call(call, request, status -> status);
  }

  /** A question to the target that may be about something that does not exist. */
  @FunctionalInterface
  private interface Question<T> {
    T ask() throws TargetException;
  }

  private static <T> Optional<T> ifFound(Question<T> question) throws TargetException {
    try {
      return Optional.of(question.ask());
    } catch (TargetException e) {
      if (e.kind() == Kind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private <T> T call(
      String call, Function<MilvusServiceBlockingStub, T> request, Function<T, Status> statusOf)
      throws TargetException {
    T response;
    progress.callBegan();
    try {
      response = request.apply(stub.withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS));
    } catch (StatusRuntimeException e) {
      String reason = call + ": " + TargetChannel.reason(e.getStatus());
      throw TargetChannel.isOfProxy(e.getStatus())
          ? new TargetException(kindOfProxy(e.getStatus()), reason + OF_PROXY, e)
          : new TargetException(kind(e.getStatus().getCode()), reason, e);
    } finally {
      progress.callEnded();
    }
    Status status = statusOf.apply(response);
    if (!succeeded(status)) {
      throw new TargetException(
          kind(status), call + ": " + status.getReason() + " (code " + status.getCode() + ")");
    }
    return response;
  }

  /** Of an answer that is no failure when it has a certain code. */
  private static Status unless(int code, Status status) {
    return status.getCode() == code ? Status.getDefaultInstance() : status;
  }

  // Servers before 2.3 set the older field only; it is deprecated, yet still sent by all.
  @SuppressWarnings("deprecation")
  private static boolean succeeded(Status status) {
    return status.getCode() == 0 && status.getErrorCode() == io.milvus.grpc.ErrorCode.Success;
  }

  private static Kind kind(Status status) {
    if (NOT_FOUND_CODES.contains(status.getCode())) {
      return Kind.NOT_FOUND;
    }
    if (UNAUTHORIZED_CODES.contains(status.getCode())) {
      return Kind.UNAUTHORIZED;
    }
    if (PERMANENT_CODES.contains(status.getCode())) {
      return Kind.PERMANENT;
    }
    boolean service =
        status.getCode() > 0
            && status.getCode() < FIRST_CODE_OF_AN_OBJECT
            && status.getCode() != INTERNAL_CODE;
    return service ? Kind.BUSY : Kind.TRANSIENT;
  }

  /**
   * It may be that the proxy does not know yet, or any more, where the target is: that is no
   * collection's fault. Whom it lets pass is its own matter.
   */
  private static Kind kindOfProxy(io.grpc.Status status) {
    if (TargetChannel.isTooLargeForProxy(status)) {
      return Kind.TRANSIENT;
    }
    return kind(status.getCode()) == Kind.UNAUTHORIZED ? Kind.UNAUTHORIZED : Kind.OUTAGE;
  }

  private static Kind kind(Code code) {
    return switch (code) {
      case UNAUTHENTICATED, PERMISSION_DENIED -> Kind.UNAUTHORIZED;
      case INVALID_ARGUMENT, UNIMPLEMENTED -> Kind.PERMANENT;
      case UNAVAILABLE, CANCELLED, ABORTED -> Kind.OUTAGE;
      case DEADLINE_EXCEEDED -> Kind.BUSY;
      case OK,
          UNKNOWN,
          NOT_FOUND,
          ALREADY_EXISTS,
          RESOURCE_EXHAUSTED,
          FAILED_PRECONDITION,
          OUT_OF_RANGE,
          INTERNAL,
          DATA_LOSS ->
          Kind.TRANSIENT;
    };
  }
}
