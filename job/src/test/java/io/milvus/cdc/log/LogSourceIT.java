package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.log.TestingJobs.Job;
import io.milvus.cdc.log.TestingJobs.Read;
import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.StoppedCollection.FirstMessage;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.util.ExceptionUtils;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.impl.MessageIdImpl;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The log source on a real broker and in a real, if small, Flink cluster. */
final class LogSourceIT {

  private static final int TOPICS = 16;
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static TestingJobs jobs;

  @TempDir Path savepoints;
  private TestingLog log;
  private final List<Job> started = new ArrayList<>();
  private long clock = 1_000_000;

  @BeforeAll
  static void startCluster() throws Exception {
    jobs = new TestingJobs();
  }

  @AfterAll
  static void stopCluster() throws Exception {
    jobs.close();
  }

  @BeforeEach
  void createLog() throws Exception {
    log = TestingLog.create();
  }

  @AfterEach
  void removeLog() throws Exception {
    for (Job job : started) {
      if (!jobs.status(job).isTerminalState()) {
        jobs.cancel(job);
      }
    }
    log.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void readsEveryMessageOfEveryTopicWithAnyParallelism(int parallelism) throws Exception {
    Set<Long> written = publishToAll(20);

    Job job = start(parallelism, Optional.empty());

    awaitExactly(job, written);
    Set<Long> later = publishToAll(20);
    awaitExactly(job, union(written, later));
    assertThat(readersPerTopic(job).values()).allSatisfy(readers -> assertThat(readers).hasSize(1));
    assertThat(topicsPerReader(job).values())
        .allSatisfy(topics -> assertThat(topics).hasSize(TOPICS / parallelism));
  }

  @Test
  void readsATopicInItsOrder() throws Exception {
    List<byte[]> payloads = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      payloads.add(insert(0));
    }
    log.publish(TestingLog.pchannel(0), payloads);

    Job job = start(1, Optional.empty());

    await().atMost(PATIENCE).until(() -> job.read().size() == 5000);
    assertThat(job.messages()).extracting(message -> message.header().timestamp()).isSorted();
  }

  @Test
  void goingBackTwiceToOneSavepointLosesNothing() throws Exception {
    Set<Long> before = publishToAll(10);
    Job first = start(2, Optional.empty());
    awaitExactly(first, before);
    String savepoint = jobs.stop(first, savepoints);
    Set<Long> after = publishToAll(10);

    Job second = start(2, Optional.of(savepoint));
    awaitExactly(second, after);
    jobs.cancel(second);
    Job third = start(2, Optional.of(savepoint));
    awaitExactly(third, after);
  }

  @Test
  void aSavepointTakenAfterARestoreAndBeforeAnyMessageKeepsThePositions() throws Exception {
    Set<Long> before = publishToAll(10);
    Job first = start(2, Optional.empty());
    awaitExactly(first, before);
    String savepoint = jobs.stop(first, savepoints);

    Job second = start(2, Optional.of(savepoint));
    await().atMost(PATIENCE).until(() -> jobs.runs(second));
    String idleSavepoint = jobs.stop(second, savepoints);
    Set<Long> after = publishToAll(10);
    Job third = start(2, Optional.of(idleSavepoint));

    assertThat(second.read()).isEmpty();
    awaitExactly(third, after);
  }

  @Test
  void rescalingKeepsEveryTopicWithExactlyOneReader() throws Exception {
    Set<Long> written = publishToAll(5);
    Job job = start(2, Optional.empty());
    awaitExactly(job, written);
    for (int parallelism : List.of(4, 1, 3)) {
      String savepoint = jobs.stop(job, savepoints);
      Set<Long> more = publishToAll(5);
      job = start(parallelism, Optional.of(savepoint));
      awaitExactly(job, more);
      assertThat(readersPerTopic(job).values())
          .allSatisfy(readers -> assertThat(readers).hasSize(1));
    }
  }

