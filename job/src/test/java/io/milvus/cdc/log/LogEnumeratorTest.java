package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StartPositions.TopicStart;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.pulsar.client.impl.MessageIdImpl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

class LogEnumeratorTest {

  private static final String REQUESTS = "by-dev-replicate-msg";

  private final TestingEnumeratorContext context = new TestingEnumeratorContext(2);
  private final World world = new World();

  @AfterEach
  void leaveTheTask() {
    MDC.clear();
  }

  @Test
  void theTopicsOfTheStartPositionsAndTheOneOfRequestsAreReadEachByTheReaderOfItsNumber() {
    world.exist("by-dev-dml_0", "by-dev-dml_1", "by-dev-dml_2", "by-dev-dml_3", REQUESTS);
    world.start("by-dev-dml_0", Optional.of(id(7)));
    world.start("by-dev-dml_3", Optional.empty());

    started(0, 1);

    assertThat(context.assigned())
        .containsOnly(
            Map.entry("by-dev-dml_0", 0), Map.entry("by-dev-dml_3", 1), Map.entry(REQUESTS, 0));
    assertThat(context.split("by-dev-dml_0"))
        .isEqualTo(new TopicSplit("by-dev-dml_0", Optional.of(Position.of(1, 7)), true));
    assertThat(context.split("by-dev-dml_3"))
        .isEqualTo(new TopicSplit("by-dev-dml_3", Optional.empty(), false));
  }

  @Test
  void aTopicThatIsAddedIsReadBeforeTheNextListingIsDue() {
    world.exist("by-dev-dml_0", "by-dev-dml_1");
    world.start("by-dev-dml_0", Optional.of(id(7)));
    started(0, 1);
    world.start("by-dev-dml_1", Optional.of(id(9)));
    context.runPeriodic();
    assertThat(context.assigned()).containsOnlyKeys("by-dev-dml_0");

    world.tell();
    context.runPending();

    assertThat(context.split("by-dev-dml_1"))
        .isEqualTo(new TopicSplit("by-dev-dml_1", Optional.of(Position.of(1, 9)), true));
    assertThat(context.assignments()).isEqualTo(2);
  }

  @Test
  void manyTopicsThatAreAddedAtOnceAreOneLook() {
    world.exist("by-dev-dml_0");
    started(0, 1);
    int before = world.listings;

    world.tell();
    world.tell();
    world.tell();
    context.runPending();

    assertThat(world.listings).isEqualTo(before + 1);
  }

  @Test
  void aTopicThatIsAddedDuringALookIsLookedForOnceMore() {
    world.exist("by-dev-dml_0", "by-dev-dml_1");
    world.start("by-dev-dml_0", Optional.empty());
    started(0, 1);
    world.duringListing =
        () -> {
          world.duringListing = () -> {};
          world.start("by-dev-dml_1", Optional.empty());
          world.tell();
        };

    world.tell();
    context.runPending();

    assertThat(context.assigned()).containsOnlyKeys("by-dev-dml_0", "by-dev-dml_1");
  }

  @Test
  void aFailedListingIsRepeatedAtTheNextOccasion() {
    world.exist("by-dev-dml_0");
    world.start("by-dev-dml_0", Optional.empty());
    world.failure = Optional.of(new IOException("away"));
    started(0, 1);
    assertThat(context.assigned()).isEmpty();
    world.failure = Optional.empty();

    context.runPeriodic();

    assertThat(context.assigned()).containsOnlyKeys("by-dev-dml_0");
  }

  @Test
  void aTopicWaitsForItsReader() {
    world.exist("by-dev-dml_0", "by-dev-dml_1");
    world.start("by-dev-dml_0", Optional.empty());
    world.start("by-dev-dml_1", Optional.empty());
    LogEnumerator enumerator = started(0);
    assertThat(context.assigned()).containsOnlyKeys("by-dev-dml_0");
    assertThat(enumerator.snapshotState(1).pending())
        .extracting(TopicSplit::pchannel)
        .containsExactly("by-dev-dml_1");

    context.register(1);
    enumerator.addReader(1);

    assertThat(context.assigned()).containsOnlyKeys("by-dev-dml_0", "by-dev-dml_1");
    assertThat(enumerator.snapshotState(2).pending()).isEmpty();
  }

  @Test
  void aTopicThatAReaderHasLostIsGivenToItAgainFromWhereItWas() {
    world.exist("by-dev-dml_0");
    world.start("by-dev-dml_0", Optional.of(id(7)));
    LogEnumerator enumerator = started(0, 1);
    TopicSplit reached = context.split("by-dev-dml_0").after(Position.of(1, 12));

    enumerator.addSplitsBack(List.of(reached), 0);

    assertThat(context.split("by-dev-dml_0")).isEqualTo(reached);
    assertThat(context.assignments()).isEqualTo(2);
  }

