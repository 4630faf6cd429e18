package io.milvus.cdc.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.task.StartPositions.TopicStart;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EtcdTaskStoreIT {

  private final EtcdTaskStore store =
      new TaskStoreAddress(
              List.of(TestingPlayground.shared(Part.ETCD).etcdEndpoint()),
              "cdc-it-" + System.nanoTime())
          .open();

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void keepsATaskUntilItIsDeleted() {
    TaskDefinition task = TaskJsonTest.DEFINITION;
    StartPositions positions = positions(300);
    assertThat(store.definition(task.taskId())).isEmpty();

    assertThat(store.write(task, positions)).isTrue();

    assertThat(store.definition(task.taskId())).hasValue(task);
    assertThat(store.startPositions(task.taskId())).isEqualTo(positions);
    assertThat(store.list()).containsExactly(task);

    store.delete(task.taskId());
    assertThat(store.definition(task.taskId())).isEmpty();
    assertThat(store.startPositions(task.taskId()).topics()).isEmpty();
    assertThat(store.list()).isEmpty();
  }

  @Test
  void leavesATaskOfTheSameIdAsItIs() {
    TaskDefinition task = TaskJsonTest.DEFINITION;
    store.write(task, positions(1));

    assertThat(store.write(task, positions(300))).isFalse();

    assertThat(store.startPositions(task.taskId())).isEqualTo(positions(1));
    store.delete(task.taskId());
  }

  @Test
  void aTopicIsAddedOnceAndTold() {
    TaskDefinition task = TaskJsonTest.DEFINITION;
    store.write(task, positions(1));
    AtomicInteger added = new AtomicInteger();
    store.watchStarts(
        task.taskId(),
        new TaskStore.StartsListener() {
          @Override
          public void added() {
            added.incrementAndGet();
          }

          @Override
          public void ended() {}
        });
    TopicStart first = new TopicStart(Optional.empty(), false, Map.of());

    store.addStart(task.taskId(), "dml_7", first);
    await().untilAsserted(() -> assertThat(added).hasValue(1));
    store.addStart(
        task.taskId(),
        "dml_7",
        new TopicStart(Optional.of(ByteString.copyFromUtf8("later")), true, Map.of()));

    Map<String, TopicStart> expected = new HashMap<>(positions(1).topics());
    expected.put("dml_7", first);
    assertThat(store.startPositions(task.taskId()).topics()).isEqualTo(expected);
    store.delete(task.taskId());
    assertThat(store.startPositions(task.taskId()).topics()).isEmpty();
  }

  @Test
  void keepsWhatWasLeftOutUntilItIsPutBackOrForgotten() {
    QuarantinedMessage first = message(7, 3);
    store.quarantine("t", first);
    store.quarantine("t", message(7, 4));
    store.quarantine("t", message(8, 4));
    store.quarantine("t", first);
    assertThat(store.quarantined("t"))
        .containsExactlyInAnyOrder(first, message(7, 4), message(8, 4));

    store.forgetQuarantined("t", 8);
    store.putBackQuarantined("t");

    assertThat(store.quarantined("t")).isEmpty();
    assertThat(store.stopped("t"))
        .singleElement()
        .satisfies(
            stopped -> {
              assertThat(stopped.collectionId()).isEqualTo(7);
              assertThat(stopped.topics())
                  .isEqualTo(Map.of("dml_1", new StoppedCollection.FirstMessage(2, 3)));
            });
    store.delete("t");
    assertThat(store.stopped("t")).isEmpty();
  }

  private static QuarantinedMessage message(long collectionId, long entryId) {
    return new QuarantinedMessage(
        QuarantinedMessage.VERSION,
        collectionId,
        "collection",
        Optional.empty(),
        "dml_1",
        2,
        entryId,
        5,
        "refused",
        Instant.EPOCH);
  }

  @Test
  void keepsTheNamesOfDatabases() {
    store.noteDatabase("t", "a");
    store.noteDatabase("t", "b");
    store.noteDatabase("t", "a");
    store.noteDatabase("other", "c");
    store.forgetDatabase("t", "b");
    store.forgetDatabase("t", "never");
    assertThat(store.databases("t")).containsExactly("a");
    store.delete("t");
    store.delete("other");
    assertThat(store.databases("t")).isEmpty();
  }

  @Test
  void aReadingIsTheFirstOfItsStartOnce() {
    assertThat(store.isFirstReading("t", "dml_0", "one")).isTrue();
    assertThat(store.isFirstReading("t", "dml_0", "one")).isFalse();
    assertThat(store.isFirstReading("t", "dml_1", "one")).isTrue();
    assertThat(store.isFirstReading("other", "dml_0", "one")).isTrue();
    assertThat(store.isFirstReading("t", "dml_0", "two")).isTrue();
    assertThat(store.isFirstReading("t", "dml_0", "two")).isFalse();
    store.delete("t");
    store.delete("other");
  }

  @Test
  void saysWhichStoreDoesNotAnswer() {
    try (EtcdTaskStore nobody = new TaskStoreAddress(List.of("http://127.0.0.1:1"), "cdc").open()) {
      assertThatThrownBy(nobody::list)
          .isInstanceOf(UncheckedIOException.class)
          .hasCauseInstanceOf(EtcdUnavailableException.class)
          .hasMessageContaining("127.0.0.1:1");
    }
  }

  private static StartPositions positions(int count) {
    Map<String, TopicStart> topics = new HashMap<>();
    for (int i = 0; i < count; i++) {
      topics.put(
          "by-dev-rootcoord-dml_" + i,
          new TopicStart(
              Optional.of(ByteString.copyFromUtf8("id" + i)), i % 2 == 0, Map.of("v" + i, 5L)));
    }
    return new StartPositions(topics);
  }
}
