package io.milvus.cdc.replicate;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.CollectionLookup.Standing;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.CatalogProgress;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionOutside;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.FlushRequested;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.SourceEvent.ReplicatedUntil;
import io.milvus.cdc.event.SourceEvent.TimeTick;
import io.milvus.cdc.event.SourceEvent.UnreadableMessage;
import io.milvus.cdc.replicate.Replication.Skipped;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import milvus.proto.msg.Msg.DropPartitionRequest;
import org.junit.jupiter.api.Test;

class ReplicationTest {

  private final List<SourceEvent> handedOut = new ArrayList<>();
  private final List<Skipped> skipped = new ArrayList<>();

  private Replication replication(Standing answer) {
    return new Replication(new FixedLookup(answer), handedOut::add, skipped::add);
  }

  @Test
  void messagesWaitUntilTheMetadataHasNamedTheCollection() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(insert(1, "a", 10));
    replication.handle(new TimeTick("a", 20));
    assertThat(handedOut).isEmpty();

    replication.handle(new CollectionSeen(collection(1, "a")));

    assertThat(handedOut)
        .containsExactly(new CollectionSeen(collection(1, "a")), insert(1, "a", 10));
  }

  @Test
  void collectionsWithoutWaitingMessagesHaveNoState() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    for (int id = 1; id <= 1_000; id++) {
      replication.handle(new CollectionSeen(collection(id, "a", "b")));
    }
    replication.handle(insert(1, "a", 10));
    assertThat(replication.snapshot()).hasSize(1);
    replication.handle(new TimeTick("a", 20));
    replication.handle(new TimeTick("b", 20));

    assertThat(replication.snapshot()).isEmpty();
  }

  @Test
  void aCollectionWaitsOnlyForTheTopicsOfItsShards() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CollectionSeen(collection(1, "a", "b")));
    replication.handle(new CollectionSeen(collection(2, "a")));
    handedOut.clear();
    replication.handle(insert(1, "a", 10));
    replication.handle(insert(2, "a", 11));

    replication.handle(new TimeTick("a", 20));
    assertThat(handedOut).containsExactly(insert(2, "a", 11));

    replication.handle(new TimeTick("b", 9));
    assertThat(handedOut).hasSize(1);
    replication.handle(new TimeTick("b", 10));
    assertThat(handedOut).containsExactly(insert(2, "a", 11), insert(1, "a", 10));
  }

  @Test
  void theTopicThatHasToldLeastIsKnown() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CatalogProgress(50));
    assertThat(replication.slowest()).isEqualTo(slowest(Optional.empty(), 50));

    replication.handle(new CollectionSeen(collection(1, "a", "b")));
    replication.handle(new TimeTick("a", 40L << 18));
    replication.handle(new TimeTick("b", 30L << 18));
    assertThat(replication.slowest()).isEqualTo(slowest(Optional.of("b"), 30));

    replication.handle(new TimeTick("b", 60L << 18));
    assertThat(replication.slowest()).isEqualTo(slowest(Optional.of("a"), 40));
  }

  private static Replication.Slowest slowest(Optional<String> topic, long epochMillis) {
    return new Replication.Slowest(topic, OptionalLong.empty(), epochMillis);
  }

  @Test
  void aCollectionThatTheMetadataDoesNotTellOfIsKnown() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(insert(9, "a", 35L << 18));
    replication.handle(new CatalogProgress(50));
    assertThat(replication.slowest())
        .isEqualTo(new Replication.Slowest(Optional.empty(), OptionalLong.of(9), 34));
    assertThat(handedOut).containsExactly(new ReplicatedUntil(34));

    replication.handle(new CollectionSeen(collection(9, "a")));
    replication.handle(new TimeTick("a", 60L << 18));
    assertThat(replication.slowest()).isEqualTo(slowest(Optional.empty(), 50));
  }

  @Test
  void aMessageThatCannotBeReadStopsTheCollectionsThatItMayHaveBeenFor() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    long published = 1_000;
    replication.handle(new CollectionSeen(collection(1, "a", "b")));
    replication.handle(new CollectionSeen(collection(2, "b")));
    handedOut.clear();

    replication.handle(new UnreadableMessage("a", 3, 4, published, "garbage"));
    assertThat(handedOut).containsExactly(CollectionStopped.at(1, "a", 3, 4, "garbage"));
    handedOut.clear();

    CollectionState unknownUntilNow = collection(3, "a");
    CollectionState newer =
        collection(4, "a").toBuilder().setCreatedAt((published + 1) << 18).build();
    replication.handle(new CollectionSeen(unknownUntilNow));
    replication.handle(new CollectionSeen(newer));
    assertThat(handedOut)
        .containsExactly(
            new CollectionSeen(unknownUntilNow),
            CollectionStopped.at(3, "a", 3, 4, "garbage"),
            new CollectionSeen(newer));
  }

  @Test
  void aDropClosesItsTopicWithoutATick() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CollectionSeen(collection(1, "a", "b")));
    replication.handle(insert(1, "b", 10));
    handedOut.clear();

    replication.handle(drop(1, "a", 30));
    assertThat(handedOut).isEmpty();
    replication.handle(new TimeTick("b", 12));
    assertThat(handedOut).containsExactly(insert(1, "b", 10));
    replication.handle(drop(1, "b", 30));

    assertThat(handedOut).endsWith(new CollectionGone(1));
    assertThat(replication.collections()).isZero();
  }

  /** Its copy was made after the checkpoint that this run began with. */
  @Test
  void aCollectionThatWasDroppedBeforeTheMetadataNamedItAgainIsGone() throws Exception {
    Replication replication = replication(Standing.GONE);
    replication.handle(insert(1, "a", 10));
    replication.handle(drop(1, "a", 20));
    replication.handle(drop(1, "b", 20));
    assertThat(handedOut).containsExactly(new CollectionGone(1, false));

    replication.handle(new CollectionSeen(collection(1, "a", "b")));
    assertThat(handedOut).as("metadata from before the drop").hasSize(1);
    assertThat(replication.collections()).isZero();
  }

  @Test
  void theDropOfWhatIsNotSelectedIsNobodysBusiness() throws Exception {
    Replication replication = replication(Standing.NOT_SELECTED);
    replication.handle(insert(1, "a", 10));
    replication.handle(drop(1, "a", 20));
    assertThat(handedOut).isEmpty();
    assertThat(skipped).containsExactly(Skipped.NOT_SELECTED, Skipped.NOT_SELECTED);
  }

  @Test
  void whetherWhatIsNotFollowedIsMissingIsHandedOn() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CollectionOutside(1, "renamed out", false));
    replication.handle(new CollectionOutside(2, "renamed in", true));
    assertThat(handedOut)
        .containsExactly(
            CollectionStopped.byMetadata(1, "renamed out", false),
            CollectionStopped.byMetadata(2, "renamed in", true));
  }

  /** Its copy may be another task's. */
  @Test
  void theDropOfWhatIsNotFollowedIsHandedOutAsSuch() throws Exception {
    Replication replication = replication(Standing.GONE);
    replication.handle(new CollectionOutside(1, "", false));
    replication.handle(drop(1, "a", 20));
    assertThat(handedOut).isEmpty();
    replication.handle(new CollectionGone(1, false));

    assertThat(handedOut).containsExactly(new CollectionGone(1, false));
  }

  @Test
  void theDropOfWhatWasFollowedDropsItsCopyWhoeverTellsOfItFirst() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CollectionSeen(collection(1, "a")));
    replication.handle(new CollectionSeen(collection(2, "a")));
    handedOut.clear();
    replication.handle(drop(1, "a", 20));
    replication.handle(new CollectionGone(2, true));

    assertThat(handedOut).containsExactly(new CollectionGone(1, true), new CollectionGone(2, true));
  }

  @Test
  void theDropOfWhatNobodyKnowsDropsOnlyACopyOfTheTasksOwn() throws Exception {
    Replication replication = replication(Standing.GONE);
    replication.handle(drop(1, "a", 20));

    assertThat(handedOut).containsExactly(new CollectionGone(1, false));
  }

  @Test
  void theDropOfAPartitionFromBeforeTheStartIsNotApplied() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    CollectionState started =
        collection(1, "a").toBuilder()
            .setShards(0, collection(1, "a").getShards(0).toBuilder().setStartAfter(100))
            .build();
    LogMessage early = dropPartition(1, "a", 40);
    LogMessage late = dropPartition(1, "a", 101);
    replication.handle(early);
    replication.handle(new CollectionSeen(started));
    replication.handle(dropPartition(1, "a", 100));
    replication.handle(late);
    replication.handle(new TimeTick("a", 200));

    assertThat(handedOut).containsExactly(new CollectionSeen(started), late);
    assertThat(skipped).containsExactly(Skipped.BEFORE_START, Skipped.BEFORE_START);
  }

  private static LogMessage dropPartition(long collection, String topic, long timestamp) {
    return new LogMessage(
        message(Kind.DROP_PARTITION, collection, topic, "", timestamp).header(),
        DropPartitionRequest.newBuilder()
            .setPartitionName("p")
            .setPartitionID(7)
            .build()
            .toByteString());
  }

  @Test
  void backlogOfACollectionThatIsGoneIsAskedAboutOnceAndDropped() throws Exception {
    FixedLookup lookup = new FixedLookup(Standing.GONE);
    Replication replication = new Replication(lookup, handedOut::add, skipped::add);
    for (int i = 1; i <= 1_000; i++) {
      replication.handle(insert(9, "a", i));
    }
    replication.handle(new TimeTick("a", 5_000));

    assertThat(handedOut).isEmpty();
    assertThat(skipped).hasSize(1_000).containsOnly(Skipped.GONE);
    assertThat(lookup.questions()).isEqualTo(1);
    assertThat(replication.collections()).isZero();
  }

  @Test
  void whatWaitsForACollectionThatTurnsOutGoneIsDropped() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CollectionSeen(collection(1, "a")));
    replication.handle(insert(1, "a", 10));
    handedOut.clear();

    replication.handle(new CollectionGone(1));
    replication.handle(new TimeTick("a", 20));
    replication.handle(insert(1, "a", 21));

    assertThat(handedOut).containsExactly(new CollectionGone(1));
    assertThat(skipped).containsExactly(Skipped.GONE, Skipped.GONE);
  }

  @Test
  void messagesAtOrBeforeTheStartPositionAreNotApplied() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    CollectionState state =
        collection(1, "a").toBuilder()
            .setShards(
                0, Shard.newBuilder().setPchannel("a").setVchannel("a_1v0").setStartAfter(10))
            .build();
    replication.handle(insert(1, "a", 9)); // Before the metadata has named it.
    replication.handle(new CollectionSeen(state));
    replication.handle(insert(1, "a", 10));
    replication.handle(insert(1, "a", 11));
    replication.handle(new TimeTick("a", 20));

    assertThat(handedOut).containsExactly(new CollectionSeen(state), insert(1, "a", 11));
    assertThat(skipped).containsExactly(Skipped.BEFORE_START, Skipped.BEFORE_START);
  }

  @Test
  void progressIsTheSlowestTopicThatCarriesACollection() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CollectionSeen(collection(1, "a", "b")));
    handedOut.clear();
    replication.handle(new CatalogProgress(9_000));
    replication.handle(new TimeTick("a", 5_000L << 18));
    replication.handle(new TimeTick("c", 1L << 18));
    assertThat(handedOut).isEmpty();

    replication.handle(new TimeTick("b", 4_000L << 18));

    assertThat(handedOut).containsExactly(new ReplicatedUntil(4_000));
  }

  @Test
  void aFlushTakesItsPlaceAmongTheMessagesOfWhatItNames() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CollectionSeen(collection(1, "a")));
    replication.handle(new CollectionSeen(collection(2, "a")));
    handedOut.clear();
    LogMessage before = insert(1, "a", 4_000L << 18);
    LogMessage after = insert(1, "a", 6_000L << 18);
    replication.handle(after);
    replication.handle(flushOf("c1", "c9"));
    replication.handle(before);
    replication.handle(new TimeTick("a", 7_000L << 18));

    assertThat(handedOut).containsExactly(before, flushIn(1), after);
  }

  @Test
  void aFlushAwaitsTheNamesThatTheMetadataHasYetToTell() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CollectionSeen(collection(1, "a")));
    replication.handle(new CatalogProgress(4_000));
    handedOut.clear();
    replication.handle(flushOf("renamed", "c2"));
    replication.handle(new TimeTick("a", 5_500L << 18));
    assertThat(handedOut).noneMatch(LogMessage.class::isInstance);

    CollectionState renamed = collection(1, "a").toBuilder().setName("renamed").build();
    replication.handle(new CollectionSeen(renamed));
    replication.handle(new CollectionSeen(renamed));
    replication.handle(new CatalogProgress(5_000));
    replication.handle(new CollectionSeen(collection(2, "a")));

    assertThat(handedOut.stream().filter(LogMessage.class::isInstance))
        .as("once, and not in what came to have a name after it")
        .containsExactly(flushIn(1));
  }

  /** The request, of second 5. */
  private static FlushRequested flushOf(String... collections) {
    return new FlushRequested("requests", 3, 4, "default", List.of(collections), 5_000L << 18);
  }

  /** What becomes of {@link #flushOf} in a collection. */
  private static LogMessage flushIn(long collection) {
    return new LogMessage(
        new LogMessageHeader(Kind.FLUSH, "requests", 3, 4, collection, "", 5_000L << 18, true),
        ByteString.EMPTY);
  }

  @Test
  void aFlushOfWhatHasNothingWaitingComesWithTheTick() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CollectionSeen(collection(1, "a")));
    replication.handle(new CatalogProgress(9_000));
    handedOut.clear();
    replication.handle(flushOf("c1"));
    assertThat(handedOut).isEmpty();

    replication.handle(new TimeTick("a", 5_000L << 18));

    assertThat(handedOut.get(0)).isInstanceOf(LogMessage.class);
  }

  @Test
  void aFlushThatIsReadAfterItsTickWaitsForNoOther() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CollectionSeen(collection(1, "a")));
    replication.handle(new TimeTick("a", 5_500L << 18));
    handedOut.clear();

    replication.handle(flushOf("c1"));

    assertThat(handedOut).containsExactly(flushIn(1));
  }

  @Test
  void progressWithoutCollectionsIsThatOfTheMetadata() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(new CatalogProgress(9_000));
    assertThat(handedOut).containsExactly(new ReplicatedUntil(9_000));
  }

  @Test
  void progressStopsShortOfWhatWaitsForTheMetadata() throws Exception {
    Replication replication = replication(Standing.REPLICATED);
    replication.handle(insert(1, "a", 7_000L << 18));
    replication.handle(new CatalogProgress(9_000));
    assertThat(handedOut).containsExactly(new ReplicatedUntil(6_999));
  }

  private static CollectionState collection(long id, String... topics) {
    CollectionState.Builder state =
        CollectionState.newBuilder().setId(id).setDatabase("default").setName("c" + id);
    for (int i = 0; i < topics.length; i++) {
      state.addShards(
          Shard.newBuilder().setPchannel(topics[i]).setVchannel(topics[i] + "_" + id + "v" + i));
    }
    return state.build();
  }

  private static LogMessage insert(long collection, String topic, long timestamp) {
    return message(Kind.INSERT, collection, topic, topic + "_" + collection + "v0", timestamp);
  }

  private static LogMessage drop(long collection, String topic, long timestamp) {
    return message(Kind.DROP_COLLECTION, collection, topic, "", timestamp);
  }

  private static LogMessage message(
      Kind kind, long collection, String topic, String vchannel, long timestamp) {
    return new LogMessage(
        new LogMessageHeader(kind, topic, 1, timestamp, collection, vchannel, timestamp, false),
        ByteString.EMPTY);
  }
}
