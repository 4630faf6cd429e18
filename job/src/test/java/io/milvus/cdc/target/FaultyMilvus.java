package io.milvus.cdc.target;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.CreateDatabaseRequest;
import io.milvus.grpc.CreatePartitionRequest;
import io.milvus.grpc.DeleteRequest;
import io.milvus.grpc.DropCollectionRequest;
import io.milvus.grpc.DropDatabaseRequest;
import io.milvus.grpc.DropPartitionRequest;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.ListDatabasesRequest;
import io.milvus.grpc.ListDatabasesResponse;
import io.milvus.grpc.MutationResult;
import io.milvus.grpc.ShowPartitionsRequest;
import io.milvus.grpc.ShowPartitionsResponse;
import io.milvus.grpc.UpsertRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A target on a real connection that fails as it is told, which a real Milvus does not on demand.
 * It keeps the rows of one collection with an int64 key "id" and a vector "v".
 */
final class FaultyMilvus extends InProcessMilvus {

  private final List<String> calls = new ArrayList<>();
  private final Map<Long, List<Float>> rows = new TreeMap<>();
  private final Set<String> partitions = new TreeSet<>(Set.of("_default"));
  private final Set<String> databases = new TreeSet<>(Set.of("default"));
  private int doubled;
  private Optional<CreateCollectionRequest> lateCreation = Optional.empty();

  /** When it is there, the next creation waits for it, is not answered, and is done later. */
  final AtomicReference<CompletableFuture<Void>> creationToDelay = new AtomicReference<>();

  /** What the next writes meet, one after the other. */
  final ConcurrentLinkedQueue<Fault> faults = new ConcurrentLinkedQueue<>();

  /** Rows of these keys are refused, with all that is written together with them. */
  final Set<Long> refusedKeys = ConcurrentHashMap.newKeySet();

  /** Collections of these names take no rows, as when they, or their database, are over a quota. */
  final Set<String> deniedCollections = ConcurrentHashMap.newKeySet();

  /** And are not even told so within the time of a call. */
  volatile boolean answersDenials = true;

  private final AtomicReference<CompletableFuture<Void>> held = new AtomicReference<>();

  /** Whether a write waits. */
  volatile boolean isHolding;

  /** What can go wrong with a write. */
  enum Fault {
    /** Nothing: it is a later write's turn. */
    NONE,
    /** The server does nothing and says it is not there. */
    UNAVAILABLE,
    /** The server writes and the acknowledgement is lost. */
    ACKNOWLEDGEMENT_LOST,
    /** The server does nothing and says that it is over its limit. */
    RATE_LIMITED,
    /** The server says that the request is wrong. */
    INVALID,
    /** The server says that nobody of this name may do it. */
    UNAUTHORIZED,
    /** A proxy that has no route to the server says so, as Envoy does. */
    NO_ROUTE,
    /** The server does not know the call. */
    UNIMPLEMENTED
  }

  FaultyMilvus() throws IOException {}

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

  private void mutate(StreamObserver<MutationResult> out, String call, Runnable change) {
    Fault fault = Optional.ofNullable(faults.poll()).orElse(Fault.NONE);
    synchronized (this) {
      calls.add(call);
      if (fault == Fault.NONE || fault == Fault.ACKNOWLEDGEMENT_LOST) {
        change.run();
      }
    }
    switch (fault) {
      case NONE -> answer(out, MutationResult::getDefaultInstance);
      case UNAVAILABLE -> out.onError(Status.UNAVAILABLE.asRuntimeException());
      case ACKNOWLEDGEMENT_LOST -> out.onError(Status.INTERNAL.asRuntimeException());
      case RATE_LIMITED -> answer(out, () -> failed(8, "request is rejected by rate limiter"));
      case INVALID -> answer(out, () -> failed(1100, "the dim of field v is wrong"));
      case UNAUTHORIZED -> answer(out, () -> failed(1400, "auth check failure"));
      case NO_ROUTE -> out.onError(Status.UNIMPLEMENTED.asRuntimeException());
      case UNIMPLEMENTED ->
          out.onError(Status.UNIMPLEMENTED.withDescription("unknown method").asRuntimeException());
    }
  }

  @Override
  public void insert(InsertRequest request, StreamObserver<MutationResult> out) {
    if (!denied(request.getCollectionName(), out)) {
      put(out, "insert " + request.getNumRows(), request.getFieldsDataList(), false);
    }
  }

  @Override
  public void upsert(UpsertRequest request, StreamObserver<MutationResult> out) {
    if (!denied(request.getCollectionName(), out)) {
      put(out, "upsert " + request.getNumRows(), request.getFieldsDataList(), true);
    }
  }

  private boolean denied(String collection, StreamObserver<MutationResult> out) {
    boolean denied = deniedCollections.contains(collection);
    if (denied && !answersDenials) {
      out.onError(Status.DEADLINE_EXCEEDED.asRuntimeException());
    } else if (denied) {
      answer(out, () -> failed(9, "quota exceeded[reason=disk quota exceeded]"));
    }
    return denied;
  }

  /** Lets the next write wait until {@link #letGo}. */
  void holdNextWrite() {
    held.set(new CompletableFuture<>());
  }

  void letGo() {
    held.getAndSet(null).complete(null);
  }

  private void put(
      StreamObserver<MutationResult> out, String call, List<FieldData> columns, boolean replace) {
    Optional.ofNullable(held.get())
        .ifPresent(
            letGo -> {
              isHolding = true;
              letGo.join();
            });
    if (keys(columns).stream().anyMatch(refusedKeys::contains)) {
      faults.add(Fault.INVALID);
    }
    mutate(out, call, () -> put(columns, replace));
  }

  private static List<Long> keys(List<FieldData> columns) {
    return columns.get(0).getScalars().getLongData().getDataList();
  }

  private void put(List<FieldData> columns, boolean replace) {
    List<Long> keys = keys(columns);
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
  public void createCollection(
      CreateCollectionRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    CompletableFuture<Void> delay = creationToDelay.getAndSet(null);
    if (delay == null) {
      doWhatIsLate();
      super.createCollection(request, out);
      return;
    }
    delay.join();
    synchronized (this) {
      lateCreation = Optional.of(request);
    }
    out.onError(Status.UNAVAILABLE.asRuntimeException());
  }

  /** Does the delayed creation, as a real server does before it does the next such request. */
  synchronized void doWhatIsLate() {
    lateCreation.ifPresent(request -> super.createCollection(request, new Unheard()));
    lateCreation = Optional.empty();
  }

  /** Nobody waits for the answer. */
  private static final class Unheard implements StreamObserver<io.milvus.grpc.Status> {
    @Override
    public void onNext(io.milvus.grpc.Status value) {}

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onCompleted() {}
  }

  @Override
  public synchronized void dropCollection(
      DropCollectionRequest request, StreamObserver<io.milvus.grpc.Status> out) {
    doWhatIsLate();
    calls.add("drop " + request.getCollectionName());
    super.dropCollection(request, out);
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
}
