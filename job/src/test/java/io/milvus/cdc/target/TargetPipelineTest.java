package io.milvus.cdc.target;

import static io.milvus.cdc.target.Messages.at;
import static io.milvus.cdc.target.Messages.delete;
import static io.milvus.cdc.target.Messages.insert;
import static io.milvus.cdc.target.Messages.ofCollection;
import static io.milvus.cdc.target.Messages.ofShard;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Partition;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.DatabaseGone;
import io.milvus.cdc.event.SourceEvent.DatabaseSeen;
import io.milvus.cdc.event.SourceEvent.ReplicatedUntil;
import io.milvus.cdc.target.FaultyMilvus.Fault;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.StoppedCollection.FirstMessage;
import io.milvus.cdc.task.StoppedCollection.UnreadableMessage;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.KeyValuePair;
import java.time.Clock;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class TargetPipelineTest {

  private static final int LARGEST_CALL = 100;

  private static final TargetTuning TUNING =
      new TargetTuning(
          2, 1 << 20, LARGEST_CALL, 8 << 20, Duration.ofSeconds(5), Duration.ofMinutes(10));

  private static final long ANOTHER = 9002;
  private static final long THIRD = 9003;

  private FaultyMilvus target;
  private TargetPipeline pipeline;
  private Duration refusalPatience = Duration.ofSeconds(30);
  private TargetTuning tuning = TUNING;
  private final InMemoryTaskStore store = new InMemoryTaskStore();
  private final AtomicInteger inserted = new AtomicInteger();
  private final AtomicInteger retried = new AtomicInteger();
  private volatile Optional<Error> broken = Optional.empty();

  @BeforeEach
  void connect() throws Exception {
    target = new FaultyMilvus();
    TargetProgress progress =
        new NoProgress() {
          @Override
          public void applied(Lane lane, Lane.Done done) {
            broken.ifPresent(
                error -> {
                  throw error;
                });
            inserted.addAndGet(done.insertedRows());
          }

          @Override
          public void retried(RetryCause cause) {
            retried.incrementAndGet();
          }
        };
    pipeline =
        new TargetPipeline(
            new TargetConnection(target.cluster(), "src", Selection.everything(), progress),
            progress,
            new Stops(store.stops(), Clock.systemUTC()),
            Optional.empty(),
            tuning,
            refusalPatience);
    pipeline.submit(new CollectionSeen(Messages.collection("c")));
    pipeline.flush();
  }

  @AfterEach
  void disconnect() throws Exception {
    pipeline.close();
    target.close();
  }

  @Test
  void aLostAcknowledgementDoublesNothing() throws Exception {
    target.faults.add(Fault.ACKNOWLEDGEMENT_LOST);
    pipeline.submit(insert(false, 1, 10, 11));
    pipeline.flush();

    assertThat(target.calls()).containsExactly("insert 2", "upsert 2");
    assertThat(target.rows()).containsOnlyKeys(10L, 11L);
    assertThat(target.doubled()).isZero();
    assertThat(inserted).hasValue(2);
    assertThat(retried).hasValue(1);
    assertThat(pipeline.waitingFor()).isEmpty();
  }

  @Test
  void whenOneOfSeveralCallsOfAStepFailsNothingIsLostOrDoubled() throws Exception {
    target.holdNextWrite();
    pipeline.submit(insert(false, 1, 1));
    await().until(() -> target.isHolding);
    for (long key = 1_000; key < 1_000 + 2L * LARGEST_CALL; key += 2) {
      pipeline.submit(ofShard("t_9001v0", insert(false, 1, key)));
      pipeline.submit(ofShard("u_9001v1", insert(false, 1, key + 1)));
    }
    target.faults.addAll(List.of(Fault.NONE, Fault.ACKNOWLEDGEMENT_LOST));
    target.letGo();
    pipeline.flush();

    String insert = "insert " + LARGEST_CALL;
    String upsert = "upsert " + LARGEST_CALL;
    assertThat(target.calls()).containsExactly("insert 1", insert, insert, upsert, upsert);
    assertThat(target.rows()).hasSize(1 + 2 * LARGEST_CALL);
    assertThat(target.doubled()).isZero();
    assertThat(inserted).hasValue(1 + 2 * LARGEST_CALL);
  }

  @Test
  @Timeout(60)
  void anErrorOfTheProcessEndsTheJobSoThatItIsRestarted() throws Exception {
    broken = Optional.of(new NoClassDefFoundError("io/grpc/Gone"));
    pipeline.submit(insert(false, 1, 10, 11));

    assertThatThrownBy(pipeline::flush)
        .isNotInstanceOf(PermanentFailure.class)
        .hasMessage(
            "collection default.c, source id 9001: java.lang.NoClassDefFoundError: io/grpc/Gone");
  }

  @Test
  void aCopyIsDroppedThoughNobodyHeardOfItsCreation() throws Exception {
    pipeline.submit(new CollectionGone(Messages.COLLECTION));
    pipeline.flush();
    CompletableFuture<Void> creation = new CompletableFuture<>();
    target.creationToDelay.set(creation);
    pipeline.submit(new CollectionSeen(Messages.collection("c").toBuilder().setId(9002).build()));
    await().until(() -> target.creationToDelay.get() == null);
    pipeline.submit(new CollectionGone(9002));
    creation.complete(null);
    pipeline.flush();

    target.doWhatIsLate();
    assertThat(target.names()).isEmpty();
  }

  @Test
  void aCopyIsRenamedThoughNobodyHeardOfItsCreation() throws Exception {
    CompletableFuture<Void> creation = new CompletableFuture<>();
    target.creationToDelay.set(creation);
    CollectionState other = Messages.collection("other").toBuilder().setId(9002).build();
    pipeline.submit(new CollectionSeen(other));
    await().until(() -> target.creationToDelay.get() == null);
    pipeline.submit(new CollectionSeen(other.toBuilder().setName("renamed").build()));
    creation.complete(null);
    pipeline.flush();

    target.doWhatIsLate();
    assertThat(target.names()).containsExactly("c", "renamed");
  }

  @Test
  void aTargetThatIsStartedAgainHasTheChangedProperties() throws Exception {
    CollectionState changed =
        Messages.collection("c").toBuilder().putProperties("note", "changed").build();
    pipeline.submit(new CollectionSeen(changed));
    pipeline.flush();
    target.restart();
    assertThat(target.collection().orElseThrow().getPropertiesList())
        .contains(KeyValuePair.newBuilder().setKey("note").setValue("changed").build());
  }

  @Test
  void passingErrorsAreRepeatedInPlaceSoThatOrderHolds() throws Exception {
    target.faults.addAll(List.of(Fault.UNAVAILABLE, Fault.RATE_LIMITED, Fault.UNAVAILABLE));
    pipeline.submit(insert(false, 1, 10));
    pipeline.submit(delete(10));
    pipeline.submit(insert(false, 2, 10));
    pipeline.submit(delete(10));
    pipeline.submit(insert(false, 3, 10));
    pipeline.flush();

    assertThat(target.rows()).containsOnlyKeys(10L).containsEntry(10L, List.of(10f, 3f));
    assertThat(target.doubled()).isZero();
  }

  @Test
  void rowsThatMayBeThereAreUpserted() throws Exception {
    pipeline.submit(insert(true, 1, 10));
    pipeline.flush();
    assertThat(target.calls()).containsExactly("upsert 1");
  }

  @Test
  void metadataFromBeforeADropDoesNotBringThePartitionBack() throws Exception {
    CollectionSeen withPartition = new CollectionSeen(withPartition(7));
    pipeline.submit(withPartition);
    pipeline.flush();
    assertThat(target.partitions()).containsExactly("_default", "p");

    pipeline.submit(Messages.dropPartition(7, "p"));
    pipeline.submit(withPartition);
    pipeline.flush();
    assertThat(target.partitions()).containsExactly("_default");

    pipeline.submit(new CollectionSeen(withPartition(8)));
    pipeline.submit(Messages.dropPartition(7, "p"));
    pipeline.flush();
    assertThat(target.partitions()).as("its successor").containsExactly("_default", "p");
  }

  @Test
  void aDatabaseIsDroppedAfterWhatCameBeforeIsApplied() throws Exception {
    pipeline.submit(new DatabaseSeen("d"));
    target.faults.addAll(List.of(Fault.UNAVAILABLE, Fault.UNAVAILABLE));
    pipeline.submit(insert(false, 1, 10));
    pipeline.submit(new DatabaseGone("d"));
    pipeline.flush();
    assertThat(target.calls())
        .containsExactly("insert 1", "upsert 1", "upsert 1", "drop database d");
    assertThat(retried).as("a drop that waits is no failure").hasValue(2);
  }

  private static CollectionState withPartition(long id) {
    return Messages.collection("c").toBuilder()
        .addPartitions(Partition.newBuilder().setId(id).setName("p"))
        .build();
  }

  @Test
  void aCollectionThatCannotGoOnIsStoppedAndWhatItLacksIsKnown() throws Exception {
    pipeline.submit(new ReplicatedUntil(1_000));
    target.faults.add(Fault.INVALID);
    pipeline.submit(at(insert(false, 1, 10), 7, 100));
    pipeline.flush();
    pipeline.submit(at(insert(false, 1, 11), 5, 101));
    pipeline.submit(new ReplicatedUntil(2_000));
    pipeline.flush();

    assertThat(target.calls()).containsExactly("insert 1");
    assertThat(store.stops().read())
        .singleElement()
        .satisfies(
            stopped -> {
              assertThat(stopped.collectionId()).isEqualTo(Messages.COLLECTION);
              assertThat(stopped.collection()).contains("default.c");
              assertThat(stopped.reason()).contains("the dim of field v is wrong", "t message 1:7");
              assertThat(stopped.fromTimestamp()).isEqualTo(100);
              assertThat(stopped.topics()).isEqualTo(Map.of("t", new FirstMessage(1, 5)));
            });
    assertThat(pipeline.replicatedUntil()).isEqualTo(1_000);
    assertThat(pipeline.waitingFor()).contains("default.c", "the dim of field v is wrong");
  }

  @Test
  @Timeout(30)
  void aCollectionThatAloneIsDeniedIsStoppedInTheEnd() throws Exception {
    becomeImpatient();
    stopsTheCollection("disk quota exceeded");
  }

  @Test
  @Timeout(30)
  void aCollectionThatAloneIsNotAnsweredIsStoppedInTheEnd() throws Exception {
    becomeImpatient();
    target.answersDenials = false;
    stopsTheCollection("DEADLINE_EXCEEDED");
  }

  private void stopsTheCollection(String reason) throws Exception {
    target.deniedCollections.add("c");
    pipeline.submit(insert(false, 1, 10));
    await().until(() -> retried.get() > 0);
    pipeline.submit(ofCollection(ANOTHER, insert(false, 1, 20)));
    pipeline.flush();

    assertThat(target.rows()).containsOnlyKeys(20L);
    assertThat(store.stops().read())
        .singleElement()
        .satisfies(
            stopped -> {
              assertThat(stopped.collectionId()).isEqualTo(Messages.COLLECTION);
              assertThat(stopped.reason()).contains(reason);
            });
  }

  @Test
  void aTargetThatIsDeniedToBeWrittenIsWaitedForThoughItDoesTheRest() throws Exception {
    becomeImpatient();
    target.deniedCollections.addAll(List.of("c", "d"));
    pipeline.submit(insert(false, 1, 10));
    await().until(() -> retried.get() > 0);
    pipeline.submit(new CollectionSeen(third("e")));
    await().until(() -> target.names().contains("e"));
    pipeline.submit(ofCollection(THIRD, delete(30)));
    await().until(() -> target.calls().contains("delete id in [30]"));
    pipeline.submit(ofCollection(ANOTHER, insert(false, 1, 20)));
    // Each pause is half of the longest at least: this takes more than the patience.
    await().until(() -> retried.get() > 100);
    target.deniedCollections.clear();
    pipeline.flush();

    assertThat(target.rows()).containsOnlyKeys(10L, 20L);
    assertThat(store.stops().read()).isEmpty();
  }

  /** And has a second collection. */
  private void becomeImpatient() throws Exception {
    tuning =
        new TargetTuning(
            2, 1 << 20, LARGEST_CALL, 8 << 20, Duration.ofMillis(20), Duration.ofMillis(300));
    disconnect();
    connect();
    pipeline.submit(new CollectionSeen(another("d")));
    pipeline.flush();
  }

  private static CollectionState third(String name) {
    return Messages.collection(name).toBuilder().setId(THIRD).build();
  }

  @Test
  void aProxyThatHasNoRouteToTheTargetIsWaitedFor() throws Exception {
    target.faults.addAll(List.of(Fault.NO_ROUTE, Fault.NO_ROUTE));
    pipeline.submit(insert(false, 1, 10));
    pipeline.flush();

    assertThat(target.rows()).containsOnlyKeys(10L);
    assertThat(store.stops().read()).isEmpty();
  }

  @Test
  void aCallThatTheTargetDoesNotKnowStopsTheCollection() throws Exception {
    target.faults.add(Fault.UNIMPLEMENTED);
    pipeline.submit(insert(false, 1, 10));
    pipeline.flush();

    assertThat(store.stops().read())
        .singleElement()
        .satisfies(stopped -> assertThat(stopped.reason()).contains("unknown method"));
  }

  @Test
  void otherCollectionsGoOnWhenOneIsStopped() throws Exception {
    pipeline.submit(CollectionStopped.at(Messages.COLLECTION + 1, "t", 1, 2, "no more of it"));
    pipeline.submit(insert(false, 1, 10));
    pipeline.flush();

    assertThat(target.rows()).containsOnlyKeys(10L);
    assertThat(store.stops().read()).hasSize(1);
  }

  @Test
  void aCollectionThatIsStoppedHoldsBackWhatIsSaidToBeReplicated() throws Exception {
    pipeline.submit(CollectionStopped.at(Messages.COLLECTION, "t", 1, 2, "no more of it"));
    pipeline.submit(new ReplicatedUntil(2_000));
    pipeline.flush();

    assertThat(pipeline.replicatedUntil()).isEqualTo(-1);
    assertThat(pipeline.waitingFor()).contains("no more of it");
  }

  @Test
  void aCollectionThatIsNotSelectedAnyMoreHoldsNothingBack() throws Exception {
    pipeline.submit(CollectionStopped.byMetadata(Messages.COLLECTION, "was renamed", false));
    pipeline.submit(new ReplicatedUntil(2_000));
    pipeline.flush();

    assertThat(pipeline.replicatedUntil()).isEqualTo(2_000);
    assertThat(pipeline.waitingFor()).isEmpty();
    assertThat(store.stops().read())
        .singleElement()
        .satisfies(stopped -> assertThat(stopped.reason()).isEqualTo("was renamed"));
  }

  @Test
  void aCheckpointWaitsUntilTheStoreKnowsWhatIsLacking() throws Exception {
    store.failNext(2);
    pipeline.submit(CollectionStopped.at(Messages.COLLECTION, "t", 1, 2, "no more of it"));
    pipeline.flush();

    assertThat(store.stops().read()).hasSize(1);
  }

  @Test
  void anotherStopKeepsWhatAnEarlierOneStillLacks() throws Exception {
    Messages.stop(
        store.stops(), Map.of("t", new FirstMessage(1, 2), "u", new FirstMessage(1, 9)), 50);
    pipeline.submit(CollectionStopped.at(Messages.COLLECTION, "t", 1, 5, "once more"));
    pipeline.flush();
    assertThat(store.stops().read())
        .singleElement()
        .satisfies(stopped -> assertThat(stopped.fromTimestamp()).isEqualTo(50));
    pipeline.submit(at(insert(false, 1, 10), 7, 100));
    pipeline.flush();

    assertThat(store.stops().read())
        .singleElement()
        .satisfies(
            stopped -> {
              assertThat(stopped.reason()).startsWith("once more").contains("skip_unreadable");
              assertThat(stopped.fromTimestamp()).isEqualTo(50);
              assertThat(stopped.topics())
                  .isEqualTo(Map.of("t", new FirstMessage(1, 2), "u", new FirstMessage(1, 9)));
            });
  }

  @Test
  void whatIsLeftOutStaysSoWhenAnotherMessageCannotBeReadEither() throws Exception {
    pipeline.submit(CollectionStopped.at(Messages.COLLECTION, "t", 1, 2, "no message"));
    pipeline.submit(CollectionStopped.at(Messages.COLLECTION, "u", 1, 3, "no message either"));
    pipeline.flush();
    store
        .stops()
        .change(Messages.COLLECTION, stop -> stop.map(StoppedCollection::skippingUnreadable));
    pipeline.submit(CollectionStopped.at(Messages.COLLECTION, "t", 1, 2, "no message"));
    pipeline.submit(CollectionStopped.at(Messages.COLLECTION, "t", 1, 4, "nor is this one"));
    pipeline.flush();

    assertThat(store.stops().read())
        .singleElement()
        .satisfies(
            stopped ->
                assertThat(stopped.unreadable())
                    .containsExactly(
                        new UnreadableMessage("t", 1, 2, true),
                        new UnreadableMessage("u", 1, 3, true),
                        new UnreadableMessage("t", 1, 4, false)));
  }

  @Test
  void aStoppedCollectionThatIsDroppedIsForgotten() throws Exception {
    pipeline.submit(CollectionStopped.at(Messages.COLLECTION, "t", 1, 2, "no more of it"));
    pipeline.flush();
    pipeline.submit(new CollectionGone(Messages.COLLECTION));
    pipeline.flush();

    assertThat(store.stops().read()).isEmpty();
    assertThat(target.calls()).containsExactly("drop c");
    assertThat(pipeline.waitingFor()).isEmpty();
  }

  @Test
  void whatCannotBeAppliedDoesNotMatterWhenTheCollectionIsDropped() throws Exception {
    target.faults.add(Fault.UNAVAILABLE);
    target.faults.add(Fault.INVALID);
    pipeline.submit(insert(false, 1, 10));
    pipeline.submit(new CollectionGone(Messages.COLLECTION));
    pipeline.flush();

    assertThat(store.stops().read()).isEmpty();
    assertThat(target.calls()).endsWith("drop c");
  }

  @Test
  void aStopBeforeTheFirstMessageEndsWithTheNextRunThatWorks() throws Exception {
    Messages.stop(store.stops(), Map.of(), 0);
    disconnect();
    connect();
    assertThat(store.stops().read()).isEmpty();
  }

  @Test
  void aCheckpointDoesNotWaitForANameThatAnotherCollectionGivesUpBehindIt() throws Exception {
    pipeline.submit(new CollectionSeen(another("d")));
    pipeline.flush();
    pipeline.submit(new CollectionSeen(Messages.collection("d")));
    pipeline.submit(insert(false, 1, 10));
    pipeline.submit(new ReplicatedUntil(1_000));
    pipeline.flush();

    String aside = "d_cdc_" + Messages.COLLECTION;
    assertThat(target.names()).containsExactlyInAnyOrder("d", aside);
    assertThat(target.rows()).containsOnlyKeys(10L);
    assertThat(pipeline.replicatedUntil()).as("the name is not right").isEqualTo(-1);
    assertThat(pipeline.waitingFor()).contains("default.d", "until then it is default." + aside);

    pipeline.submit(new CollectionGone(ANOTHER));
    await().untilAsserted(() -> assertThat(target.names()).containsExactly("d"));
    await().untilAsserted(() -> assertThat(pipeline.replicatedUntil()).isEqualTo(1_000));
    assertThat(pipeline.waitingFor()).isEmpty();
  }

  @Test
  void aCollectionThatIsDroppedBeforeItGotItsNameIsDropped() throws Exception {
    pipeline.submit(new CollectionSeen(another("c")));
    pipeline.flush();
    assertThat(target.names()).containsExactlyInAnyOrder("c", "c_cdc_" + ANOTHER);

    pipeline.submit(new CollectionGone(ANOTHER));
    pipeline.submit(new ReplicatedUntil(1_000));
    pipeline.flush();
    assertThat(target.names()).containsExactly("c");
    assertThat(pipeline.replicatedUntil()).isEqualTo(1_000);
    assertThat(pipeline.waitingFor()).isEmpty();
  }

  @Test
  void collectionsThatHaveSwappedTheirNamesDoNotWaitForEachOther() throws Exception {
    pipeline.submit(new CollectionSeen(another("d")));
    pipeline.flush();
    pipeline.submit(new CollectionSeen(Messages.collection("d")));
    pipeline.submit(new CollectionSeen(another("c")));
    pipeline.submit(new ReplicatedUntil(1_000));

    await().untilAsserted(() -> assertThat(pipeline.replicatedUntil()).isEqualTo(1_000));
    assertThat(target.names()).containsExactlyInAnyOrder("c", "d");
  }

  @Test
  void aCheckpointDoesNotWaitForAnAliasWhoseNameIsACollections() throws Exception {
    pipeline.submit(new CollectionSeen(another("x")));
    pipeline.flush();
    pipeline.submit(
        new CollectionSeen(Messages.collection("c").toBuilder().addAliases("x").build()));
    pipeline.submit(new ReplicatedUntil(1_000));
    pipeline.flush();
    assertThat(target.aliases()).isEmpty();
    assertThat(pipeline.waitingFor()).contains("the alias default.x cannot be created");
    assertThat(pipeline.replicatedUntil()).isEqualTo(-1);

    pipeline.submit(new CollectionGone(ANOTHER));
    await().untilAsserted(() -> assertThat(pipeline.replicatedUntil()).isEqualTo(1_000));
    assertThat(target.aliases()).containsExactly(Map.entry("x", "c"));
  }

  private static CollectionState another(String name) {
    return Messages.collection(name).toBuilder().setId(ANOTHER).build();
  }

  @Test
  void credentialsThatAreRefusedForAMomentAreTriedAgain() throws Exception {
    target.faults.addAll(List.of(Fault.UNAUTHORIZED, Fault.UNAVAILABLE, Fault.UNAUTHORIZED));
    pipeline.submit(insert(false, 1, 10));
    pipeline.flush();

    assertThat(target.rows()).containsOnlyKeys(10L);
    assertThat(retried).hasValue(3);
  }

  @Test
  void credentialsAreTriedAgainHoweverLongSomethingElseWasTheMatterBefore() throws Exception {
    refusalPatience = Duration.ofMillis(200);
    disconnect();
    connect();
    // The pauses between these failures alone make more than 200 ms.
    target.faults.addAll(Collections.nCopies(4, Fault.ACKNOWLEDGEMENT_LOST));
    target.faults.add(Fault.UNAUTHORIZED);
    pipeline.submit(insert(false, 1, 10));
    pipeline.flush();

    assertThat(target.rows()).containsOnlyKeys(10L);
    assertThat(retried).hasValue(5);
  }

  @Test
  void credentialsThatGoOnToBeRefusedEndThePipeline() throws Exception {
    refusalPatience = Duration.ofMillis(200);
    disconnect();
    connect();
    long start = System.nanoTime();
    target.faults.addAll(Collections.nCopies(1_000, Fault.UNAUTHORIZED));
    pipeline.submit(insert(false, 1, 10));
    assertThatThrownBy(() -> pipeline.flush())
        .isInstanceOf(PermanentFailure.class)
        .hasMessageContaining("default.c")
        .hasMessageContaining("auth check failure")
        .hasMessageContaining("correct the user at the target");
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(refusalPatience, Duration.ofSeconds(10));
  }

  @Test
  void progressIsAnnouncedOnceEverythingBeforeItIsAcknowledged() throws Exception {
    pipeline.submit(new ReplicatedUntil(1_000));
    assertThat(pipeline.replicatedUntil()).isEqualTo(1_000);

    for (int i = 0; i < 50; i++) {
      target.faults.add(Fault.UNAVAILABLE);
    }
    pipeline.submit(insert(false, 1, 10));
    pipeline.submit(new ReplicatedUntil(2_000));
    assertThat(pipeline.replicatedUntil()).isEqualTo(1_000);

    target.faults.clear();
    pipeline.flush();
    assertThat(pipeline.replicatedUntil()).isEqualTo(2_000);
  }
}
