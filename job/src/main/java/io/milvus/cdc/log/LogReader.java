package io.milvus.cdc.log;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.Consumer;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.PulsarClientException;
import org.apache.pulsar.client.api.Reader;
import org.apache.pulsar.client.impl.ReaderImpl;

/**
 * The messages of a topic, from a reader of the Pulsar client. The client's own way to read
 * acknowledges every message, which is of no use for a position that lives in checkpoints, and
 * which costs client and broker a command for each tick of a silent topic. This one does so now and
 * then only, for the broker's statistics to say about how much a reader has before it.
 */
final class LogReader {

  private final Reader<byte[]> reader;
  private final Consumer<byte[]> consumer;
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

  /** The next message, if there is one now. */
  Optional<Message<byte[]>> poll() throws PulsarClientException {
    return Optional.ofNullable(consumer.receive(0, TimeUnit.MILLISECONDS)).map(this::read);
  }

  /** The next message, when it comes; completed by the client's thread. */
  CompletableFuture<Message<byte[]>> next() {
    return consumer.receiveAsync().thenApply(this::read);
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
