package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.stub.StreamObserver;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Load;
import io.milvus.cdc.catalog.v1.Partition;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.CreatePartitionRequest;
import io.milvus.grpc.DropPartitionRequest;
import io.milvus.grpc.GetLoadStateRequest;
import io.milvus.grpc.GetLoadStateResponse;
import io.milvus.grpc.LoadCollectionRequest;
import io.milvus.grpc.LoadPartitionsRequest;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.ReleasePartitionsRequest;
import io.milvus.grpc.ShowPartitionsRequest;
import io.milvus.grpc.ShowPartitionsResponse;
import io.milvus.grpc.ShowType;
import io.milvus.grpc.Status;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is done to one copy, on a target that other tasks and people use as well. */
class TargetCollectionTest {

  private static final String MARK = TargetConnection.ORIGIN_PROPERTY;
  private static final long ANOTHER = 9002;

  private Milvus milvus;
  private TargetConnection everything;

  /** One that has not enough memory for a load, and loads partitions no further than it is let. */
  private static final class Milvus extends InProcessMilvus {
    private final Set<String> partitions = new TreeSet<>(Set.of("_default"));
    private final Map<String, Long> percentages = new TreeMap<>();
    private boolean loadsNothing;
    private boolean hasGivenUp;
    private int loads;

    Milvus() throws IOException {}

    synchronized void loadNothing() {
      loadsNothing = true;
    }

    synchronized void giveUpLoading() {
      hasGivenUp = true;
    }

    synchronized int loads() {
      return loads;
    }

    @Override
    public synchronized void getLoadState(
        GetLoadStateRequest request, StreamObserver<GetLoadStateResponse> out) {
      if (hasGivenUp) {
        answer(
            out,
            () ->
                GetLoadStateResponse.newBuilder()
                    .setStatus(Status.newBuilder().setCode(3).setReason("memory limit exceeded"))
                    .build());
      } else {
        answer(out, () -> GetLoadStateResponse.newBuilder().setState(loadState()).build());
      }
    }

    private LoadState loadState() {
      if (percentages.isEmpty()) {
        return loadsNothing ? LoadState.LoadStateLoaded : LoadState.LoadStateNotLoad;
      }
      return percentages.values().stream().allMatch(percentage -> percentage == 100)
          ? LoadState.LoadStateLoaded
          : LoadState.LoadStateLoading;
    }

    /** Partitions that are loaded or being loaded. */
    synchronized Set<String> loading() {
      return new TreeSet<>(percentages.keySet());
    }

    synchronized void endLoading(String partition) {
      percentages.replace(partition, 100L);
    }

    @Override
    public synchronized void loadPartitions(
        LoadPartitionsRequest request, StreamObserver<Status> out) {
      request.getPartitionNamesList().forEach(name -> percentages.putIfAbsent(name, 0L));
      answer(out, Status::getDefaultInstance);
    }

    @Override
    public synchronized void releasePartitions(
        ReleasePartitionsRequest request, StreamObserver<Status> out) {
      request.getPartitionNamesList().forEach(percentages::remove);
      answer(out, Status::getDefaultInstance);
    }

    @Override
    public synchronized void createPartition(
        CreatePartitionRequest request, StreamObserver<Status> out) {
      partitions.add(request.getPartitionName());
      answer(out, Status::getDefaultInstance);
    }

    @Override
    public synchronized void dropPartition(
        DropPartitionRequest request, StreamObserver<Status> out) {
      partitions.remove(request.getPartitionName());
      answer(out, Status::getDefaultInstance);
    }

    // What the replicator asks with, see TargetClient.loadedPartitions.
    @SuppressWarnings("deprecation")
    @Override
    public synchronized void showPartitions(
        ShowPartitionsRequest request, StreamObserver<ShowPartitionsResponse> out) {
      ShowPartitionsResponse.Builder response = ShowPartitionsResponse.newBuilder();
      if (request.getType() == ShowType.InMemory) {
        response.addAllPartitionNames(percentages.keySet());
        response.addAllInMemoryPercentages(percentages.values());
      } else {
        response.addAllPartitionNames(partitions);
      }
      answer(out, response::build);
    }

    @Override
    public synchronized void loadCollection(
        LoadCollectionRequest request, StreamObserver<Status> out) {
      loads++;
      hasGivenUp = false;
      answer(out, Status::getDefaultInstance);
    }
  }

