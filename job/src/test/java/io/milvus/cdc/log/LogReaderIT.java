package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.TestingPlayground;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.PulsarClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One topic on a real broker. */
@Timeout(120)
final class LogReaderIT {

  private static final Pattern BACKLOG = Pattern.compile("\"msgBacklog\":(\\d+)");

  private final String topic = "log-reader-" + UUID.randomUUID();
  private TestingLog log;
  private PulsarClient client;
  private Producer<byte[]> producer;

  @BeforeEach
  void connect() throws Exception {
    log = TestingLog.create();
    client =
        PulsarClient.builder()
            .serviceUrl(TestingPlayground.shared(Part.PULSAR).pulsarServiceUrl())
            .build();
    producer = client.newProducer().topic(topic).enableBatching(false).create();
  }

  @AfterEach
  void disconnect() throws Exception {
    client.close();
    log.close();
  }

  @Test
  void messagesAreReadInOrderWhetherTheyAreWaitedForOrNot() throws Exception {
    LogReader reader = open(Duration.ofHours(1));
    assertThat(reader.poll()).isEmpty();
    CompletableFuture<Message<byte[]>> first = reader.next();
    publish("a", "b", "c");
    assertThat(text(first.get(30, TimeUnit.SECONDS))).isEqualTo("a");
    assertThat(read(reader, 2)).containsExactly("b", "c");
    reader.close();
  }

  /**
   * One more thread to wake for each message would cost as much as all else that is done for it.
   */
  @Test
  void whatComesIsHandedOverByTheNetworkThread() throws Exception {
    try (PulsarSession session =
        PulsarSession.open(
            PulsarClient.builder()
                .serviceUrl(TestingPlayground.shared(Part.PULSAR).pulsarServiceUrl()))) {
      LogReader reader = open(session.client(), Duration.ofHours(1), 100);
      assertThat(reader.poll()).isEmpty();
      CompletableFuture<String> thread =
          reader.next().thenApply(message -> Thread.currentThread().getName());
      publish("a", "b");
      assertThat(thread.get(30, TimeUnit.SECONDS)).startsWith("pulsar-client-io");
      assertThat(read(reader, 1)).containsExactly("b");
      reader.close();
    }
  }

  @Test
  void theBrokerHearsNowAndThenHowFarReadingIs() throws Exception {
    publish("a", "b", "c");
    LogReader often = open(Duration.ZERO);
    assertThat(read(often, 3)).hasSize(3);
    await().untilAsserted(() -> assertThat(backlog()).isZero());
    often.close();
    await().until(() -> backlogs().isEmpty());

    LogReader rarely = open(Duration.ofHours(1));
    assertThat(read(rarely, 3)).hasSize(3);
    assertThat(backlog()).isEqualTo(3);
    rarely.close();
  }

  @Test
  void theClientHoldsAsManyMessagesAsItIsAllowed() throws Exception {
    String[] texts = IntStream.range(0, 40).mapToObj(String::valueOf).toArray(String[]::new);
    publish(texts);
    LogReader reader = open(Duration.ofHours(1), 4);
    await().until(() -> reader.held() == 4);
    assertThat(reader.missing()).isZero();
    assertThat(reader.heldBytes()).isEqualTo(4);

    reader.resize(20);
    await().until(() -> reader.held() == 20);

    reader.resize(4);
    List<String> read = new ArrayList<>(read(reader, 16));
    assertThat(reader.held()).isEqualTo(4);
    assertThat(reader.missing()).isZero();

    read.addAll(read(reader, 24));
    assertThat(read).containsExactly(texts);
    reader.close();
  }

  private LogReader open(Duration saidEvery) throws Exception {
    return open(saidEvery, 100);
  }

  private LogReader open(Duration saidEvery, int queueSize) throws Exception {
    return open(client, saidEvery, queueSize);
  }

  private LogReader open(PulsarClient with, Duration saidEvery, int queueSize) throws Exception {
    return new LogReader(
        with.newReader()
            .topic(topic)
            .receiverQueueSize(queueSize)
            .startMessageId(MessageId.earliest)
            .create(),
        saidEvery);
  }

  private void publish(String... texts) throws Exception {
    for (String text : texts) {
      producer.send(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private static List<String> read(LogReader reader, int count) throws Exception {
    List<String> texts = new ArrayList<>();
    while (texts.size() < count) {
      Optional<Message<byte[]>> held = reader.poll();
      texts.add(text(held.isPresent() ? held.get() : reader.next().get(30, TimeUnit.SECONDS)));
    }
    return texts;
  }

  private static String text(Message<byte[]> message) {
    return new String(message.getData(), StandardCharsets.UTF_8);
  }

  private long backlog() throws Exception {
    assertThat(backlogs()).hasSize(1);
    return backlogs().get(0);
  }

  /** Of each subscription, as the broker says. */
  private List<Long> backlogs() throws Exception {
    String stats = log.admin("GET", "/admin/v2/persistent/public/default/" + topic + "/stats", "");
    Matcher found = BACKLOG.matcher(stats);
    List<Long> all = new ArrayList<>();
    while (found.find()) {
      all.add(Long.valueOf(found.group(1)));
    }
    return all;
  }
}