  @Test
  void leavesNoSubscriptionOnTheBroker() throws Exception {
    Set<Long> written = publishToAll(5);
    Job stopped = start(2, Optional.empty());
    awaitExactly(stopped, written);
    jobs.stop(stopped, savepoints);
    assertNoSubscriptions();

    Job cancelled = start(2, Optional.empty());
    awaitExactly(cancelled, written);
    jobs.cancel(cancelled);
    assertNoSubscriptions();
  }

  @Test
  void aMessageThatCannotBeReadIsToldAndTheTopicGoesOn() throws Exception {
    String pchannel = TestingLog.pchannel(3);
    log.publish(pchannel, insert(3));
    MessageId garbage = log.publish(pchannel, new byte[] {1, 2, 3});
    log.publish(pchannel, insert(3));

    Job job = start(1, Optional.empty());

    awaitExactly(job, Set.of(1_000_000L, 1_000_001L));
    assertThat(List.copyOf(job.read()).stream().map(Read::event))
        .filteredOn(SourceEvent.UnreadableMessage.class::isInstance)
        .map(SourceEvent.UnreadableMessage.class::cast)
        .singleElement()
        .satisfies(
            told -> {
              assertThat(Position.of(told.ledgerId(), told.entryId()))
                  .isEqualTo(Position.of(garbage));
              assertThat(told.reason())
                  .contains(pchannel, Position.of(garbage).toString(), "not a message of Milvus");
              assertThat(told.publishedMillis()).isPositive();
            });
  }

  @Test
  void aTopicGoesBackForAStoppedCollectionAndForNoOther() throws Exception {
    String pchannel = TestingLog.pchannel(0);
    List<byte[]> payloads = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      payloads.add(of(i % 2, pchannel));
    }
    List<MessageId> ids = log.publish(pchannel, payloads);
    Job first = start(1, Optional.empty());
    awaitExactly(first, timestamps(0, 10));
    String savepoint = jobs.stop(first, savepoints);

    stop(1, pchannel, ids.get(4), 1_000_007);
    Job second = start(1, Optional.of(savepoint));
    log.publish(pchannel, List.of(of(0, pchannel), of(1, pchannel)));

    // Of collection 1 message 5 is too old, messages 7 and 9 are lacking.
    awaitExactly(second, Set.of(1_000_007L, 1_000_009L, 1_000_010L, 1_000_011L));
    assertThat(second.messages())
        .filteredOn(message -> message.header().timestamp() < 1_000_010)
        .allMatch(message -> message.header().maybeApplied());
    savepoint = jobs.savepoint(second, savepoints);
    assertThat(log.stopped).as("a savepoint may be dropped, so it settles nothing").isNotEmpty();
    jobs.checkpoint(second);
    await().atMost(PATIENCE).until(log.stopped::isEmpty);

