package io.milvus.cdc.log;

import com.google.protobuf.ByteString;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskStore;
import io.milvus.cdc.task.TaskStoreFactory;
import io.milvus.cdc.task.UnreadableTaskException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongToIntFunction;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.Reader;
import org.apache.pulsar.client.api.ReaderBuilder;
import org.apache.pulsar.client.impl.MessageIdImpl;

/** What one reader task shares among its topics: the Pulsar client and who knows the metadata. */
final class SourceConnection implements AutoCloseable {

  /** For the statistics of the broker only. */
  private static final Duration POSITION_SAID_EVERY = Duration.ofSeconds(5);

  private static final int MAX_RECONNECT_SECONDS = 5;

  private final SourceCluster source;
  private final TaskDefinition task;
  private final LiveStartPositions.Factory liveStartsFactory;
  private final PulsarSession pulsar;
  private final TopicDirectory directory;
  private final Optional<ExactStart> exactStart;

  private SourceConnection(
      TaskDefinition task,
      LiveStartPositions.Factory liveStartsFactory,
      PulsarSession pulsar,
      Optional<ExactStart> exactStart) {
    this.exactStart = exactStart;
    this.task = task;
    this.source = task.source();
    this.liveStartsFactory = liveStartsFactory;
    this.pulsar = pulsar;
    this.directory = new TopicDirectory(task.source());
  }

  /** A start after which nothing is repeated, and the store that knows who has read by it. */
  private record ExactStart(TaskStore store, String name) {}

  /**
   * Loads the task and makes a client; connections are made when they are needed. The source's
   * metadata must answer first: what is read waits in memory until the metadata has told of its
   * collections.
   *
   * @param exactStart see {@link LogSource#continuingExactly}
   * @throws IOException when the metadata cannot be read now
   * @throws PermanentFailure when there is no such task
   */
  static SourceConnection open(
      String taskId,
      TaskStoreFactory storeFactory,
      LiveStartPositions.Factory liveStartsFactory,
      Optional<String> exactStart)
      throws IOException {
    TaskStore store = storeFactory.open();
    boolean isKept = false;
    try {
      TaskDefinition task = definition(store, taskId);
      try (LiveStartPositions metadata = liveStartsFactory.open(task)) {
        metadata.verifyReadable();
      }
      PulsarSession pulsar =
          PulsarSession.open(
              new PulsarAccess(task.source())
                  .clientOfJob()
                  .maxBackoffInterval(MAX_RECONNECT_SECONDS, TimeUnit.SECONDS));
      isKept = exactStart.isPresent();
      return new SourceConnection(
          task, liveStartsFactory, pulsar, exactStart.map(name -> new ExactStart(store, name)));
    } finally {
      if (!isKept) {
        store.close();
      }
    }
  }

  /**
   * A task's definition.
   *
   * @throws PermanentFailure when there is no such task, or it cannot be read
   */
  static TaskDefinition definition(TaskStore store, String taskId) {
    try {
      return store
          .definition(taskId)
          .orElseThrow(
              () ->
                  new PermanentFailure(
                      "Task " + taskId + " is not in the task store: cancel its job."));
    } catch (UnreadableTaskException e) {
      throw new PermanentFailure(e.getMessage(), e);
    }
  }

  /**
   * A topic that is open.
   *
   * @param reader gives its messages
   * @param expected the message that must come first; empty when any may
   * @param lastHeld the last message that the topic held at this moment; an entry below 0 when it
   *     held none
   * @param lastDoubtful the last message that may have been applied before: the last one that the
   *     topic held, or {@link Position#BEFORE_ALL}
   */
  record OpenTopic(
      LogReader reader, Optional<Position> expected, Position lastHeld, Position lastDoubtful) {}

  /**
   * Opens a topic where a split says, without a gap.
   *
   * @param queueSize how many messages the client may hold, by the size of one
   * @throws IOException when the source cannot be reached now
   * @throws PermanentFailure when the topic or its position does not exist any more
   */
  OpenTopic open(TopicSplit split, LongToIntFunction queueSize) throws IOException {
    String topic = source.topic(split.pchannel());
    // Opening a reader would create the topic.
    TopicContents contents =
        directory.contents(split.pchannel()).orElseThrow(() -> vanished(topic));
    Optional<Position> expected = Optional.empty();
    ReaderBuilder<byte[]> builder =
        pulsar
            .client()
            .newReader()
            .topic(topic)
            .receiverQueueSize(queueSize.applyAsInt(contents.bytesPerMessageFrom(split.position())))
            .subscriptionRolePrefix("milvus-cdc-" + task.taskId())
            .startMessageId(MessageId.earliest);
    if (split.position().isPresent()) {
      Position position = split.position().get();
      switch (Retention.decide(topic, position, contents, () -> liveStarts(split.pchannel()))) {
        case AT_POSITION -> {
          builder
              .startMessageId(new MessageIdImpl(position.ledgerId(), position.entryId(), -1))
              .startMessageIdInclusive();
          expected = position.entryId() < 0 ? Optional.empty() : split.position();
        }
        case AT_FIRST_MESSAGE -> {}
      }
    }
    Reader<byte[]> reader = builder.create();
    try {
      Position lastHeld = LogReader.newest(reader.getLastMessageIds());
      Position lastDoubtful = nothingIsApplied(split) ? Position.BEFORE_ALL : lastHeld;
      return new OpenTopic(
          new LogReader(reader, POSITION_SAID_EVERY), expected, lastHeld, lastDoubtful);
    } catch (IOException | RuntimeException e) {
      CompletableFuture<Void> unused = reader.closeAsync();
      throw e;
    }
  }

  /**
   * Whether nothing that comes after the split's position has been applied. That is certain for the
   * first reader after an orderly stop only, and not where a topic goes back for a collection that
   * was stopped.
   */
  private boolean nothingIsApplied(TopicSplit split) throws IOException {
    if (exactStart.isEmpty() || split.revisit().until().isPresent()) {
      return false;
    }
    ExactStart start = exactStart.get();
    try {
      return start.store().isFirstReading(task.taskId(), split.pchannel(), start.name());
    } catch (UncheckedIOException e) {
      throw new IOException("The task store cannot be asked who reads " + split.pchannel(), e);
    }
  }

  /**
   * Makes sure that nothing was lost between two messages that were read one after the other and
   * lie in different ledgers: Pulsar moves a slow reader silently past a ledger that it deletes.
   *
   * @throws IOException when the source cannot be reached now
   * @throws PermanentFailure when operations of live collections may be gone
   */
  void verifyNoGap(String pchannel, Position earlier, Position later) throws IOException {
    String topic = source.topic(pchannel);
    TopicContents contents = directory.contents(pchannel).orElseThrow(() -> vanished(topic));
    if (contents.areNeighbours(earlier, later)) {
      return;
    }
    Retention.verifyNothingLost(topic, earlier, later, () -> liveStarts(pchannel));
  }

  /** Why a task cannot go on when a topic is not there any more. */
  static PermanentFailure vanished(String topic) {
    return new PermanentFailure(
        "Topic "
            + topic
            + " does not exist (any more), and what it held is lost to this task: create the task"
            + " anew.");
  }

  private List<ByteString> liveStarts(String pchannel) throws IOException {
    try (LiveStartPositions liveStarts = liveStartsFactory.open(task)) {
      return liveStarts.of(pchannel);
    }
  }

  String topic(String pchannel) {
    return source.topic(pchannel);
  }

  @Override
  public void close() {
    exactStart.map(ExactStart::store).ifPresent(TaskStore::close);
    pulsar.close();
  }
}