  @BeforeEach
  void connect() throws IOException {
    milvus = new Milvus();
    everything = connection(Selection.everything());
  }

  @AfterEach
  void disconnect() {
    everything.close();
    milvus.close();
  }

  private TargetConnection connection(Selection selection) {
    return new TargetConnection(milvus.cluster(), "src", selection, new NoProgress());
  }

  private static TargetCollection collection(long id, TargetConnection connection) {
    return new TargetCollection(
        id, connection, TargetTuning.DEFAULT, new SideBySide(Runnable::run));
  }

  private void copy(CollectionState state) throws TargetException {
    int unused = collection(state.getId(), everything).apply(new CollectionSeen(state));
  }

  private static CollectionState another(String name) {
    return Messages.collection(name).toBuilder().setId(ANOTHER).build();
  }

  @Test
  void theCopyOfACollectionThatWasFollowedIsDroppedWhereverItIs() throws Exception {
    copy(Messages.collection("c"));
    Selection d = new Selection(List.of(new Selection.Entry("default", "d")));
    try (TargetConnection narrow = connection(d)) {
      int unused =
          collection(Messages.COLLECTION, narrow).apply(new CollectionGone(Messages.COLLECTION));
    }
    assertThat(milvus.names()).isEmpty();
  }

  @Test
  void ofACollectionThatWasNotFollowedOnlyACopyWhereTheTaskWritesIsDropped() throws Exception {
    copy(Messages.collection("c"));
    copy(another("c2"));
    Selection c2 = new Selection(List.of(new Selection.Entry("default", "c2")));
    try (TargetConnection narrow = connection(c2)) {
      for (long id : List.of(Messages.COLLECTION, ANOTHER)) {
        int unused = collection(id, narrow).apply(new CollectionGone(id, false));
      }
    }
    assertThat(milvus.names()).containsExactly("c");
  }

  /** The log told of the drop first, and the metadata knows that it was followed. */
  @Test
  void aCopyThatWasLeftAloneIsDroppedWhenItTurnsOutToHaveBeenFollowed() throws Exception {
    copy(Messages.collection("c"));
    Selection d = new Selection(List.of(new Selection.Entry("default", "d")));
    try (TargetConnection narrow = connection(d)) {
      TargetCollection copy = collection(Messages.COLLECTION, narrow);
      int unused = copy.apply(new CollectionGone(Messages.COLLECTION, false));
      assertThat(milvus.names()).containsExactly("c");
      unused = copy.apply(new CollectionGone(Messages.COLLECTION, true));
    }
    assertThat(milvus.names()).isEmpty();
  }

  @Test
  void aCopyThatWaitsForItsNameIsTheTasksOwn() throws Exception {
    String aside = "c_cdc_" + ANOTHER;
    copy(another(aside));
    Selection c = new Selection(List.of(new Selection.Entry("default", "c")));
    try (TargetConnection narrow = connection(c)) {
      int unused = collection(ANOTHER, narrow).apply(new CollectionGone(ANOTHER, false));
    }
    assertThat(milvus.names()).isEmpty();
  }

  /** As when the roles of two clusters are changed, or when one copy is copied further. */
  @Test
  void theMarkOfASourceThatWasATargetIsNotTakenOver() throws Exception {
    CollectionState marked =
        Messages.collection("c").toBuilder()
            .putProperties(MARK, "elsewhere/77")
            .putProperties("collection.ttl.seconds", "60")
            .build();
    copy(marked);
    assertThat(milvus.properties("c"))
        .isEqualTo(Map.of(MARK, "src/" + Messages.COLLECTION, "collection.ttl.seconds", "60"));

    copy(marked.toBuilder().putProperties("collection.ttl.seconds", "61").build());

    assertThat(milvus.properties("c"))
        .isEqualTo(Map.of(MARK, "src/" + Messages.COLLECTION, "collection.ttl.seconds", "61"));
  }

  @Test
  void aCollectionThatIsNamedAsItsFormerAliasIsRenamed() throws Exception {
    copy(Messages.collection("c").toBuilder().addAliases("prod").build());
    assertThat(milvus.aliases()).isEqualTo(Map.of("prod", "c"));

    copy(Messages.collection("prod"));

    assertThat(milvus.names()).containsExactly("prod");
    assertThat(milvus.aliases()).isEmpty();
  }

