package io.milvus.cdc.log;

import io.milvus.cdc.event.DeadLetter;
import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.TaskDefinition;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.Reader;
import org.apache.pulsar.client.impl.MessageIdImpl;

/**
 * The topic of the source's Pulsar that gets the messages which a task has left out, each as Milvus
 * wrote it, with properties that say where it was and what is wrong with it. One that was sent and
 * not heard of is sent again; its key is the same. The topic is kept as the namespace's retention
 * says. Safe for use by many threads.
 */
public final class DeadLetterTopic implements AutoCloseable {

  private static final int TIMEOUT_SECONDS = 15;

  private final TaskDefinition task;
  private Optional<Connection> connection = Optional.empty();

  private record Connection(PulsarSession pulsar, Producer<byte[]> producer) {}

  /** Connects when there is something to send. */
  public DeadLetterTopic(TaskDefinition task) {
    this.task = task;
  }

  /** Full name of the topic of a task. */
  public static String of(SourceCluster source, String taskId) {
    return source.topic("milvus-cdc-dead-letters-" + taskId);
  }

  /**
   * Sends a letter.
   *
   * @throws IOException when it may not be kept: the broker does not answer, or refuses
   */
  public synchronized void send(DeadLetter letter) throws IOException {
    Connection open = connect();
    byte[] payload =
        letter.payload().isPresent()
            ? letter.payload().get().toByteArray()
            : read(open.pulsar().client(), letter);
    String id = letter.ledgerId() + ":" + letter.entryId();
    var unused =
        open.producer()
            .newMessage()
            .key(letter.pchannel() + ":" + id)
            .value(payload)
            .properties(
                Map.of(
                    "task_id", task.taskId(),
                    "topic", task.source().topic(letter.pchannel()),
                    "message_id", id,
                    "collection_id", Long.toString(letter.collectionId()),
                    "collection", letter.collection(),
                    "error", letter.error()))
            .send();
  }

  private Connection connect() throws IOException {
    if (connection.isPresent()) {
      return connection.get();
    }
    PulsarSession pulsar = PulsarSession.open(new PulsarAccess(task.source()).clientOfJob());
    try {
      Producer<byte[]> producer =
          pulsar
              .client()
              .newProducer()
              .topic(of(task.source(), task.taskId()))
              .enableBatching(false)
              .sendTimeout(TIMEOUT_SECONDS, TimeUnit.SECONDS)
              .create();
      connection = Optional.of(new Connection(pulsar, producer));
      return connection.get();
    } catch (IOException e) {
      pulsar.close();
      throw e;
    }
  }

  /** The message as it is in the log; nothing when it is not there any more. */
  private byte[] read(PulsarClient client, DeadLetter letter) throws IOException {
    Position wanted = Position.of(letter.ledgerId(), letter.entryId());
    try (Reader<byte[]> reader =
        client
            .newReader()
            .topic(task.source().topic(letter.pchannel()))
            .subscriptionRolePrefix("milvus-cdc-" + task.taskId())
            .startMessageId(new MessageIdImpl(letter.ledgerId(), letter.entryId(), -1))
            .startMessageIdInclusive()
            .create()) {
      Message<byte[]> found = reader.readNext(TIMEOUT_SECONDS, TimeUnit.SECONDS);
      if (found == null) {
        throw new IOException(
            "message %s of %s was not read within %d s"
                .formatted(wanted, letter.pchannel(), TIMEOUT_SECONDS));
      }
      return Position.of(found.getMessageId()).isSameEntry(wanted) ? found.getValue() : new byte[0];
    }
  }

  /** Closes the connection, if one was made. */
  @Override
  public synchronized void close() {
    connection.ifPresent(open -> open.pulsar().close());
    connection = Optional.empty();
  }
}