    Job third = start(1, Optional.of(savepoint));
    log.publish(pchannel, of(1, pchannel));
    awaitExactly(third, Set.of(1_000_012L));
  }

  @Test
  void aSavepointInTheMiddleOfGoingBackGoesOnThere() throws Exception {
    String pchannel = TestingLog.pchannel(0);
    List<byte[]> payloads = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      payloads.add(of(i % 2, pchannel));
    }
    List<MessageId> ids = log.publish(pchannel, payloads);
    Job first = start(1, Optional.empty());
    awaitExactly(first, timestamps(0, 3_000));
    String savepoint = jobs.stop(first, savepoints);

    stop(1, pchannel, ids.get(0), 0);
    Job second = start(1, Optional.of(savepoint));
    await().atMost(PATIENCE).until(() -> !second.read().isEmpty());
    savepoint = jobs.stop(second, savepoints);
    Job third = start(1, Optional.of(savepoint));

    Set<Long> lacking = timestamps(0, 3_000);
    lacking.removeIf(timestamp -> timestamp % 2 == 0);
    lacking.removeAll(timestampsOf(second));
    awaitExactly(third, lacking);
    log.publish(pchannel, of(0, pchannel));
    lacking.add(1_003_000L);
    awaitExactly(third, lacking);
  }

  @Test
  void whatAStoppedCollectionLacksAndIsGoneStopsItAndNobodyElse() throws Exception {
    String pchannel = TestingLog.pchannel(0);
    MessageId gone = log.publish(pchannel, of(1, pchannel));
    Job first = start(1, Optional.empty());
    awaitExactly(first, Set.of(1_000_000L));
    log.forget(pchannel);
    log.publish(pchannel, of(0, pchannel));
    awaitExactly(first, Set.of(1_000_000L, 1_000_001L));
    String savepoint = jobs.stop(first, savepoints);

    log.liveCollectionStartsAt(pchannel, gone);
    stop(1, pchannel, gone, 0);
    Job second = start(1, Optional.of(savepoint));
    log.publish(pchannel, of(0, pchannel));

    awaitExactly(second, Set.of(1_000_002L));
    assertThat(List.copyOf(second.read()).stream().map(Read::event))
        .filteredOn(SourceEvent.CollectionStopped.class::isInstance)
        .map(SourceEvent.CollectionStopped.class::cast)
        .singleElement()
        .satisfies(
            told -> {
              assertThat(told.collectionId()).isEqualTo(1);
              assertThat(told.isOneMessage()).isFalse();
              assertThat(told.reason()).contains("create the task anew", "no longer retained");
            });
  }

  /** A row of collection 1 when odd, of collection 2 otherwise. */
  private byte[] of(int odd, String pchannel) {
    long collection = odd == 1 ? 1 : 2;
    return TestingMessages.insert(collection, pchannel + "_" + collection + "v0", clock++);
  }

  private static Set<Long> timestamps(int from, int to) {
    return LongStream.range(1_000_000 + from, 1_000_000 + to)
        .boxed()
        .collect(Collectors.toCollection(HashSet::new));
  }

  private static Set<Long> timestampsOf(Job job) {
    return job.messages().stream()
        .map(message -> message.header().timestamp())
        .collect(Collectors.toSet());
  }

  private void stop(long collectionId, String pchannel, MessageId first, long fromTimestamp) {
    Position position = Position.of(first);
    log.stopped.put(
        collectionId,
        new StoppedCollection(
            StoppedCollection.VERSION,
            collectionId,
            "default.c",
            Optional.empty(),
            "the test said so",
            Instant.EPOCH,
            "stop-" + collectionId,
            fromTimestamp,
            Map.of(pchannel, new FirstMessage(position.ledgerId(), position.entryId())),
            List.of()));
  }

  @Test
  void messagesThatWereThereWhenTheTopicWasOpenedMayBeRepetitions() throws Exception {
    Set<Long> held = publishToAll(10);
    Job job = start(2, Optional.empty());
    awaitExactly(job, held);
    Set<Long> later = publishToAll(10);
    awaitExactly(job, union(held, later));

    assertThat(job.messages())
        .allSatisfy(
            message ->
                assertThat(message.header().maybeApplied())
                    .isEqualTo(held.contains(message.header().timestamp())));
  }

  @Test
  void nothingIsARepetitionAfterAnOrderlyStopUntilItIsReadOnce() throws Exception {
    Job before = start(2, Optional.empty());
    awaitExactly(before, publishToAll(10));
    String savepoint = jobs.stop(before, savepoints);
    Set<Long> meanwhile = publishToAll(10);

    log.continueExactly("one");
    Job first = start(2, Optional.of(savepoint));
    awaitExactly(first, meanwhile);
    assertThat(first.messages()).noneMatch(message -> message.header().maybeApplied());

    Job restarted = start(2, Optional.of(savepoint));
    awaitExactly(restarted, meanwhile);
    assertThat(restarted.messages()).allMatch(message -> message.header().maybeApplied());
  }

  @Test
  void startsAtAnInclusiveOrAfterAnExclusivePosition() throws Exception {
    List<MessageId> zero =
        log.publish(TestingLog.pchannel(0), List.of(insert(0), insert(0), insert(0)));
    List<MessageId> one =
        log.publish(TestingLog.pchannel(1), List.of(insert(1), insert(1), insert(1)));
    log.startAt(TestingLog.pchannel(0), Optional.of(zero.get(1)), true);
    log.startAt(TestingLog.pchannel(1), Optional.of(one.get(1)), false);

    Job job = start(2, Optional.empty());

    awaitExactly(job, Set.of(1_000_001L, 1_000_002L, 1_000_005L));
  }

  @Test
  void aStartPositionThatIsNoLongerRetainedFailsTheJobAtOnce() throws Exception {
    String pchannel = TestingLog.pchannel(0);
    MessageId gone = log.publish(pchannel, insert(0));
    log.forget(pchannel);
    MessageId kept = log.publish(pchannel, insert(0));
    log.startAt(pchannel, Optional.of(gone), true);
    log.liveCollectionStartsAt(pchannel, gone);

    Job job = start(1, Optional.empty());

    assertThat(failure(job))
        .contains(
            "no longer retained",
            pchannel,
            Position.of(gone).toString(),
            Position.of(kept).toString());
    assertThat(job.read()).isEmpty();
  }

  @Test
  void aGonePositionIsNoGapWhenEveryLiveCollectionBeginsLater() throws Exception {
    String pchannel = TestingLog.pchannel(0);
    MessageId gone = log.publish(pchannel, insert(0));
    log.forget(pchannel);
    MessageId kept = log.publish(pchannel, insert(0));
    log.startAt(pchannel, Optional.of(gone), true);
    log.liveCollectionStartsAt(pchannel, kept);

    Job job = start(1, Optional.empty());

    awaitExactly(job, Set.of(1_000_001L));
  }

  @Test
  void aGonePositionIsNoGapWhenTheTopicIsEmpty() throws Exception {
    String pchannel = TestingLog.pchannel(0);
    MessageId gone = log.publish(pchannel, insert(0));
    log.forget(pchannel);
    log.startAt(pchannel, Optional.of(gone), false);

    Job job = start(1, Optional.empty());
    await().atMost(PATIENCE).until(() -> jobs.runs(job));
    log.publish(pchannel, insert(0));

    awaitExactly(job, Set.of(1_000_001L));
  }

  @Test
  void aTopicThatDoesNotExistFailsTheJobAndIsNotCreated() throws Exception {
    MessageId other = log.publish(TestingLog.pchannel(0), insert(0));
    log.startAt(TestingLog.pchannel(7), Optional.of(other), true);

    Job job = start(1, Optional.empty());

    assertThat(failure(job)).contains("by-dev-rootcoord-dml_7", "does not exist");
    assertThat(new TopicDirectory(log.source()).pchannels())
        .containsExactly(TestingLog.pchannel(0));
  }

  @Test
  void aTopicThatVanishesFailsTheJobAndIsNotCreatedAgain() throws Exception {
    Set<Long> written = publishToAll(1);
    Job first = start(2, Optional.empty());
    awaitExactly(first, written);
    String savepoint = jobs.stop(first, savepoints);
    log.stopPublishing(TestingLog.pchannel(5));
    log.admin("DELETE", log.topicPath(TestingLog.pchannel(5)) + "?force=true", "");

    Job second = start(2, Optional.of(savepoint));

    assertThat(failure(second)).contains("by-dev-rootcoord-dml_5", "does not exist");
    assertThat(new TopicDirectory(log.source()).pchannels()).hasSize(TOPICS - 1);
  }

  @Test
  void aTopicThatWasDeletedAndCreatedAgainFailsTheJob() throws Exception {
    String pchannel = TestingLog.pchannel(0);
    Set<Long> written = Set.of(1_000_000L);
    log.publish(pchannel, insert(0));
    Job first = start(1, Optional.empty());
    awaitExactly(first, written);
    String savepoint = jobs.stop(first, savepoints);
    log.stopPublishing(pchannel);
    log.admin("DELETE", log.topicPath(pchannel) + "?force=true", "");
    MessageId recreated = log.publish(pchannel, insert(0));
    log.liveCollectionStartsAt(pchannel, new MessageIdImpl(0, 0, -1));

    Job second = start(1, Optional.of(savepoint));

    assertThat(failure(second)).contains(pchannel, Position.of(recreated).toString());
  }

  @Test
  void aTopicThatAppearsIsReadFromItsFirstMessage() throws Exception {
    log.publish(TestingLog.pchannel(0), insert(0));
    Job job = start(2, Optional.empty());
    awaitExactly(job, Set.of(1_000_000L));

    log.publish(TestingLog.pchannel(1), List.of(insert(1), insert(1)));

    awaitExactly(job, Set.of(1_000_000L, 1_000_001L, 1_000_002L));
  }

  @Test
  void onlyTheTopicsOfTheTaskAreReadAndThatOfRequests() throws Exception {
    log.publish(TestingLog.pchannel(0), insert(0));
    List<MessageId> others =
        log.publishUnread(TestingLog.pchannel(1), List.of(insert(1), insert(1), insert(1)));
    log.publishUnread("by-dev-replicate-msg", List.of(insert(0)));
    Job job = start(2, Optional.empty());
    awaitExactly(job, Set.of(1_000_000L, 1_000_004L));
    log.publish(TestingLog.pchannel(0), insert(0));
    awaitExactly(job, Set.of(1_000_000L, 1_000_004L, 1_000_005L));

    log.startAt(TestingLog.pchannel(1), Optional.of(others.get(1)), true);

    awaitExactly(job, Set.of(1_000_000L, 1_000_004L, 1_000_005L, 1_000_002L, 1_000_003L));
  }

  @Test
  void aTopicThatWasAddedAfterASavepointIsReadByWhoGoesOnFromIt() throws Exception {
    log.publish(TestingLog.pchannel(0), insert(0));
    List<MessageId> others = log.publishUnread(TestingLog.pchannel(1), List.of(insert(1)));
    Job first = start(1, Optional.empty());
    awaitExactly(first, Set.of(1_000_000L));
    String savepoint = jobs.stop(first, savepoints);
    log.startAt(TestingLog.pchannel(1), Optional.of(others.get(0)), true);

    Job second = start(1, Optional.of(savepoint));
    awaitExactly(second, Set.of(1_000_001L));
    log.publish(TestingLog.pchannel(0), insert(0));
    awaitExactly(second, Set.of(1_000_001L, 1_000_002L));
  }

  @Test
  void topicsAreToldOfAgainAfterTheStoreHasCeasedTo() throws Exception {
    AtomicInteger told = new AtomicInteger();
    try (LogEnumerator.SourceDiscovery discovery = log.discovery()) {
      StartPositions none = discovery.startPositions(told::incrementAndGet);
      assertThat(none.topics()).isEmpty();
      log.endWatches();
      assertThat(told).as("something may have been added meanwhile").hasValue(1);
      assertThat(discovery.startPositions(told::incrementAndGet)).isEqualTo(none);
      assertThat(discovery.startPositions(told::incrementAndGet)).isEqualTo(none);

      log.startAt(TestingLog.pchannel(0), Optional.empty(), false);

      assertThat(told).hasValue(2);
      assertThat(discovery.startPositions(told::incrementAndGet).topics())
          .containsOnlyKeys(TestingLog.pchannel(0));
    }
  }

  @Test
  void aTopicThatRunsAheadIsPaused() throws Exception {
    String slow = TestingLog.pchannel(0);
    String fast = TestingLog.pchannel(1);
    long minute = 60_000;
    log.publish(slow, TestingMessages.tick(TestingMessages.tso(minute)));
    List<byte[]> ticks =
        LongStream.range(1, 100_000)
            .mapToObj(i -> TestingMessages.tick(TestingMessages.tso(i * 1000)))
            .toList();
    log.publish(fast, ticks);

    Job job =
        start(
            1,
            Optional.empty(),
            LogWatermarks.strategy(
                Duration.ofMinutes(10), Duration.ofMillis(100), Duration.ofMinutes(10)));

    await().atMost(PATIENCE).until(() -> job.read().size() > 600);
    AtomicInteger read = new AtomicInteger();
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofSeconds(3))
        .until(() -> job.read().size() == read.getAndSet(job.read().size()));
    assertThat(read).hasValueLessThan(50_000);
    // The slow topic catches up: the fast one goes on.
    log.publish(slow, TestingMessages.tick(TestingMessages.tso(100_000_000)));
    await().atMost(PATIENCE).until(() -> job.read().size() == 100_001);
  }

  private Job start(int parallelism, Optional<String> savepoint) throws Exception {
    return start(parallelism, savepoint, WatermarkStrategy.noWatermarks());
  }

  private Job start(
      int parallelism, Optional<String> savepoint, WatermarkStrategy<SourceEvent> watermarks)
      throws Exception {
    Job job = jobs.start(log, parallelism, savepoint, watermarks);
    started.add(job);
    return job;
  }

  /** The reason why a job ended; waits for its end. */
  private static String failure(Job job) throws Exception {
    JobResult result = jobs.result(job);
    assertThat(jobs.status(job)).isEqualTo(JobStatus.FAILED);
    return ExceptionUtils.stringifyException(result.getSerializedThrowable().orElseThrow());
  }

  private byte[] insert(int topic) {
    return TestingMessages.insert(
        100 + topic, TestingLog.pchannel(topic) + "_" + (100 + topic) + "v0", clock++);
  }

  private Set<Long> publishToAll(int messagesPerTopic) throws Exception {
    Set<Long> timestamps = new HashSet<>();
    for (int topic = 0; topic < TOPICS; topic++) {
      List<byte[]> payloads = new ArrayList<>();
      for (int i = 0; i < messagesPerTopic; i++) {
        timestamps.add(clock);
        payloads.add(insert(topic));
      }
      log.publish(TestingLog.pchannel(topic), payloads);
    }
    return timestamps;
  }

  private static Set<Long> union(Set<Long> some, Set<Long> others) {
    Set<Long> all = new HashSet<>(some);
    all.addAll(others);
    return all;
  }

  /** Waits until all of these were read, and sees that nothing else was and nothing twice. */
  private static void awaitExactly(Job job, Set<Long> timestamps) throws Exception {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(jobs.status(job)).isIn(JobStatus.RUNNING, JobStatus.CREATED);
              assertThat(job.messages())
                  .extracting(message -> message.header().timestamp())
                  .containsExactlyInAnyOrderElementsOf(timestamps);
            });
  }

  private static Map<String, Set<Integer>> readersPerTopic(Job job) {
    Map<String, Set<Integer>> readers = new HashMap<>();
    for (Read read : List.copyOf(job.read())) {
      if (read.event() instanceof SourceEvent.LogMessage message) {
        readers
            .computeIfAbsent(message.header().pchannel(), unused -> new HashSet<>())
            .add(read.subtask());
      }
    }
    return readers;
  }

  private static Map<Integer, Set<String>> topicsPerReader(Job job) {
    return readersPerTopic(job).entrySet().stream()
        .collect(
            Collectors.groupingBy(
                entry -> entry.getValue().iterator().next(),
                Collectors.mapping(Map.Entry::getKey, Collectors.toSet())));
  }

  private void assertNoSubscriptions() throws Exception {
    for (int topic = 0; topic < TOPICS; topic++) {
      int number = topic;
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(log.subscriptions(TestingLog.pchannel(number))).isEmpty());
    }
  }
}