  @Test
  void whatTheTargetHadNoMemoryForIsLoadedAgain() throws Exception {
    milvus.giveUpLoading();
    copy(Messages.collection("c").toBuilder().setLoad(Load.getDefaultInstance()).build());

    assertThat(milvus.loads()).isEqualTo(1);
  }

  @Test
  void noPartitionIsLoadedWhileTheTargetBeginsToLoadOthers() throws Exception {
    TargetCollection copy = collection(Messages.COLLECTION, everything);
    int unused = copy.apply(new CollectionSeen(loaded("p")));
    assertThat(milvus.loading()).containsExactly("p");

    unused = copy.apply(new CollectionSeen(loaded("p", "q")));
    assertThat(milvus.loading()).containsExactly("p");
    assertThat(copy.isLoadPending()).isTrue();

    milvus.endLoading("p");
    unused = copy.apply(new CollectionSeen(loaded("p", "q")));
    assertThat(milvus.loading()).containsExactly("p", "q");
    assertThat(copy.isLoadPending()).isFalse();

    unused = copy.apply(new CollectionSeen(loaded("p", "q", "r")));
    assertThat(milvus.loading()).as("one is loaded to the end").containsExactly("p", "q", "r");
  }

  @Test
  void norIsTheSuccessorOfADroppedPartition() throws Exception {
    TargetCollection copy = collection(Messages.COLLECTION, everything);
    int unused = copy.apply(new CollectionSeen(loaded("p", "q")));

    unused = copy.apply(Messages.dropPartition(7, "p"));
    assertThat(milvus.loading()).containsExactly("q");
    assertThat(copy.isLoadPending()).isTrue();

    milvus.endLoading("q");
    unused = copy.apply(new CollectionSeen(loaded("p", "q")));
    assertThat(milvus.loading()).containsExactly("p", "q");
    assertThat(copy.isLoadPending()).isFalse();
  }

  /** As a Milvus answers that keeps a collection loaded all of whose partitions are released. */
  @Test
  void aCollectionThatIsLoadedWithoutPartitionsIsNoneThatIsBeingLoaded() throws Exception {
    milvus.loadNothing();
    copy(loaded("p"));
    assertThat(milvus.loading()).containsExactly("p");
  }

  @Test
  void aPartitionThatIsDroppedIsNotLoadedByOlderMetadata() throws Exception {
    TargetCollection copy = collection(Messages.COLLECTION, everything);
    int unused = copy.apply(new CollectionSeen(loaded("p", "q")));
    milvus.endLoading("q");
    unused = copy.apply(Messages.dropPartition(100, "p"));
    assertThat(milvus.loading()).containsExactly("q");

    unused = copy.apply(new CollectionSeen(loaded("p", "q")));
    assertThat(milvus.loading()).containsExactly("q");
  }

  private static CollectionState loaded(String... partitions) {
    CollectionState.Builder state = Messages.collection("c").toBuilder();
    long id = 100;
    for (String partition : partitions) {
      state.addPartitions(Partition.newBuilder().setId(id++).setName(partition));
    }
    return state.setLoad(Load.newBuilder().addAllPartitions(List.of(partitions))).build();
  }

  /** As when the source was released, altered and loaded again before anybody looked. */
  @Test
  void whatIsChangedOnlyOfAReleasedCollectionIsChangedAndTheCollectionLoadedAgain()
      throws Exception {
    CollectionState loaded =
        Messages.collection("c").toBuilder().setLoad(Load.getDefaultInstance()).build();
    String mark = "src/" + Messages.COLLECTION;
    try (NewerMilvus newer = new NewerMilvus();
        TargetConnection connection =
            new TargetConnection(
                newer.cluster(), "src", Selection.everything(), new NoProgress())) {
      TargetCollection copy = collection(Messages.COLLECTION, connection);
      int unused = copy.apply(new CollectionSeen(loaded));
      assertThat(newer.isLoaded()).isTrue();

      unused =
          copy.apply(
              new CollectionSeen(loaded.toBuilder().putProperties("mmap.enabled", "true").build()));
      assertThat(newer.properties("c")).isEqualTo(Map.of(MARK, mark, "mmap.enabled", "true"));
      assertThat(newer.isLoaded()).isTrue();

      unused = copy.apply(new CollectionSeen(loaded));
      assertThat(newer.properties("c")).isEqualTo(Map.of(MARK, mark));
      assertThat(newer.isLoaded()).isTrue();
    }
  }
}
