package io.milvus.cdc.catalog;

import static io.milvus.cdc.catalog.TestingMetadata.collection;
import static io.milvus.cdc.catalog.TestingMetadata.collectionKey;
import static io.milvus.cdc.catalog.TestingMetadata.database;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.etcd.ObjectState;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions.TopicStart;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.cdc.task.TaskDefinition;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CatalogFeedTest {

  /** A silent watch is given up in its own test only: a busy machine is silent, too. */
  private static final CatalogFeed.Pace FAST =
      pace(
          Duration.ofMillis(10),
          Duration.ofMillis(10),
          Duration.ofMillis(10),
          Duration.ofMinutes(1));

  private static CatalogFeed.Pace pace(
      Duration firstProgress,
      Duration progressInterval,
      Duration stillInterval,
      Duration confirmTimeout) {
    return new CatalogFeed.Pace(
        firstProgress,
        progressInterval,
        stillInterval,
        confirmTimeout,
        Duration.ofMillis(1),
        Duration.ofMillis(5));
  }

  private static final CatalogFeed.Pace SELDOM_WHILE_STILL =
      pace(
          Duration.ofMillis(10), Duration.ofMillis(10), Duration.ofHours(1), Duration.ofMinutes(1));

  private final TestingMetadata metadata = new TestingMetadata();
  private final EventQueue queue = new EventQueue();
  private final List<SourceEvent> told = new ArrayList<>();
  private final AtomicLong clock = new AtomicLong(1_000);
  private final AtomicBoolean isWritten = new AtomicBoolean();
  private Optional<Thread> thread = Optional.empty();
  private CatalogFeed.Pace pace = FAST;

  CatalogFeedTest() {
    metadata.put("root-coord/database/db-info/1", database(1, "default"));
  }

  @AfterEach
  void stop() throws InterruptedException {
    if (thread.isPresent()) {
      thread.get().interrupt();
      thread.get().join();
    }
  }

  @Test
  void tellsWhatExistsThenWhatIsGoneThenProgress() {
    metadata.put("root-coord/database/db-info/2", database(2, "shop"));
    metadata.create(2, 50, "books");
    start(
        Selection.everything(),
        new KnownObjects(Set.of(40L, 50L), Set.of("default", "old"), Set.of()));

    untilProgress(1_000);

    assertThat(kinds())
        .startsWith(
            "database shop",
            "gone 40",
            "collection 50 shop.books",
            "no database old",
            "progress 1000");
  }

  @Test
  void anErrorOnItsThreadIsTold() {
    EventQueue events = new EventQueue();
    new CatalogFeed(
            new BrokenRecord(),
            task -> metadata.connect(),
            KnownObjects.none(),
            events,
            clock::get,
            isWritten::get,
            pace)
        .run();

    assertThat(events.available()).isDone();
    assertThatThrownBy(events::poll)
        .isInstanceOf(NoClassDefFoundError.class)
        .hasMessage("io/grpc/Gone");
  }

  private static final class BrokenRecord implements CatalogFeed.TaskRecord {
    @Override
    public CatalogFeed.LoadedTask load() {
      throw new NoClassDefFoundError("io/grpc/Gone");
    }

    @Override
    public void addStart(String pchannel, TopicStart start) {}

    @Override
    public void note(String database) {}

    @Override
    public void forget(String database) {}
  }

  @Test
  void aTopicIsReadFromTheOldestOfTheCollectionsThatAreToldTogether() {
    metadata.create(1, 60, "a");
    metadata.create(1, 61, "b");
    // Its own key changed last, so it is told last.
    metadata.put(collectionKey(1, 60), collection(60, "renamed", ObjectState.CREATED));
    InMemoryTask task = task(Selection.everything());
    start(task, KnownObjects.none());
    untilProgress(1_000);

    assertThat(objects())
        .containsExactly(
            "database default", "collection 61 default.b", "collection 60 default.renamed");
    assertThat(task.starts)
        .isEqualTo(
            Map.of(
                "by-dev-rootcoord-dml_0",
                new TopicStart(Optional.of(TestingMetadata.startOf(60)), true, Map.of())));
  }

  @Test
  void aTopicThatIsReadStaysWhereItIs() {
    InMemoryTask task = task(Selection.everything());
    TopicStart start = new TopicStart(Optional.of(TestingMetadata.startOf(5)), true, Map.of());
    task.starts.put("by-dev-rootcoord-dml_0", start);
    start(task, KnownObjects.none());
    untilProgress(1_000);
    metadata.create(1, 60, "a");
    await().untilAsserted(() -> assertThat(objects()).contains("collection 60 default.a"));

    assertThat(task.starts).isEqualTo(Map.of("by-dev-rootcoord-dml_0", start));
  }

  @Test
  void aCollectionIsNotToldBeforeItsTopicsAreNoted() {
    InMemoryTask task = task(Selection.everything());
    start(task, KnownObjects.none());
    untilProgress(1_000);
    task.failures.set(Integer.MAX_VALUE);
    int before = task.failures.get();
    metadata.create(1, 60, "a");
    await().until(() -> task.failures.get() < before - 3);
    drain();
    assertThat(objects()).containsExactly("database default");
    assertThat(task.starts).isEmpty();

    task.failures.set(0);
    await().untilAsserted(() -> assertThat(objects()).contains("collection 60 default.a"));
    assertThat(task.starts).containsOnlyKeys("by-dev-rootcoord-dml_0");
  }

  @Test
  void aCollectionThatIsNotSelectedAddsNoTopic() {
    InMemoryTask task = task(new Selection(List.of(new Selection.Entry("default", "in"))));
    metadata.create(1, 60, "out");
    start(task, KnownObjects.none());
    untilProgress(1_000);
    assertThat(task.starts).isEmpty();
  }

  @Test
  void tellsACreatedCollectionOnceAndADroppedOneAtOnce() {
    start(Selection.everything(), KnownObjects.none());
    untilProgress(1_000);
    told.clear();

    metadata.create(1, 60, "a");
    await().untilAsserted(() -> assertThat(objects()).containsExactly("collection 60 default.a"));

    metadata.put(collectionKey(1, 60), collection(60, "a", ObjectState.DROPPING));
    await()
        .untilAsserted(
            () -> assertThat(objects()).containsExactly("collection 60 default.a", "gone 60"));

    metadata.put(collectionKey(1, 60), TestingMetadata.TOMBSTONE);
    clock.set(2_000);
    untilProgress(2_000);
    assertThat(objects()).containsExactly("collection 60 default.a", "gone 60");
  }

  @Test
  void aRenameOutOfTheSelectionOrIntoItIsTold() {
    metadata.create(1, 60, "in");
    metadata.create(1, 61, "out");
    start(new Selection(List.of(new Selection.Entry("default", "in"))), KnownObjects.none());
    untilProgress(1_000);
    assertThat(objects())
        .containsExactly("database default", "outside 61", "collection 60 default.in");
    told.clear();

    metadata.put(collectionKey(1, 60), collection(60, "away", ObjectState.CREATED));
    metadata.put(collectionKey(1, 61), collection(61, "in", ObjectState.CREATED));

    await().untilAsserted(() -> assertThat(objects()).containsExactly("outside 60", "outside 61"));
  }

  @Test
  void listsAgainAndComparesWhenTheWatchEnds() {
    metadata.create(1, 60, "a");
    metadata.create(1, 61, "b");
    start(Selection.everything(), KnownObjects.none());
    untilProgress(1_000);
    told.clear();

    metadata.away(true);
    metadata.put(collectionKey(1, 60), TestingMetadata.TOMBSTONE);
    metadata.create(1, 62, "a");
    metadata.away(false);

    await()
        .untilAsserted(
            () -> assertThat(objects()).containsExactly("gone 60", "collection 62 default.a"));
  }

  @Test
  void tellsNoProgressWhileEtcdIsAwayAndGoesOnWhenItIsBack() {
    start(Selection.everything(), KnownObjects.none());
    untilProgress(1_000);
    metadata.away(true);
    int listings = metadata.listings();
    clock.set(3_000);

    metadata.away(false);
    untilProgress(3_000);

    assertThat(metadata.listings()).isGreaterThan(listings);
  }

  @Test
  void aWatchThatTellsNothingMoreIsGivenUp() {
    pace =
        pace(
            Duration.ofMillis(10),
            Duration.ofMillis(10),
            Duration.ofMillis(10),
            Duration.ofMillis(300));
    start(Selection.everything(), KnownObjects.none());
    untilProgress(1_000);
    int listings = metadata.listings();

    metadata.answersProgress(false);
    // Not below the watched keys: only a progress notification could confirm this revision.
    metadata.commit(Map.of());

    await().untilAsserted(() -> assertThat(metadata.listings()).isGreaterThan(listings));
  }

  @Test
  void aWatchIsAskedForNoProgressWhileItMayBeCatchingUp() {
    pace = pace(Duration.ofHours(1), Duration.ZERO, Duration.ZERO, Duration.ofMinutes(1));
    start(Selection.everything(), KnownObjects.none());
    untilProgress(1_000);
    metadata.create(1, 60, "a");
    await().untilAsserted(() -> assertThat(objects()).contains("collection 60 default.a"));

    assertThat(metadata.revisionReads()).isZero();
  }

  @Test
  void progressIsToldSoonAfterAChangeHoweverStillItWasBefore() {
    pace = SELDOM_WHILE_STILL;
    start(Selection.everything(), KnownObjects.none());
    await().until(() -> metadata.revisionReads() > 0);
    clock.set(5_000);
    metadata.create(1, 60, "a");
    untilProgress(5_000);
  }

  @Test
  void progressIsToldOftenWhileRowsAreWrittenHoweverStillTheMetadataIs() {
    pace = SELDOM_WHILE_STILL;
    isWritten.set(true);
    start(Selection.everything(), KnownObjects.none());
    untilProgress(1_000);
    await().until(() -> metadata.revisionReads() > 1);
    clock.set(5_000);
    untilProgress(5_000);
  }

  @Test
  void progressWaitsForChangesThatTheWatchHasNotToldYet() {
    start(Selection.everything(), KnownObjects.none());
    untilProgress(1_000);
    int reads;
    synchronized (metadata) {
      metadata.hold();
      metadata.create(1, 60, "a");
      clock.set(5_000);
      // The next one reads the new revision and waits for the watch.
      reads = metadata.revisionReads();
    }
    await().until(() -> metadata.revisionReads() > reads);
    drain();
    assertThat(kinds()).doesNotContain("progress 5000");

    metadata.release();
    untilProgress(5_000);

    assertThat(kinds()).containsSubsequence("collection 60 default.a", "progress 5000");
  }

  @Test
  void failsOnMetadataThatCannotBeRead() {
    start(Selection.everything(), KnownObjects.none());
    untilProgress(1_000);

    metadata.put(collectionKey(1, 70), ByteString.copyFromUtf8("not protobuf"));

    await()
        .untilAsserted(
            () ->
                assertThatThrownBy(this::drain)
                    .isInstanceOf(PermanentFailure.class)
                    .hasMessageContaining(collectionKey(1, 70)));
  }

  @Test
  void waitsForTheTaskStore() {
    InMemoryTask task = task(Selection.everything());
    task.failures.set(4);
    start(task, KnownObjects.none());

    untilProgress(1_000);

    assertThat(objects()).containsExactly("database default");
    assertThat(task.databases).containsExactly("default");
  }

  @Test
  void aDatabaseThatWasAnnouncedAfterTheCheckpointAndDroppedSinceIsGone() {
    InMemoryTask task = task(Selection.everything());
    task.databases.addAll(Set.of("default", "lost"));
    start(task, new KnownObjects(Set.of(), Set.of("default"), Set.of()));

    untilProgress(1_000);

    assertThat(objects()).containsExactly("no database lost");
  }

  @Test
  void aDatabaseThatWasNotedButMaybeNotAnnouncedIsAnnounced() {
    metadata.put("root-coord/database/db-info/2", database(2, "shop"));
    InMemoryTask task = task(Selection.everything());
    task.databases.addAll(Set.of("default", "shop"));
    start(task, new KnownObjects(Set.of(), Set.of("default"), Set.of()));

    untilProgress(1_000);

    assertThat(objects()).containsExactly("database shop");
  }

  @Test
  void aDatabaseIsNotedBeforeItIsToldAndForgottenAfterTheCheckpointOfItsEnd() {
    InMemoryTask task = task(Selection.everything());
    CatalogFeed feed = start(task, new KnownObjects(Set.of(), Set.of("default"), Set.of()));
    untilProgress(1_000);
    assertThat(task.databases).as("one of a release that made no notes").containsExactly("default");

    metadata.put("root-coord/database/db-info/2", database(2, "shop"));
    await().untilAsserted(() -> assertThat(objects()).containsExactly("database shop"));
    assertThat(task.databases).containsExactly("default", "shop");

    metadata.delete("root-coord/database/db-info/2");
    await()
        .untilAsserted(
            () -> assertThat(objects()).containsExactly("database shop", "no database shop"));
    assertThat(task.databases).containsExactly("default", "shop");
    task.failures.set(1);
    feed.dropped(List.of("default", "shop"));
    await().untilAsserted(() -> assertThat(task.databases).containsExactly("default"));
  }

  private void start(Selection selection, KnownObjects known) {
    CatalogFeed unused = start(task(selection), known);
  }

  private CatalogFeed start(CatalogFeed.TaskRecord task, KnownObjects known) {
    CatalogFeed feed =
        new CatalogFeed(
            task, ignored -> metadata.connect(), known, queue, clock::get, isWritten::get, pace);
    Thread running = new Thread(feed);
    running.start();
    thread = Optional.of(running);
    return feed;
  }

  private static InMemoryTask task(Selection selection) {
    return new InMemoryTask(
        new TaskDefinition(
            TaskDefinition.VERSION,
            "t",
            Instant.EPOCH,
            new SourceCluster(List.of(), "by-dev", "meta", "", "", "public", "default", "by-dev"),
            new TargetCluster("localhost", 1, false, Optional.empty(), 1),
            selection,
            1,
            false));
  }

  private void untilProgress(long epochMillis) {
    await()
        .until(
            () -> {
              drain();
              return told.stream()
                  .anyMatch(
                      event ->
                          event instanceof SourceEvent.CatalogProgress progress
                              && progress.epochMillis() >= epochMillis);
            });
  }

  private void drain() {
    for (Optional<SourceEvent> event = queue.poll(); event.isPresent(); event = queue.poll()) {
      told.add(event.get());
    }
  }

  private List<String> objects() {
    drain();
    return kinds().stream().filter(kind -> !kind.startsWith("progress")).toList();
  }

  private List<String> kinds() {
    return told.stream().map(CatalogFeedTest::kind).toList();
  }

  private static String kind(SourceEvent event) {
    if (event instanceof SourceEvent.CollectionSeen seen) {
      return "collection %d %s.%s"
          .formatted(seen.state().getId(), seen.state().getDatabase(), seen.state().getName());
    } else if (event instanceof SourceEvent.CollectionGone gone) {
      return "gone " + gone.collectionId();
    } else if (event instanceof SourceEvent.CollectionOutside outside) {
      return "outside " + outside.collectionId();
    } else if (event instanceof SourceEvent.DatabaseSeen seen) {
      return "database " + seen.name();
    } else if (event instanceof SourceEvent.DatabaseGone gone) {
      return "no database " + gone.name();
    } else if (event instanceof SourceEvent.CatalogProgress progress) {
      return "progress " + progress.epochMillis();
    }
    throw new AssertionError("a catalog does not tell " + event);
  }
}