  @Test
  void aRestoredJobsTopicsAreNotGivenOutASecondTime() {
    world.exist("by-dev-dml_0", "by-dev-dml_1");
    world.start("by-dev-dml_0", Optional.of(id(7)));
    world.start("by-dev-dml_1", Optional.of(id(7)));
    TopicSplit waiting = new TopicSplit("by-dev-dml_1", Optional.of(Position.of(1, 8)), false);
    context.register(0);
    context.register(1);

    enumerator(Optional.of(new LogEnumeratorState(Set.of("by-dev-dml_0"), List.of(waiting))))
        .start();
    context.runPending();

    assertThat(context.assigned()).containsOnlyKeys("by-dev-dml_1");
    assertThat(context.split("by-dev-dml_1")).isEqualTo(waiting);
  }

  @Test
  void aListThatMissesATopicDoesNotMeanThatItIsGone() {
    world.exist("by-dev-dml_0", "by-dev-dml_1");
    world.start("by-dev-dml_0", Optional.of(id(7)));
    world.start("by-dev-dml_1", Optional.of(id(7)));
    world.leftOff.add("by-dev-dml_1");

    started(0, 1);

    assertThat(context.assigned()).containsOnlyKeys("by-dev-dml_0", "by-dev-dml_1");
  }

  @Test
  void aTopicThatIsGoneEndsTheTaskWithItsName() {
    world.exist("by-dev-dml_0");
    world.start("by-dev-dml_0", Optional.of(id(7)));
    started(0, 1);
    world.existing.clear();

    world.tell();

    assertThatThrownBy(context::runPending)
        .isInstanceOf(PermanentFailure.class)
        .hasMessageContaining("by-dev-dml_0");
  }

  @Test
  void aTopicThatIsReadFromItsFirstMessageMayBeStillToCome() {
    world.exist("by-dev-dml_0");
    world.start("by-dev-dml_0", Optional.of(id(7)));
    world.start("by-dev-dml_1", Optional.empty());
    started(0, 1);
    assertThat(context.assigned()).containsOnlyKeys("by-dev-dml_0");
    world.exist("by-dev-dml_1");

    world.tell();
    context.runPending();

    assertThat(context.assigned()).containsOnlyKeys("by-dev-dml_0", "by-dev-dml_1");
  }

  @Test
  void closingAsksForNothingMore() {
    world.exist("by-dev-dml_0");
    LogEnumerator enumerator = started(0, 1);

    context.close();

    // The store's watch ends with the store, and says so.
    assertThatCode(enumerator::close).doesNotThrowAnyException();
    assertThat(world.closed).isTrue();
  }

  private LogEnumerator started(int... readers) {
    for (int reader : readers) {
      context.register(reader);
    }
    LogEnumerator enumerator = enumerator(Optional.empty());
    enumerator.start();
    context.runPending();
    return enumerator;
  }

  private LogEnumerator enumerator(Optional<LogEnumeratorState> restored) {
    LogTuning tuning = LogTuning.DEFAULT;
    return new LogEnumerator(
        context,
        world,
        new LogTuning(
            tuning.receiverQueueSize(),
            tuning.receiverQueueBytes(),
            tuning.batchMessages(),
            tuning.batchBytes(),
            Duration.ofDays(1),
            tuning.mostAhead(),
            tuning.silence(),
            tuning.mostAheadBytes()),
        restored);
  }

  private static ByteString id(long entry) {
    return ByteString.copyFrom(new MessageIdImpl(1, entry, -1).toByteArray());
  }

  /** A task store and a source as the test says. */
  private static final class World implements LogEnumerator.Discovery {
    final Map<String, TopicStart> starts = new HashMap<>();
    final SortedSet<String> existing = new TreeSet<>();
    final SortedSet<String> leftOff = new TreeSet<>();
    Optional<IOException> failure = Optional.empty();
    Runnable duringListing = () -> {};
    int listings;
    boolean closed;
    private Optional<Runnable> told = Optional.empty();

    void exist(String... topics) {
      existing.addAll(List.of(topics));
    }

    void start(String pchannel, Optional<ByteString> messageId) {
      starts.put(pchannel, new TopicStart(messageId, messageId.isPresent(), Map.of()));
    }

    void tell() {
      told.orElseThrow().run();
    }

    @Override
    public String taskId() {
      return "t1";
    }

    @Override
    public StartPositions startPositions(Runnable onAdded) {
      told = Optional.of(onAdded);
      return new StartPositions(starts);
    }

    @Override
    public SortedSet<String> topics() throws IOException {
      listings++;
      if (failure.isPresent()) {
        throw failure.get();
      }
      duringListing.run();
      SortedSet<String> listed = new TreeSet<>(existing);
      listed.removeAll(leftOff);
      return listed;
    }

    @Override
    public boolean isRequestTopic(String topic) {
      return topic.equals(REQUESTS);
    }

    @Override
    public boolean exists(String topic) {
      return existing.contains(topic);
    }

    @Override
    public void close() {
      closed = true;
      told.ifPresent(Runnable::run);
    }
  }
}
