package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.task.Position;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogBatchTest {

  private static final long NOW_MILLIS = 1_700_000_000_000L;
  private static final int MOST_MESSAGES = 1000;
  private static final int MOST_BYTES = 4 << 20;

  private final LogBatch batch = new LogBatch(MOST_MESSAGES, MOST_BYTES);

  @Test
  void thatWithoutMessagesIsFollowedByTheNextOneAfterAShortPause() {
    assertThat(pause()).isEqualTo(LogBatch.SHORT_PAUSE);
  }

  @ParameterizedTest(name = "{0} messages of {1} bytes that are {2} ms old: {3} ms")
  @CsvSource({
    // Live: somebody waits for them.
    "1, 900, 0, 5",
    "100, 900, 0, 5",
    "100, 900, 1000, 5",
    "200, 900, 0, 0",
    // A backlog of small messages.
    "100, 900, 1001, 15",
    "100, 900, 3600000, 15",
    "200, 900, 3600000, 15",
    "50, 4095, 1001, 15",
    // Too few of them, or too large, or as many as there may be.
    "49, 900, 1001, 5",
    "50, 4096, 1001, 0",
    "1, 2000000, 1001, 0",
    "1000, 100, 1001, 5",
    "1000, 900, 1001, 0",
  })
  void theNextOneIsBegunAfterAPauseThatFitsToIt(
      int messages, int bytes, long ageMillis, long pauseMillis) {
    for (int i = 0; i < messages; i++) {
      add(bytes, ageMillis + messages - 1 - i);
    }
    assertThat(pause()).isEqualTo(Duration.ofMillis(pauseMillis));
  }

  @Test
  void itsAgeIsThatOfItsNewestMessage() {
    for (int i = 0; i < LogBatch.MANY_MESSAGES; i++) {
      add(900, i == 7 ? 0 : 5000);
    }
    assertThat(pause()).isEqualTo(LogBatch.SHORT_PAUSE);
  }

  @Test
  void itIsFullWithSoManyMessages() {
    for (int i = 0; i < MOST_MESSAGES; i++) {
      assertThat(batch.isFull()).isFalse();
      add(1, 0);
    }
    assertThat(batch.isFull()).isTrue();
  }

  @Test
  void itIsFullWithSoManyBytes() {
    add(MOST_BYTES - 1, 0);
    assertThat(batch.isFull()).isFalse();
    add(1, 0);
    assertThat(batch.isFull()).isTrue();
  }

  @Test
  void itHandsOverWhatWasAddedByTopicInItsOrder() {
    LogRecord first = record(0, 1);
    LogRecord second = record(0, 2);
    LogRecord ofOther = record(0, 3);
    batch.add("a", first, 1);
    batch.add("b", ofOther, 1);
    batch.add("a", second, 1);

    var records = batch.build();

    assertThat(records.nextSplit()).isEqualTo("a");
    assertThat(records.nextRecordFromSplit()).isSameAs(first);
    assertThat(records.nextRecordFromSplit()).isSameAs(second);
    assertThat(records.nextRecordFromSplit()).isNull();
    assertThat(records.nextSplit()).isEqualTo("b");
    assertThat(records.nextRecordFromSplit()).isSameAs(ofOther);
    assertThat(records.nextRecordFromSplit()).isNull();
    assertThat(records.nextSplit()).isNull();
  }

  private Duration pause() {
    return batch.pause(NOW_MILLIS);
  }

  private void add(int bytes, long ageMillis) {
    batch.add("a", record(ageMillis, 0), bytes);
  }

  private static LogRecord record(long ageMillis, long entry) {
    return new LogRecord(Optional.empty(), (NOW_MILLIS - ageMillis) << 18, Position.of(1, entry));
  }
}
