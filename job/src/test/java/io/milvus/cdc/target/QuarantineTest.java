package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.milvus.cdc.event.DeadLetter;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.StoppedCollection.FirstMessage;
import io.milvus.cdc.task.TargetTuning;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class QuarantineTest {

  private static final String TASK = InMemoryTaskStore.TASK;

  private final InMemoryTaskStore store = new InMemoryTaskStore();
  private final List<DeadLetter> sent = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger failingSends = new AtomicInteger();
  private final AtomicInteger counted = new AtomicInteger();
  private FaultyMilvus target;
  private TargetPipeline pipeline;

  @BeforeEach
  void connect() throws Exception {
    target = new FaultyMilvus();
    pipeline = pipeline();
    pipeline.submit(new CollectionSeen(Messages.collection("c")));
    pipeline.flush();
  }

  private TargetPipeline pipeline() {
    DeadLetters letters =
        new DeadLetters() {
          @Override
          public void send(DeadLetter letter) throws IOException {
            if (failingSends.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
              throw new IOException("the broker is away");
            }
            sent.add(letter);
          }

          @Override
          public void close() {}
        };
    return new TargetPipeline(
        new TargetConnection(target.cluster(), "src", Selection.everything(), new NoProgress()),
        new NoProgress(),
        new Stops(store.stops(), Clock.systemUTC()),
        Optional.of(
            new StoredQuarantine(
                TASK, () -> store, letters, Clock.systemUTC(), counted::incrementAndGet)),
        TargetTuning.DEFAULT,
        Duration.ofSeconds(30));
  }

  @AfterEach
  void disconnect() throws Exception {
    pipeline.close();
    target.close();
  }

  @Test
  void theRefusedMessageOfABatchIsLeftOutAndOnlyThat() throws Exception {
    target.refusedKeys.add(20L);
    target.holdNextWrite();
    LogMessage poison = insert(2, 20, 21);
    pipeline.submit(insert(1, 10, 11));
    pipeline.submit(insert(9, 12));
    pipeline.submit(poison);
    pipeline.submit(insert(3, 30));
    pipeline.submit(Messages.at(Messages.delete(12), 4, 4));
    pipeline.submit(insert(5, 40));
    target.letGo();
    pipeline.flush();

    assertThat(target.rows()).containsOnlyKeys(10L, 11L, 30L, 40L);
    assertThat(target.doubled()).isZero();
    assertThat(kept()).containsExactly("t:1:2");
    assertThat(counted).hasValue(1);
    assertThat(store.stopped(TASK)).isEmpty();
    assertThat(pipeline.waitingFor()).isEmpty();
    assertThat(sent)
        .singleElement()
        .satisfies(
            letter -> {
              assertThat(letter.pchannel()).isEqualTo("t");
              assertThat(letter.ledgerId()).isEqualTo(1);
              assertThat(letter.entryId()).isEqualTo(2);
              assertThat(letter.payload()).hasValue(poison.payload());
              assertThat(letter.collection()).contains("default.c", "9001");
              assertThat(letter.error()).contains("the dim of field v is wrong");
            });
  }

  @Test
  void whatIsNoMessageOfRowsIsLeftOut() throws Exception {
    LogMessage broken = insert(2, 20);
    pipeline.submit(insert(1, 10));
    pipeline.submit(new LogMessage(broken.header(), ByteString.copyFromUtf8("no insert")));
    pipeline.submit(CollectionStopped.at(Messages.COLLECTION, "t", 1, 3, "is no message"));
    pipeline.submit(insert(4, 40));
    pipeline.flush();

    assertThat(target.rows()).containsOnlyKeys(10L, 40L);
    assertThat(kept()).containsExactly("t:1:2", "t:1:3");
    assertThat(sent).extracting(DeadLetter::payload).last().isEqualTo(Optional.empty());
  }

  @Test
  void whatMayHaveBeenAnyCollectionsIsSentOnce() throws Exception {
    pipeline.submit(
        new CollectionSeen(Messages.collection("other").toBuilder().setId(9002).build()));
    pipeline.submit(CollectionStopped.at(Messages.COLLECTION, "t", 1, 3, "is no message"));
    pipeline.submit(CollectionStopped.at(9002, "t", 1, 3, "is no message"));
    pipeline.flush();

    assertThat(store.quarantined(TASK))
        .extracting(QuarantinedMessage::collectionId)
        .containsExactly(Messages.COLLECTION, 9002L);
    assertThat(sent).hasSize(1);
  }

  @Test
  void whatTheLogDoesNotHoldAnyMoreIsNoMessageThatCouldBeLeftOut() throws Exception {
    pipeline.submit(CollectionStopped.lost(Messages.COLLECTION, "t", 1, 3, "is gone"));
    pipeline.submit(insert(9, 40));
    pipeline.flush();

    assertThat(store.stopped(TASK))
        .singleElement()
        .satisfies(
            stopped -> {
              assertThat(stopped.reason()).isEqualTo("is gone");
              assertThat(stopped.topics()).containsEntry("t", new FirstMessage(1, 3));
              assertThat(stopped.fromTimestamp()).isZero();
              assertThat(stopped.unreadable()).isEmpty();
            });
    assertThat(kept()).isEmpty();
    assertThat(target.rows()).isEmpty();
  }

  @Test
  void aStopThatIsNotForAMessageStaysOne() throws Exception {
    pipeline.submit(CollectionStopped.byMetadata(Messages.COLLECTION, "was renamed", true));
    pipeline.flush();

    assertThat(store.stopped(TASK)).hasSize(1);
    assertThat(kept()).isEmpty();
  }

  @Test
  void nothingIsLeftOutBeforeItIsKept() throws Exception {
    target.refusedKeys.add(20L);
    failingSends.set(2);
    store.failNext(2);
    pipeline.submit(insert(2, 20));
    pipeline.submit(insert(3, 30));
    pipeline.flush();

    assertThat(kept()).containsExactly("t:1:2");
    assertThat(target.rows()).containsOnlyKeys(30L);
    assertThat(sent).extracting(DeadLetter::entryId).containsOnly(2L);
  }

  @Test
  void theNextRunKeepsItOnce() throws Exception {
    target.refusedKeys.add(20L);
    pipeline.submit(insert(2, 20));
    pipeline.flush();
    pipeline.close();
    pipeline = pipeline();
    pipeline.submit(new CollectionSeen(Messages.collection("c")));
    pipeline.submit(insert(2, 20));
    pipeline.submit(insert(3, 30));
    pipeline.flush();

    assertThat(kept()).containsExactly("t:1:2");
    assertThat(sent).hasSize(1);
    assertThat(target.rows()).containsOnlyKeys(30L);
  }

  @Test
  void aCollectionOfWhichTooMuchIsRefusedIsStopped() throws Exception {
    for (int i = 0; i <= StoredQuarantine.MOST_MESSAGES; i++) {
      target.refusedKeys.add((long) i);
      pipeline.submit(insert(i, i));
    }
    pipeline.flush();

    assertThat(kept()).hasSize(StoredQuarantine.MOST_MESSAGES);
    assertThat(store.stopped(TASK))
        .singleElement()
        .satisfies(
            stop -> {
              assertThat(stop.reason()).contains("too many", "the dim of field v is wrong");
              assertThat(stop.topics())
                  .containsEntry("t", new FirstMessage(1, StoredQuarantine.MOST_MESSAGES));
            });
  }

  @Test
  void thoseOfADroppedCollectionAreForgotten() throws Exception {
    target.refusedKeys.add(20L);
    pipeline.submit(insert(2, 20));
    pipeline.flush();
    pipeline.submit(new CollectionGone(Messages.COLLECTION));
    pipeline.flush();

    assertThat(kept()).isEmpty();
  }

  @Test
  void whatIsPutBackIsReadAgainFromTheFirstOn() {
    QuarantinedMessage late = message("t", 2, 5, 70);
    StoppedCollection again =
        QuarantinedMessage.putBack(
            List.of(late, message("t", 1, 9, 60), message("u", 3, 1, 80)), Instant.EPOCH);

    assertThat(again.topics())
        .containsOnlyKeys("t", "u")
        .containsEntry("t", new FirstMessage(1, 9))
        .containsEntry("u", new FirstMessage(3, 1));
    assertThat(again.fromTimestamp()).isEqualTo(60);
    assertThat(again.collectionId()).isEqualTo(Messages.COLLECTION);
    assertThat(again.reason()).contains("3 quarantined");
    assertThat(
            QuarantinedMessage.putBack(List.of(late, message("t", 2, 6, 0)), Instant.EPOCH)
                .fromTimestamp())
        .isZero();
  }

  private static QuarantinedMessage message(String pchannel, long ledger, long entry, long time) {
    return new QuarantinedMessage(
        QuarantinedMessage.VERSION,
        Messages.COLLECTION,
        "collection default.c",
        Optional.empty(),
        pchannel,
        ledger,
        entry,
        time,
        "refused",
        Instant.EPOCH);
  }

  private static LogMessage insert(long entryId, long... keys) {
    return Messages.at(Messages.insert(false, 1, keys), entryId, 1);
  }

  private List<String> kept() {
    return store.quarantined(TASK).stream().map(QuarantinedMessage::position).toList();
  }
}
