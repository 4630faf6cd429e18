package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.stub.StreamObserver;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Load;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.GetLoadStateRequest;
import io.milvus.grpc.GetLoadStateResponse;
import io.milvus.grpc.LoadCollectionRequest;
import io.milvus.grpc.Status;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is done to one copy, on a target that other tasks and people use as well. */
class TargetCollectionTest {

  private static final String MARK = TargetConnection.ORIGIN_PROPERTY;
  private static final long ANOTHER = 9002;

  private Milvus milvus;
  private TargetConnection everything;

  /** One that has not enough memory for a load. */
  private static final class Milvus extends InProcessMilvus {
    private boolean hasGivenUp;
    private int loads;

    Milvus() throws IOException {}

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
        super.getLoadState(request, out);
      }
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
