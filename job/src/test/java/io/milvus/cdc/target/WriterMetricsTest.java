package io.milvus.cdc.target;

import static io.milvus.cdc.target.Messages.delete;
import static io.milvus.cdc.target.Messages.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.RecordedMetrics;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.target.FaultyMilvus.Fault;
import io.milvus.cdc.task.CollectionTraffic;
import io.milvus.cdc.task.CollectionTraffic.Counts;
import io.milvus.cdc.task.CollectionTraffic.OfCollection;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.cdc.task.TaskMetrics;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the metrics say about what a real pipeline does. */
class WriterMetricsTest {

  private final RecordedMetrics metrics = new RecordedMetrics();
  private final WriterMetrics counts = new WriterMetrics();
  private FaultyMilvus target;
  private TargetPipeline pipeline;

  @BeforeEach
  void connect() throws Exception {
    counts.register(metrics);
    target = new FaultyMilvus();
    pipeline =
        new TargetPipeline(
            new TargetConnection(target.cluster(), "src", Selection.everything(), counts),
            counts,
            new Stops(new InMemoryTaskStore().stops(), Clock.systemUTC()),
            Optional.empty(),
            TargetTuning.DEFAULT,
            Duration.ofSeconds(30));
    pipeline.submit(new CollectionSeen(Messages.collection("c")));
    pipeline.flush();
  }

  @AfterEach
  void disconnect() throws Exception {
    pipeline.close();
    target.close();
  }

  private void apply(LogMessage... messages) throws InterruptedException {
    for (LogMessage message : messages) {
      pipeline.submit(message);
      pipeline.flush();
    }
  }

  private long operations(String kind) {
    return metrics.count("kind." + kind + "." + TaskMetrics.OPERATIONS);
  }

  private long retries(String cause) {
    return metrics.count("cause." + cause + "." + TaskMetrics.RETRIES);
  }

  private CollectionTraffic traffic() {
    return CollectionTraffic.fromJson((String) metrics.value(TaskMetrics.COLLECTION_TRAFFIC))
        .orElseThrow();
  }

  @Test
  void whatIsWrittenIsCountedByKindAndByCollection() throws Exception {
    LogMessage two = insert(false, 1, 10, 11);
    LogMessage again = insert(true, 2, 10);
    LogMessage three = delete(10, 11, 12);
    apply(two, again, three);

    assertThat(metrics.count(TaskMetrics.ROWS_INSERTED)).isEqualTo(3);
    assertThat(metrics.count(TaskMetrics.ROWS_DELETED)).isEqualTo(3);
    assertThat(operations("insert")).isEqualTo(1);
    assertThat(operations("upsert")).isEqualTo(1);
    assertThat(operations("delete")).isEqualTo(1);
    assertThat(operations("ddl")).isEqualTo(metrics.count(TaskMetrics.DDL_APPLIED)).isPositive();
    long bytes = 0L + two.payload().size() + again.payload().size() + three.payload().size();
    assertThat(metrics.count(TaskMetrics.BYTES_WRITTEN)).isEqualTo(bytes);
    assertThat(traffic())
        .isEqualTo(
            new CollectionTraffic(
                List.of(new OfCollection("default", "c", new Counts(3, 3, bytes))), Counts.NONE));
    assertThat(metrics.histogram(TaskMetrics.ROWS_PER_CALL).getStatistics().getValues())
        .containsExactly(1, 2, 3);
  }

  @Test
  void aCollectionThatIsGoneIsNotShownAnyMore() throws Exception {
    apply(insert(false, 1, 10));
    pipeline.submit(new CollectionGone(Messages.COLLECTION));
    pipeline.flush();
    assertThat(traffic().collections()).isEmpty();
  }

  @Test
  void retriesAreCountedByCause() throws Exception {
    target.faults.addAll(
        List.of(
            Fault.UNAVAILABLE, Fault.RATE_LIMITED, Fault.ACKNOWLEDGEMENT_LOST, Fault.UNAUTHORIZED));
    apply(insert(false, 1, 10));

    assertThat(retries("outage")).isEqualTo(2);
    assertThat(retries("transient")).isEqualTo(1);
    assertThat(retries("unauthorized")).isEqualTo(1);
    assertThat(retries("not_found")).isZero();
    assertThat(retries("lacking")).isZero();
    assertThat(metrics.histogram(TaskMetrics.CALL_MICROS).getCount())
        .as("calls, however they ended")
        .isEqualTo(5);
    assertThat(metrics.histogram(TaskMetrics.ROWS_PER_CALL).getCount()).isEqualTo(1);
    assertThat(metrics.count(TaskMetrics.ROWS_INSERTED)).isEqualTo(1);
  }

  @Test
  void aCollectionThatCannotGoOnIsCounted() throws Exception {
    assertThat(metrics.count(TaskMetrics.COLLECTIONS_STOPPED)).isZero();
    target.faults.add(Fault.INVALID);
    apply(insert(false, 1, 10));
    assertThat(metrics.count(TaskMetrics.COLLECTIONS_STOPPED)).isEqualTo(1);
    assertThat(metrics.count(TaskMetrics.BYTES_WRITTEN)).isZero();
  }

  @Test
  void aCallIsInFlightUntilItIsAnsweredAndItsTimeIsTaken() throws Exception {
    assertThat(metrics.value(TaskMetrics.CALLS_IN_FLIGHT)).isEqualTo(0L);
    target.holdNextWrite();
    pipeline.submit(insert(false, 1, 10));
    await().until(() -> metrics.value(TaskMetrics.CALLS_IN_FLIGHT).equals(1L));
    TimeUnit.MILLISECONDS.sleep(30);
    target.letGo();
    pipeline.flush();
    assertThat(metrics.value(TaskMetrics.CALLS_IN_FLIGHT)).isEqualTo(0L);
    assertThat(metrics.histogram(TaskMetrics.CALL_MICROS).getStatistics().getMax())
        .isBetween(30_000L, 60_000_000L);
  }
}
