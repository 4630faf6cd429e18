package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.target.InMemoryTaskStore;
import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.StoppedCollection.FirstMessage;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StoppedTopicsTest {

  private static final String TASK = "t1";

  private final InMemoryTaskStore store = new InMemoryTaskStore();

  @Test
  void topicsGoBackForWhatEarlierRunsHaveStopped() {
    stop(7, "earlier");
    try (StoppedTopics topics = new StoppedTopics(TASK, () -> store)) {
      TopicSplit split = topics.setBack(List.of(readUpTo(9))).get(0);
      assertThat(split.position()).hasValue(Position.of(1, 3));
      assertThat(split.revisit().collections())
          .extracting(Revisit.Again::stopId)
          .containsExactly("earlier");
    }
  }

  /** A topic can be added while the job runs; what it lacks is held back, and not made up for. */
  @Test
  void topicsThatComeLaterDoNotGoBackForWhatThisRunHasStopped() {
    stop(7, "earlier");
    try (StoppedTopics topics = new StoppedTopics(TASK, () -> store)) {
      assertThat(topics.ofEarlierRuns()).hasSize(1);
      stop(7, "now");
      stop(8, "now too");

      TopicSplit split = topics.setBack(List.of(readUpTo(9))).get(0);
      assertThat(split.revisit().collections())
          .extracting(Revisit.Again::stopId)
          .containsExactly("earlier");
    }
  }

  private void stop(long collectionId, String stopId) {
    store.changeStopped(
        TASK,
        collectionId,
        before ->
            Optional.of(
                new StoppedCollection(
                    StoppedCollection.VERSION,
                    collectionId,
                    "c",
                    Optional.empty(),
                    "because",
                    Instant.EPOCH,
                    stopId,
                    0,
                    Map.of("dml_0", new FirstMessage(1, 3)),
                    List.of())));
  }

  private static TopicSplit readUpTo(long entry) {
    return new TopicSplit("dml_0", Optional.of(Position.of(1, entry)), false);
  }
}
