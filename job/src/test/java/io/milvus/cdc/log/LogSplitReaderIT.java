package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.PermanentFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsAddition;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.pulsar.client.api.MessageId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One fetcher on a real broker. */
@Timeout(120)
final class LogSplitReaderIT {

  private static final String TOPIC = TestingLog.pchannel(0);

  private TestingLog log;
  private Optional<LogSplitReader> reader = Optional.empty();

  @BeforeEach
  void createLog() throws Exception {
    log = TestingLog.create();
  }

  @AfterEach
  void removeLog() throws Exception {
    reader.ifPresent(LogSplitReader::close);
    log.close();
  }

  @Test
  void aTopicThatIsUnloadedIsReadOnWithoutLossOrRepetition() throws Exception {
    publish(0, 100);
    open(tuning(500, 1 << 20, 1000));
    assertThat(timestamps(100)).containsExactlyElementsOf(range(0, 100));

    log.admin("PUT", log.topicPath(TOPIC) + "/unload", "");
    publish(100, 200);

    assertThat(timestamps(100)).containsExactlyElementsOf(range(100, 200));
  }

  @Test
  void aReaderThatWasOvertakenByDeletionFailsInsteadOfSkipping() throws Exception {
    MessageId first = publish(0, 10).get(0);
    log.liveCollectionStartsAt(TOPIC, first);
    open(tuning(4, 1 << 20, 1));
    assertThat(timestamps(1)).containsExactly(1L);

    // The topic moves away and comes back without the rest of what it held.
    log.forget(TOPIC);
    await().pollDelay(Duration.ofMillis(1500)).until(() -> true);
    publish(10, 11);

    assertThatThrownBy(() -> timestamps(10))
        .isInstanceOf(PermanentFailure.class)
        .hasMessageContaining("no longer retained")
        .hasMessageContaining(Position.of(first).ledgerId() + ":");
  }

  @Test
  void messagesThatBecomeLargeAreHeldInSmallerNumberAndEachReadOnce() throws Exception {
    publish(0, 50);
    open(tuning(500, 20_000, 1000));
    assertThat(timestamps(50)).hasSize(50);

    List<byte[]> large = new ArrayList<>();
    for (long i = 50; i < 150; i++) {
      large.add(TestingMessages.insert(100, "v".repeat(4000), i + 1));
    }
    log.publish(TOPIC, large);
    publish(150, 200);

    assertThat(timestamps(150)).containsExactlyElementsOf(range(50, 200));
  }

  @Test
  void anIdleFetcherIsWokenUp() throws Exception {
    publish(0, 1);
    open(tuning(500, 1 << 20, 1000));
    assertThat(timestamps(1)).hasSize(1);
    LogSplitReader idle = reader.orElseThrow();

    CompletableFuture<RecordsWithSplitIds<LogRecord>> fetched =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return idle.fetch();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    idle.wakeUp();

    assertThat(fetched.get(10, TimeUnit.SECONDS).nextSplit()).isNull();
  }

  private static LogTuning tuning(int queueSize, int queueBytes, int batchMessages) {
    return new LogTuning(queueSize, queueBytes, batchMessages, 1 << 20, Duration.ofSeconds(5));
  }

  private List<MessageId> publish(long from, long to) throws Exception {
    return log.publish(
        TOPIC, range(from, to).stream().map(tso -> TestingMessages.insert(100, "v", tso)).toList());
  }

  /** Timestamps of messages; 0 is none. */
  private static List<Long> range(long from, long to) {
    return LongStream.range(from + 1, to + 1).boxed().toList();
  }

  private void open(LogTuning tuning) {
    LogSplitReader opened =
        new LogSplitReader(
            () -> log.connect(tuning),
            tuning,
            new ReadRows(new UnregisteredMetricsGroup()),
            new SkippedKinds(new UnregisteredMetricsGroup()));
    opened.handleSplitsChanges(
        new SplitsAddition<>(List.of(new TopicSplit(TOPIC, Optional.empty(), false))));
    reader = Optional.of(opened);
  }

  /** Reads until there are so many messages. */
  private List<Long> timestamps(int count) throws Exception {
    List<Long> timestamps = new ArrayList<>();
    while (timestamps.size() < count) {
      RecordsWithSplitIds<LogRecord> batch = reader.orElseThrow().fetch();
      while (batch.nextSplit() != null) {
        for (LogRecord next = batch.nextRecordFromSplit();
            next != null;
            next = batch.nextRecordFromSplit()) {
          assertThat(next.event()).containsInstanceOf(SourceEvent.LogMessage.class);
          timestamps.add(next.timestamp());
        }
      }
    }
    return timestamps;
  }
}
