package io.milvus.cdc.log;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.SourceSnapshot;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SharedJvm;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StartPositions.TopicStart;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.MessageIdAdv;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.Reader;
import org.apache.pulsar.client.api.TopicMessageId;

/**
 * Decides where a new task starts to read the source's log.
 *
 * <p>A topic with selected collections starts at the oldest of their channels' checkpoints: at the
 * message itself, because a checkpoint's message may be newer than its timestamp. Milvus' own
 * readers seek the same way, and then skip operations up to the timestamp, as the task does by
 * {@link TopicStart#checkpoints}. What is before a checkpoint is in the source's segments and not
 * read from the log.
 *
 * <p>A topic without selected collections is not read. A collection that is not in the metadata yet
 * when this is read adds its topics when it comes, from its own beginning. The topic of clients'
 * requests has no collections and is read from its end.
 */
public final class StartPositionReader {

  private static final ObjectMapper JSON = SharedJvm.jsonMapper().build();

  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private StartPositionReader() {}

  /**
   * Reads where a task starts. Leaves nothing behind on the source.
   *
   * @param source the cluster that will be read
   * @param selection what the task replicates
   * @param requested where collections that exist now start instead
   * @return a start for each topic that the task reads for the collections that exist now
   * @throws IOException when etcd or Pulsar do not answer; the message says which one, and where
   * @throws UnusableStartException when a requested start is not one of the selected collections,
   *     or is not in the log any more
   */
  public static StartPositions read(
      SourceCluster source, Selection selection, RequestedStarts requested) throws IOException {
    // All are asked, so that a broker that cannot be reached, or refuses a topic, is told of now.
    Map<String, Optional<MessageId>> lastRequests = lastMessages(source);
    lastRequests.keySet().removeIf(topic -> !source.isRequestTopic(topic));
    SourceSnapshot snapshot = SourceSnapshot.read(source, selection);
    List<ChannelStart> starts = ChannelStart.all(snapshot, requested);
    StartPositions positions = positions(lastRequests, starts);
    TopicDirectory directory = new TopicDirectory(source);
    Map<String, Optional<TopicContents>> contents = new HashMap<>();
    for (ChannelStart start : starts) {
      if (start.requested()) {
        String pchannel = start.shard().getPchannel();
        if (!contents.containsKey(pchannel)) {
          contents.put(pchannel, directory.contents(pchannel));
        }
        start.verifyHeld(source.topic(pchannel), contents.get(pchannel));
      }
    }
    return positions;
  }

  /**
   * Puts the two readings together.
   *
   * @param lastRequests for each topic of clients' requests its last message, empty when it holds
   *     none
   */
  static StartPositions positions(
      Map<String, Optional<MessageId>> lastRequests, List<ChannelStart> starts) throws IOException {
    Map<String, MessageId> oldest = new HashMap<>();
    Map<String, Map<String, Long>> checkpoints = new HashMap<>();
    for (ChannelStart start : starts) {
      Shard shard = start.shard();
      MessageId message = messageId(shard.getVchannel(), start.from().messageId());
      oldest.merge(shard.getPchannel(), message, StartPositionReader::older);
      checkpoints
          .computeIfAbsent(shard.getPchannel(), pchannel -> new HashMap<>())
          .put(shard.getVchannel(), start.from().timestamp());
    }
    Map<String, TopicStart> topics = new HashMap<>();
    lastRequests.forEach(
        (pchannel, last) ->
            topics.put(
                pchannel, new TopicStart(last.map(StartPositionReader::bytes), false, Map.of())));
    oldest.forEach(
        (pchannel, message) ->
            topics.put(
                pchannel,
                new TopicStart(Optional.of(bytes(message)), true, checkpoints.get(pchannel))));
    return new StartPositions(topics);
  }

  private static MessageId messageId(String vchannel, ByteString serialized) throws IOException {
    try {
      return MessageId.fromByteArray(serialized.toByteArray());
    } catch (IOException | RuntimeException e) {
      throw new IOException(
          "The position of channel %s in the source's etcd is not a Pulsar message id: "
              .concat("is mq.type pulsar there?")
              .formatted(vchannel),
          e);
    }
  }

