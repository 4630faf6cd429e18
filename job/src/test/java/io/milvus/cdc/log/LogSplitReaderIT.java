package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.SourceTraffic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
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

  private static final Duration MOST_AHEAD = Duration.ofSeconds(5);

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
    open(tuning(500, 1 << 20, 1000), TOPIC);
    assertThat(timestamps(100)).containsExactlyElementsOf(range(0, 100));

    log.admin("PUT", log.topicPath(TOPIC) + "/unload", "");
    publish(100, 200);

    assertThat(timestamps(100)).containsExactlyElementsOf(range(100, 200));
  }

  @Test
  void aReaderThatWasOvertakenByDeletionFailsInsteadOfSkipping() throws Exception {
    MessageId first = publish(0, 10).get(0);
    log.liveCollectionStartsAt(TOPIC, first);
    open(tuning(4, 1 << 20, 1), TOPIC);
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
    open(tuning(500, 20_000, 1000), TOPIC);
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
  void topicsOfABacklogAreReadInTheOrderOfTheirTime() throws Exception {
    String other = TestingLog.pchannel(1);
    log.publish(TOPIC, ticks(200, 1_000));
    log.publish(other, ticks(2_000, 100));
    open(tuning(500, 1 << 20, 100), TOPIC, other);

    Map<String, Long> known = new HashMap<>(Map.of(TOPIC, 0L, other, 0L));
    for (int read = 0; read < 2_200; ) {
      for (LogRecord message : batch()) {
        SourceEvent.TimeTick tick = (SourceEvent.TimeTick) message.event().orElseThrow();
        known.put(tick.pchannel(), LogWatermarks.toMillis(tick.timestamp()));
        read++;
      }
      // A turn further than it may be, and a message.
      assertThat(known.get(TOPIC)).isCloseTo(known.get(other), within(11_000L));
    }
  }

  private static List<byte[]> ticks(int count, long everyMillis) {
    return LongStream.rangeClosed(1, count)
        .mapToObj(i -> TestingMessages.tick(TestingMessages.tso(i * everyMillis)))
        .toList();
  }

  /** Its broker holds it back; the rows of a collection on both would wait in memory. */
  @Test
  void aTopicWhoseMessagesDoNotComeIsWaitedForWhenMuchIsReadOfTheOthers() throws Exception {
    String other = TestingLog.pchannel(1);
    log.limitBytesOfReaders(500_000);
    byte[] large = TestingMessages.insert(100, "v".repeat(1_000_000), TestingMessages.tso(500));
    log.publish(TOPIC, List.of(large));
    // Of about that time: were it later and read first, the large one would count as read while its
    // topic was far behind.
    log.publish(other, TestingMessages.insert(100, "v", TestingMessages.tso(1_000)));
    open(hastyTuning(100_000), TOPIC, other);
    assertThat(timestamps(2)).hasSize(2);
    // The large one was more than the topic's readers may be sent.
    log.publish(TOPIC, ticks(10, 1_000));
    log.publish(other, laterRows(400));

    List<LogRecord> read = new CopyOnWriteArrayList<>();
    CompletableFuture<Void> reading = readInBackground(read, 410);
    await().until(() -> read.size() >= 50);
    await().pollDelay(Duration.ofSeconds(3)).until(() -> true);
    assertThat(read).hasSizeLessThan(200);

    log.liftLimitOfReaders();
    reading.get(60, TimeUnit.SECONDS);
    assertThat(read).hasSize(410);
  }

  @Test
  void aTopicThatHasNothingMoreIsNotWaitedForHoweverMuchIsReadOfTheOthers() throws Exception {
    String other = TestingLog.pchannel(1);
    log.publish(TOPIC, ticks(1, 1_000));
    log.publish(other, laterRows(400));
    open(hastyTuning(1_000), TOPIC, other);

    List<LogRecord> read = new CopyOnWriteArrayList<>();
    readInBackground(read, 401).get(60, TimeUnit.SECONDS);
    assertThat(read).hasSize(401);
  }

  /** About 800 bytes each, with what a message takes beside its payload. */
  private static List<byte[]> laterRows(int count) {
    return LongStream.range(0, count)
        .mapToObj(
            i -> TestingMessages.insert(100, "v".repeat(500), TestingMessages.tso(20_000 + i)))
        .toList();
  }

  private static LogTuning hastyTuning(long mostAheadBytes) {
    return new LogTuning(
        500,
        64 << 20,
        10,
        1 << 20,
        Duration.ofSeconds(5),
        MOST_AHEAD,
        Duration.ofMillis(500),
        mostAheadBytes);
  }

  private CompletableFuture<Void> readInBackground(List<LogRecord> read, int count) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            while (read.size() < count) {
              read.addAll(batch());
            }
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Test
  void nothingIsReadBeforeTheMetadataAnswers() throws Exception {
    log.unansweredQuestions.set(2);
    publish(0, 10);
    open(tuning(500, 1 << 20, 1000), TOPIC);

    assertThat(timestamps(10)).isEqualTo(range(0, 10));
    assertThat(log.unansweredQuestions.get()).isNegative();
  }

  @Test
  void anIdleFetcherIsWokenUp() throws Exception {
    publish(0, 1);
    open(tuning(500, 1 << 20, 1000), TOPIC);
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
    return new LogTuning(
        queueSize,
        queueBytes,
        batchMessages,
        1 << 20,
        Duration.ofSeconds(5),
        MOST_AHEAD,
        Duration.ofMinutes(1),
        Long.MAX_VALUE);
  }

  private List<MessageId> publish(long from, long to) throws Exception {
    return log.publish(
        TOPIC, range(from, to).stream().map(tso -> TestingMessages.insert(100, "v", tso)).toList());
  }

  /** Timestamps of messages; 0 is none. */
  private static List<Long> range(long from, long to) {
    return LongStream.range(from + 1, to + 1).boxed().toList();
  }

  private void open(LogTuning tuning, String... topics) {
    LogSplitReader opened =
        new LogSplitReader(
            log::connect,
            tuning,
            new ReadRows(new UnregisteredMetricsGroup(), SourceTraffic.of("t")),
            new SkippedKinds(new UnregisteredMetricsGroup()));
    opened.handleSplitsChanges(
        new SplitsAddition<>(
            Stream.of(topics)
                .map(topic -> new TopicSplit(topic, Optional.empty(), false))
                .toList()));
    reader = Optional.of(opened);
  }

  /** Reads until there are so many messages. */
  private List<Long> timestamps(int count) throws Exception {
    List<Long> timestamps = new ArrayList<>();
    while (timestamps.size() < count) {
      for (LogRecord message : batch()) {
        assertThat(message.event()).containsInstanceOf(SourceEvent.LogMessage.class);
        timestamps.add(message.timestamp());
      }
    }
    return timestamps;
  }

  private List<LogRecord> batch() throws Exception {
    RecordsWithSplitIds<LogRecord> batch = reader.orElseThrow().fetch();
    List<LogRecord> messages = new ArrayList<>();
    while (batch.nextSplit() != null) {
      for (LogRecord next = batch.nextRecordFromSplit();
          next != null;
          next = batch.nextRecordFromSplit()) {
        messages.add(next);
      }
    }
    return messages;
  }
}
