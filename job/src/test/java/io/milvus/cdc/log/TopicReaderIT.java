package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.log.SourceConnection.OpenTopic;
import io.milvus.cdc.log.TopicReader.Next;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.SourceTraffic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.stream.LongStream;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.PulsarClientException;
import org.apache.pulsar.client.api.Reader;
import org.apache.pulsar.client.impl.MessageIdImpl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One topic on a real broker, whose client does not hand over all that comes. */
@Timeout(120)
final class TopicReaderIT {

  private static final String PCHANNEL = TestingLog.pchannel(0);

  private TestingLog log;
  private final Semaphore ready = new Semaphore(0);
  private PulsarClient client;
  private SourceConnection source;
  private TopicReader topic;

  @BeforeEach
  void connect() throws Exception {
    log = TestingLog.create();
    source = log.connect();
    client =
        PulsarClient.builder()
            .serviceUrl(TestingPlayground.shared(Part.PULSAR).pulsarServiceUrl())
            .build();
    UnregisteredMetricsGroup metrics = new UnregisteredMetricsGroup();
    topic =
        new TopicReader(
            new TopicSplit(PCHANNEL, Optional.empty(), false),
            new ReadRows(metrics, SourceTraffic.of("t")),
            new SkippedKinds(metrics),
            new ReceiverWindow(500, () -> 1 << 20),
            reader -> ready.release());
  }

  @AfterEach
  void disconnect() throws Exception {
    client.close();
    source.close();
    log.close();
  }

  @Test
  void whatDidNotComeIsReadWhenTheTopicIsOpenedAnew() throws Exception {
    publish(6);
    open(Set.of(3L, 4L));
    assertThat(read(6)).containsExactly(1L, 2L, 3L);
    open(Set.of());
    assertThat(read(3)).containsExactly(4L, 5L, 6L);
  }

  @Test
  void whatNeverComesIsAskedForOnce() throws Exception {
    publish(6);
    open(Set.of(3L));
    assertThat(read(6)).containsExactly(1L, 2L, 3L);
    open(Set.of(3L));
    assertThat(read(2)).containsExactly(5L, 6L);
  }

  @Test
  void aTopicThatLacksEntriesAgainAndAgainIsNotOpenedForEach() throws Exception {
    publish(12);
    List<Long> read = new ArrayList<>();
    for (int opened = 0; opened < 4; opened++) {
      open(Set.of(1L, 3L, 5L, 7L, 9L));
      read.addAll(read(7 - read.size()));
    }
    assertThat(read).containsExactly(1L, 3L, 5L, 7L, 9L, 11L, 12L);
  }

  @Test
  void theEndOfALedgerIsNoGap() throws Exception {
    publish(2);
    log.admin("PUT", log.topicPath(PCHANNEL) + "/unload", "");
    publish(2);
    open(Set.of());
    assertThat(read(4)).containsExactly(1L, 2L, 1L, 2L);
  }

  /** Messages from 1 on; the first one of a topic is in entry 0. */
  private void publish(int count) throws Exception {
    var unused =
        log.publish(
            PCHANNEL,
            LongStream.rangeClosed(1, count)
                .mapToObj(tso -> TestingMessages.insert(100, "v", tso))
                .toList());
  }

  /** As the source's connection opens it. */
  private void open(Set<Long> lostEntries) throws Exception {
    Optional<Position> from = topic.split().position();
    Reader<byte[]> reader =
        client
            .newReader()
            .topic(log.topic(PCHANNEL))
            .receiverQueueSize(topic.begin(100))
            .startMessageIdInclusive()
            .startMessageId(
                from.<MessageId>map(at -> new MessageIdImpl(at.ledgerId(), at.entryId(), -1))
                    .orElse(MessageId.earliest))
            .create();
    Position last = LogReader.newest(reader.getLastMessageIds());
    topic.opened(
        source, new OpenTopic(new Losing(reader, lostEntries), from, last, Position.BEFORE_ALL));
    ready.acquire();
  }

  /** Timestamps of so many messages, or of fewer when the topic is to be opened anew before. */
  private List<Long> read(int count) throws Exception {
    List<Long> timestamps = new ArrayList<>();
    while (timestamps.size() < count) {
      Next next = topic.next();
      if (next instanceof Next.Available available) {
        timestamps.add(available.message().timestamp());
      } else if (next instanceof Next.Waiting) {
        ready.acquire();
      } else {
        return timestamps;
      }
    }
    return timestamps;
  }

  /** Does not hand over some entries. */
  private static final class Losing extends LogReader {

    private final Set<Long> lostEntries;

    Losing(Reader<byte[]> reader, Set<Long> lostEntries) {
      super(reader, Duration.ofHours(1));
      this.lostEntries = lostEntries;
    }

    @Override
    Optional<Message<byte[]>> poll() throws PulsarClientException {
      Optional<Message<byte[]>> message = super.poll();
      while (message.filter(this::isLost).isPresent()) {
        message = super.poll();
      }
      return message;
    }

    @Override
    CompletableFuture<Message<byte[]>> next() {
      return super.next()
          .thenCompose(
              message -> isLost(message) ? next() : CompletableFuture.completedFuture(message));
    }

    private boolean isLost(Message<byte[]> message) {
      return lostEntries.contains(Position.of(message.getMessageId()).entryId());
    }
  }
}
