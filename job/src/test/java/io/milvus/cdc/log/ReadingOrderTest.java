package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.log.ReadingOrder.Question;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReadingOrderTest {

  private static final long SECOND = 1_000_000_000L;

  /** Of the log's time. */
  private static final long START = 1_700_000_000_000L;

  private static final long MOST_BYTES = 100;

  private final ReadingOrder<String> order =
      new ReadingOrder<>(Duration.ofSeconds(5), Duration.ofSeconds(2), MOST_BYTES);

  private long now = 42;

  @BeforeEach
  void addTopics() {
    for (String topic : List.of("a", "b")) {
      order.add(topic, true, now);
      order.opened(topic, now);
    }
  }

  @Test
  void thatWhichIsKnownLeastFarIsReadFirst() {
    readTo("a", START + 2_000);
    readTo("b", START + 1_000);
    order.ready("a");
    order.ready("b");
    assertTaken("b");
    order.read("b", 0, START + 3_000, true, false);
    order.ready("b");
    assertTaken("a");
  }

  /** As when the last collection on it is dropped. */
  @Test
  void aTopicWhoseTicksEndHoldsNobodyUpWhoIsUpToDate() {
    ReadingOrder<String> usual =
        new ReadingOrder<>(
            LogTuning.DEFAULT.mostAhead(), LogTuning.DEFAULT.silence(), Long.MAX_VALUE);
    for (String topic : List.of("silent", "ticking")) {
      usual.add(topic, true, now);
      usual.opened(topic, now);
    }
    for (int millis = 0; millis < 10_000; millis += 200) {
      for (String topic : millis == 0 ? List.of("silent", "ticking") : List.of("ticking")) {
        usual.ready(topic);
        assertThat(usual.take(now)).as("after " + millis + " ms").contains(topic);
        usual.read(topic, 0, START + millis, true, true);
      }
      now += SECOND / 5;
    }
  }

  /** Time never goes back, though messages of a topic are not in its order. */
  @Test
  void anOlderMessageChangesNothing() {
    readTo("a", START + 2_000);
    readTo("b", START + 1_000);
    order.read("a", 0, START, true, false);
    order.read("a", 0, 0, false, false);
    order.ready("a");
    order.ready("b");
    assertTaken("b");
  }

  @Test
  void thoseThatAreEquallyFarTakeTurns() {
    order.ready("b");
    order.ready("a");
    assertTaken("b");
    order.ready("b");
    assertTaken("a");
    order.ready("a");
    assertTaken("b");
  }

  @Test
  void aTopicThatIsSlowIsWaitedFor() {
    readTo("a", START);
    readTo("b", START + 5_000);
    order.ready("b");
    assertTaken("b");
    order.read("b", 0, START + 5_001, true, false);
    order.ready("b");
    assertNoneTaken();
    order.ready("a");
    assertTaken("a");
  }

  @Test
  void aTopicThatIsSilentIsNotWaitedFor() {
    readTo("a", START);
    now += SECOND;
    readTo("b", START + 60_000);
    order.ready("b");
    assertThat(order.untilNextSilence(now)).hasValue(SECOND);
    now += SECOND - 1;
    assertNoneTaken();
    now += 1;
    assertTaken("b");
  }

  /** It may hold what is older than anything, and what waits for it would pile up. */
  @Test
  void aTopicThatIsNotOpenYetIsWaitedForAsSoonAsTheOthersHaveATime() {
    order.add("c", true, now);
    order.ready("b");
    assertTaken("b");
    order.read("b", 0, 0, false, true);
    order.pause("b", true);
    order.ready("a");
    assertTaken("a");
    order.read("a", 0, START, true, false);
    order.ready("a");
    assertNoneTaken();
    now += 2 * SECOND;
    assertTaken("a");
    order.read("a", MOST_BYTES, START, true, false);
    order.ready("a");
    now += 1_000 * SECOND;
    assertNoneTaken();
    assertThat(order.untilNextSilence(now)).as("its opening tells").isEmpty();
    assertThat(order.toAsk(now)).isEmpty();

    order.opened("c", now);
    assertNoneTaken();
    assertThat(order.untilNextSilence(now)).hasValue(2 * SECOND);
  }

  @Test
  void aTopicThatHasToBeOpenedAgainIsWaitedFor() {
    readTo("a", START);
    readTo("b", START + 60_000);
    order.closed("a");
    order.read("b", MOST_BYTES, START + 60_000, true, false);
    now += 1_000 * SECOND;
    order.ready("b");
    assertNoneTaken();
    assertThat(order.toAsk(now)).isEmpty();
    order.opened("a", now);
    order.ready("a");
    assertTaken("a");
  }

  /** The one of clients' requests. */
  @Test
  void aTopicThatNobodyHasToWaitForMayTakeLongToOpen() {
    order.add("c", false, now);
    readTo("b", START);
    readTo("a", START);
    now += 2 * SECOND;
    readBytes("a", MOST_BYTES);
    order.ready("a");
    assertTaken("a");
  }

  @Test
  void aTopicThatIsSilentIsWaitedForAgainWhenMuchHasBeenReadOfTheOthers() {
    leaveSilentA();
    readBytes("b", MOST_BYTES - 1);
    readBytes("b", 1);
    order.ready("b");
    assertNoneTaken();
    order.ready("a");
    assertTaken("a");
  }

  @Test
  void theBrokerOfATopicThatHoldsUpOthersIsAskedWhetherItHasNothingMore() {
    Question<String> question = askAboutA();
    now += SECOND;
    order.answered(question, false);
    assertNoneTaken();
    assertThat(order.toAsk(now)).isEmpty();
    assertThat(order.untilNextSilence(now)).hasValue(SECOND);
    now += SECOND;
    assertThat(order.toAsk(now)).containsExactly(question);
    now += 1_000 * SECOND;
    assertThat(order.toAsk(now)).as("before it has answered").isEmpty();
    assertThat(order.untilNextSilence(now)).isEmpty();
    order.answered(question, true);
    assertThat(order.toAsk(now)).isEmpty();
    assertTaken("b");
  }

  @Test
  void nobodyIsAskedWhileNothingIsHeldUp() {
    readTo("a", START);
    readTo("b", START + 60_000);
    now += 1_000 * SECOND;
    readBytes("b", MOST_BYTES);
    now += 2 * SECOND;
    assertThat(order.toAsk(now)).isEmpty();
    order.ready("b");
    assertThat(order.toAsk(now)).hasSize(1);
  }

  @Test
  void anAnswerIsOfNoUseWhenSomethingHasComeSince() {
    Question<String> question = askAboutA();
    order.ready("a");
    order.answered(question, true);
    now++;
    assertTaken("a");
    order.answered(question, true);
    now += 2 * SECOND;
    assertNoneTaken();
  }

  /** What it gets later may not come. */
  @Test
  void aTopicThatHadNothingMoreIsAskedOnceMoreWhenAsMuchHasBeenReadAgain() {
    order.answered(askAboutA(), true);
    assertTaken("b");
    order.read("b", MOST_BYTES - 1, START + 60_000, true, false);
    readBytes("b", 1);
    order.ready("b");
    assertNoneTaken();
    assertThat(order.toAsk(now)).as("without a wait").hasSize(1);
  }

  /** After a restart, with a source that is started later. */
  @Test
  void aTopicThatHasHadNoTickIsAskedAboutToo() {
    order.read("a", 0, 0, false, true);
    readTo("b", START);
    readBytes("b", MOST_BYTES);
    order.ready("b");
    assertNoneTaken();
    now += 2 * SECOND;
    assertThat(order.toAsk(now)).hasSize(1);
  }

  /** What was read before it had caught up does not wait for it any more. */
  @Test
  void aTopicThatHasCaughtUpMayBeSilentForAsMuchAsBefore() {
    leaveSilentA();
    readBytes("b", MOST_BYTES - 1);
    readTo("a", START + 49_000);
    now += 2 * SECOND;
    readBytes("b", 1);
    order.ready("b");
    assertNoneTaken();

    readTo("a", START + 50_000);
    now += 2 * SECOND;
    assertTaken("b");
    order.read("b", MOST_BYTES - 1, START + 60_000, true, false);
    readBytes("b", 1);
    order.ready("b");
    assertNoneTaken();
  }

  /** It is far behind "b", and is not waited for any more. */
  private void leaveSilentA() {
    readTo("a", START);
    readTo("b", START + 60_000);
    now += 2 * SECOND;
  }

  /** Of "b" much has been read, far ahead of "a", which is silent. */
  private Question<String> askAboutA() {
    leaveSilentA();
    readBytes("b", MOST_BYTES);
    order.ready("b");
    assertNoneTaken();
    List<Question<String>> questions = order.toAsk(now);
    assertThat(questions).extracting(Question::topic).containsExactly("a");
    return questions.get(0);
  }

  /** It carries no live collection: only such have no ticks. */
  @Test
  void aTopicWithoutATimeIsNotWaitedForAtItsEnd() {
    order.read("b", 0, 0, false, true);
    readTo("a", START);
    order.ready("a");
    assertTaken("a");
  }

  @Test
  void aTopicWithTicksIsWaitedForAtItsEndToo() {
    order.read("b", 0, START, true, true);
    readTo("a", START + 60_000);
    order.ready("a");
    assertNoneTaken();
  }

  /** Clients' requests come when they come, and not all of them have a time that is known. */
  @Test
  void theTopicOfRequestsHoldsNobodyUp() {
    order.read("b", 0, START, false, true);
    for (int second = 0; second < 10; second++) {
      readTo("a", START + second * 1_000L);
      order.ready("b");
      assertTaken("b");
      order.read("b", 0, 0, false, true);
      now += SECOND;
    }
  }

  @Test
  void aPausedTopicIsNeitherReadNorWaitedFor() {
    order.pause("a", true);
    readTo("b", START);
    order.ready("a");
    assertNoneTaken();
    assertThat(order.untilNextSilence(now)).isEmpty();
    order.ready("b");
    assertTaken("b");
    order.pause("a", false);
    assertTaken("a");
  }

  @Test
  void nothingIsWaitedForWhenNothingIsReady() {
    assertNoneTaken();
    assertThat(order.untilNextSilence(now)).isEmpty();
  }

  private void readBytes(String topic, long bytes) {
    order.ready(topic);
    assertThat(order.take(now)).hasValue(topic);
    order.read(topic, bytes, 0, true, false);
  }

  private void readTo(String topic, long millis) {
    order.ready(topic);
    assertThat(order.take(now)).hasValue(topic);
    order.read(topic, 0, millis, true, false);
  }

  private void assertTaken(String topic) {
    assertThat(order.take(now)).hasValue(topic);
  }

  private void assertNoneTaken() {
    assertThat(order.take(now)).isEmpty();
  }
}