  private static MessageId older(MessageId one, MessageId other) {
    return Position.of(one).isAfterEntry(Position.of(other)) ? other : one;
  }

  private static ByteString bytes(MessageId id) {
    return ByteString.copyFrom(id.toByteArray());
  }

  static Map<String, Optional<MessageId>> lastMessages(SourceCluster source) throws IOException {
    try (PulsarSession pulsar =
        PulsarSession.open(
            new PulsarAccess(source)
                .client()
                .operationTimeout((int) TIMEOUT.toSeconds(), TimeUnit.SECONDS))) {
      Map<String, CompletableFuture<Optional<MessageId>>> asked = new LinkedHashMap<>();
      for (String pchannel : logTopics(source)) {
        asked.put(pchannel, lastMessage(pulsar.client(), source.topic(pchannel)));
      }
      Map<String, Optional<MessageId>> answers = new HashMap<>();
      for (Map.Entry<String, CompletableFuture<Optional<MessageId>>> entry : asked.entrySet()) {
        answers.put(entry.getKey(), await(source.topic(entry.getKey()), entry.getValue()));
      }
      return answers;
    }
  }

  /**
   * A reader's subscription is not durable: it goes with the reader, which goes with the client.
   */
  private static CompletableFuture<Optional<MessageId>> lastMessage(
      PulsarClient client, String topic) {
    return client
        .newReader()
        .topic(topic)
        .startMessageId(MessageId.latest)
        .receiverQueueSize(1)
        .createAsync()
        .thenCompose(Reader::getLastMessageIdsAsync)
        .thenApply(StartPositionReader::last);
  }

  /** A topic without messages answers with an entry of -1. */
  private static Optional<MessageId> last(List<TopicMessageId> ids) {
    return ids.stream()
        .map(MessageIdAdv.class::cast)
        .filter(id -> id.getEntryId() >= 0)
        .map(MessageId.class::cast)
        .findFirst();
  }

  private static Optional<MessageId> await(
      String topic, CompletableFuture<Optional<MessageId>> answer) throws IOException {
    try {
      return answer.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while asking for the last message of " + topic, e);
    } catch (ExecutionException e) {
      throw new IOException(
          "Pulsar does not tell the last message of %s: %s"
              .formatted(topic, e.getCause().getMessage()),
          e);
    } catch (TimeoutException e) {
      throw new IOException(
          "Pulsar did not tell the last message of %s within %d s"
              .formatted(topic, TIMEOUT.toSeconds()),
          e);
    }
  }

  /**
   * The topics that exist: the physical channels {@code <prefix>-rootcoord-dml_<n>} (Milvus 2.3 to
   * 2.5), and the one of clients' requests.
   */
  private static Set<String> logTopics(SourceCluster source) throws IOException {
    URI uri =
        URI.create(
            "%s/admin/v2/persistent/%s/%s"
                .formatted(
                    source.pulsarAdminUrl().replaceAll("/+$", ""),
                    source.pulsarTenant(),
                    source.pulsarNamespace()));
    PulsarAccess.Answer answer;
    try {
      answer = new PulsarAccess(source).get(uri, TIMEOUT);
    } catch (ConnectException e) {
      throw new IOException("Pulsar's admin address %s cannot be reached".formatted(uri), e);
    } catch (SSLException e) {
      throw new IOException(
          "Pulsar's admin address %s: TLS fails: %s".formatted(uri, e.getMessage()), e);
    }
    if (answer.status() == 401 || answer.status() == 403) {
      throw new IOException(
          "Pulsar refuses what it is shown at %s (%d): check source.pulsar.token or the client's certificate, and what it allows"
              .formatted(uri, answer.status()));
    }
    if (answer.status() != 200) {
      throw new IOException(
          "Pulsar answers %d to %s: check the admin address, tenant and namespace"
              .formatted(answer.status(), uri));
    }
    Set<String> topics = new TreeSet<>();
    for (String topic : JSON.readValue(answer.body(), String[].class)) {
      String name = topic.substring(topic.lastIndexOf('/') + 1);
      if (source.isLogTopic(name)) {
        topics.add(name);
      }
    }
    return topics;
  }
}
