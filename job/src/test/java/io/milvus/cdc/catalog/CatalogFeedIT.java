package io.milvus.cdc.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.InvalidProtocolBufferException;
import io.etcd.jetcd.Client;
import io.milvus.cdc.catalog.CollectionLookup.Standing;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Partition;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.etcd.EtcdChange;
import io.milvus.cdc.etcd.EtcdConnection.RunningWatch;
import io.milvus.cdc.etcd.EtcdConnection.WatchListener;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.FieldSchema;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CatalogFeedIT {

  private static final AtomicInteger RUN = new AtomicInteger();

  private final TestingSource source = TestingSource.connect();
  private final String suffix =
      "_" + Long.toString(System.nanoTime(), 36) + "_" + RUN.incrementAndGet();
  private final String database = "db" + suffix;
  private final String books = "books" + suffix;
  private final EventQueue queue = new EventQueue();
  private final List<SourceEvent> told = new ArrayList<>();
  private Optional<Thread> thread = Optional.empty();

  @AfterEach
  void stop() throws InterruptedException {
    if (thread.isPresent()) {
      thread.get().interrupt();
      thread.get().join();
    }
    source.close();
  }

  @Test
  void followsCollectionsOfTheSameNameInTwoDatabases() throws InvalidProtocolBufferException {
    source.createCollection("default", books, 2);
    start(source.cluster().metaPrefix(), MilvusMetadata.open(source.cluster()));
    untilProgressOf(Instant.now());
    CollectionState listed = seen("default", books).orElseThrow();
    assertThat(listed.getShardsList()).hasSize(2);
    assertThat(listed.getShardsList())
        .allSatisfy(
            shard -> {
              assertThat(shard.getVchannel())
                  .startsWith(shard.getPchannel() + "_" + listed.getId());
              assertThat(shard.getStartMessageId().isEmpty()).isFalse();
            });
    CollectionSchema schema = CollectionSchema.parseFrom(listed.getSchema());
    assertThat(schema.getName()).isEqualTo(books);
    assertThat(schema.getDescription()).isEqualTo("about " + books);
    assertThat(schema.getEnableDynamicField()).isTrue();
    assertThat(schema.getFieldsList()).extracting(FieldSchema::getName).containsExactly("id", "v");

    source.createDatabase(database);
    source.createCollection(database, books, 1);
    untilProgressOf(Instant.now());
    CollectionState watched = seen(database, books).orElseThrow();
    assertThat(watched.getId()).isNotEqualTo(listed.getId());
    assertThat(told.indexOf(new SourceEvent.DatabaseSeen(database)))
        .isBetween(0, told.indexOf(new SourceEvent.CollectionSeen(watched)) - 1);
    assertThat(watched.getPartitionsList())
        .extracting(Partition::getName)
        .containsExactly("_default");

    source.createPartition(books, "p");
    untilProgressOf(Instant.now());
    assertThat(seen("default", books).orElseThrow().getPartitionsList())
        .extracting(Partition::getName)
        .containsExactlyInAnyOrder("_default", "p");

    source.dropPartition(books, "p");
    source.dropCollection("default", books);
    untilProgressOf(Instant.now());
    assertThat(told).contains(new SourceEvent.CollectionGone(listed.getId()));
    assertThat(told).doesNotContain(new SourceEvent.CollectionGone(watched.getId()));

    source.dropCollection(database, books);
    // The database can go when its collections are, which takes the server a moment.
    await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptionsMatching(AssertionError.class::isInstance)
        .untilAsserted(() -> source.dropDatabase(database));
    untilProgressOf(Instant.now());
    assertThat(told)
        .containsSubsequence(
            new SourceEvent.CollectionGone(watched.getId()),
            new SourceEvent.DatabaseGone(database));
  }

  @Test
  void listsAgainWhenEtcdWasCompactedWhileTheWatchWasAway() throws Exception {
    source.createCollection("default", books, 1);
    AtomicBoolean away = new AtomicBoolean();
    List<Runnable> cuts = new ArrayList<>();
    AtomicInteger listings = new AtomicInteger();
    MilvusMetadata real = MilvusMetadata.open(source.cluster());
    MilvusMetadata cuttable =
        new MilvusMetadata() {
          @Override
          public long revision() throws EtcdUnavailableException {
            return real.revision();
          }

          @Override
          public long list(Consumer<EtcdChange> consumer) throws EtcdUnavailableException {
            if (away.get()) {
              throw new EtcdUnavailableException("cut", new IllegalStateException());
            }
            long revision = real.list(consumer);
            // The second listing pretends to be an old one, so that its watch meets compaction.
            return listings.incrementAndGet() == 2 ? 1 : revision;
          }

          @Override
          public RunningWatch watch(long revision, WatchListener listener) {
            cuts.add(() -> listener.ended("cut"));
            return real.watch(revision, listener);
          }

          @Override
          public void close() {}
        };
    start(source.cluster().metaPrefix(), cuttable);
    untilProgressOf(Instant.now());
    long dropped = seen("default", books).orElseThrow().getId();

    away.set(true);
    cuts.forEach(Runnable::run);
    source.dropCollection("default", books);
    source.createCollection("default", books, 1);
    try (Client etcd =
        Client.builder().endpoints(source.cluster().etcdEndpoints().get(0)).build()) {
      etcd.getKVClient().compact(real.revision()).get();
    }
    away.set(false);

    untilProgressOf(Instant.now());
    long created = seen("default", books).orElseThrow().getId();
    assertThat(created).isNotEqualTo(dropped);
    assertThat(told).contains(new SourceEvent.CollectionGone(dropped));
    await().untilAsserted(() -> assertThat(listings.get()).isGreaterThanOrEqualTo(3));
    source.createPartition(books, "p");
    untilProgressOf(Instant.now());
    assertThat(seen("default", books).orElseThrow().getPartitionsList()).hasSize(2);
    real.close();
  }

  @Test
  void looksUpHowACollectionStands() throws Exception {
    source.createDatabase(database);
    source.createCollection(database, books, 2);
    source.createCollection("default", books, 1);
    Selection selection = new Selection(List.of(new Selection.Entry(database, Selection.ALL)));
    List<CollectionState> all =
        SourceSnapshot.read(source.cluster(), Selection.everything()).collections();
    CollectionState selected = in(all, database);
    CollectionState other = in(all, "default");
    try (CollectionLookup lookup = EtcdCollectionLookup.open(source.cluster(), selection)) {
      assertThat(lookup.standing(selected.getId())).isEqualTo(Standing.REPLICATED);
      assertThat(lookup.standing(other.getId())).isEqualTo(Standing.NOT_SELECTED);
      assertThat(lookup.standing(42)).isEqualTo(Standing.GONE);
      for (Shard shard : selected.getShardsList()) {
        assertThat(lookup.startPositionsOfLiveCollections(shard.getPchannel()))
            .contains(shard.getStartMessageId());
      }

      source.dropCollection(database, books);

      assertThat(lookup.standing(selected.getId())).isEqualTo(Standing.GONE);
      assertThat(lookup.startPositionsOfLiveCollections(selected.getShards(0).getPchannel()))
          .doesNotContain(selected.getShards(0).getStartMessageId());

      // A database made after the lookup's last question is found as well.
      String later = database + "_later";
      source.createDatabase(later);
      source.createCollection(later, books, 1);
      CollectionState inLater =
          in(SourceSnapshot.read(source.cluster(), Selection.everything()).collections(), later);
      assertThat(lookup.standing(inLater.getId())).isEqualTo(Standing.NOT_SELECTED);
    }
  }

  private CollectionState in(List<CollectionState> collections, String databaseName) {
    return collections.stream()
        .filter(c -> c.getDatabase().equals(databaseName) && c.getName().equals(books))
        .findFirst()
        .orElseThrow();
  }

  private void start(String metaPrefix, MilvusMetadata metadata) {
    TaskDefinition task =
        new TaskDefinition(
            TaskDefinition.VERSION,
            "t",
            Instant.EPOCH,
            source.cluster(),
            new TargetCluster("localhost", 1, false, Optional.empty(), 1),
            Selection.everything(),
            1,
            false);
    assertThat(task.source().metaPrefix()).isEqualTo(metaPrefix);
    Thread feed =
        new Thread(
            new CatalogFeed(
                new InMemoryTask(task),
                ignored -> metadata,
                KnownObjects.none(),
                queue,
                System::currentTimeMillis,
                () -> false,
                CatalogFeed.Pace.DEFAULT));
    feed.start();
    thread = Optional.of(feed);
  }

  /** Waits until all that was committed before now has been told. */
  private void untilProgressOf(Instant now) {
    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              for (Optional<SourceEvent> e = queue.poll(); e.isPresent(); e = queue.poll()) {
                told.add(e.get());
              }
              return told.stream()
                  .anyMatch(
                      event ->
                          event instanceof SourceEvent.CatalogProgress progress
                              && progress.epochMillis() > now.toEpochMilli());
            });
  }

  /** The newest that was told of a collection. */
  private Optional<CollectionState> seen(String databaseName, String name) {
    return told.stream()
        .filter(SourceEvent.CollectionSeen.class::isInstance)
        .map(event -> ((SourceEvent.CollectionSeen) event).state())
        .filter(state -> state.getDatabase().equals(databaseName) && state.getName().equals(name))
        .reduce((first, second) -> second);
  }
}
