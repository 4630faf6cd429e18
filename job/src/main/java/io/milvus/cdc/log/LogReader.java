package io.milvus.cdc.log;

import io.milvus.cdc.task.Position;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.PulsarClientException;
import org.apache.pulsar.client.api.Reader;
import org.apache.pulsar.client.api.TopicMessageId;
import org.apache.pulsar.client.impl.ConsumerImpl;
import org.apache.pulsar.client.impl.ReaderImpl;

/**
 * The messages of a topic, from a reader of the Pulsar client. The client's own way to read
 * acknowledges every message, which is of no use for a position that lives in checkpoints, and
 * which costs client and broker a command for each tick of a silent topic. This one does so now and
 * then only, for the broker's statistics to say about how much a reader has before it.
 */
class LogReader {

  /** The client does so by itself for consumers, if it is told to, and not for readers (4.0). */
  private static final Method RESIZE = resize();

  private final Reader<byte[]> reader;
  private final ConsumerImpl<byte[]> consumer;
  private final long saidEvery;

  /** When it was said how far reading is; written by whichever thread has a message. */
  private volatile long said;

  /**
   * @param reader of a topic without partitions, as Milvus' are
   * @param saidEvery how often the broker hears how far reading is
   */
  LogReader(Reader<byte[]> reader, Duration saidEvery) {
    this.reader = reader;
    this.saidEvery = saidEvery.toNanos();
    this.consumer = ((ReaderImpl<byte[]>) reader).getConsumer();
    this.said = System.nanoTime();
  }

  private static Method resize() {
    try {
      Method method =
          ConsumerImpl.class.getDeclaredMethod("setCurrentReceiverQueueSize", int.class);
      method.setAccessible(true);
      return method;
    } catch (NoSuchMethodException e) {
      throw new LinkageError("This is not the Pulsar client that the job was built with", e);
    }
  }

  /** The next message, if there is one now. */
  Optional<Message<byte[]>> poll() throws PulsarClientException {
    return Optional.ofNullable(consumer.receive(0, TimeUnit.MILLISECONDS)).map(this::read);
  }

  /** The next message, when it comes; completed by the client's thread. */
  CompletableFuture<Message<byte[]>> next() {
    return consumer.receiveAsync().thenApply(this::read);
  }

  /** How many messages the client may hold. */
  int queueSize() {
    return consumer.getCurrentReceiverQueueSize();
  }

  /**
   * Lets the client hold another number of messages. It goes on asking the broker for more until it
   * has asked for so many; what it has asked for already comes.
   */
  void resize(int messages) {
    if (messages == queueSize()) {
      return;
    }
    try {
      RESIZE.invoke(consumer, messages);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("The Pulsar client's queue cannot be resized", e);
    }
  }

  /** How many messages the client holds. */
  int held() {
    return consumer.numMessagesInQueue();
  }

  /** How large the messages are that the client holds. */
  long heldBytes() {
    return consumer.getIncomingMessageSize();
  }

  /** How many messages the client has asked the broker for that have not come. */
  int missing() {
    return queueSize() - consumer.getAvailablePermits() - held();
  }

  /** The last message that the broker holds; an entry below 0 when it holds none. */
  CompletableFuture<Position> lastHeld() {
    return consumer.getLastMessageIdsAsync().thenApply(LogReader::newest);
  }

  /** The newest of the last messages of a topic's parts; Milvus' topics have one part. */
  static Position newest(List<TopicMessageId> ids) {
    return ids.stream()
        .map(Position::of)
        .reduce((older, newer) -> newer.isAfterEntry(older) ? newer : older)
        .orElseThrow(() -> new IllegalStateException("A topic without a last message id"));
  }

  private Message<byte[]> read(Message<byte[]> message) {
    long now = System.nanoTime();
    if (now - said > saidEvery) {
      said = now;
      CompletableFuture<Void> unused = consumer.acknowledgeCumulativeAsync(message);
    }
    return message;
  }

  /** Ends it without waiting. */
  void close() {
    CompletableFuture<Void> unused = reader.closeAsync();
  }
}
