package io.milvus.cdc.bench;

import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.playground.PlaygroundException;
import io.milvus.grpc.MsgBase;
import io.milvus.grpc.MsgType;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import milvus.proto.msg.Msg;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.PulsarClientException;
import org.apache.pulsar.client.api.Reader;

/** When the time ticks of a topic of the source were published. */
final class TickLog implements AutoCloseable {

  private final PulsarClient client;
  private final Reader<byte[]> reader;
  private final Thread thread;
  private final TreeMap<Long, Long> published = new TreeMap<>();

  /** Listens from now on. */
  TickLog(String serviceUrl, String topic) {
    try {
      client = PulsarClient.builder().serviceUrl(serviceUrl).build();
      reader =
          client
              .newReader()
              .topic("persistent://public/default/" + topic)
              .startMessageId(MessageId.latest)
              .create();
    } catch (PulsarClientException e) {
      throw new PlaygroundException("The source's ticks cannot be read: " + e.getMessage(), e);
    }
    thread = new Thread(this::read, "ticks");
    thread.setDaemon(true);
    thread.start();
  }

  private void read() {
    try {
      while (true) {
        note(reader.readNext());
      }
    } catch (PulsarClientException e) {
      // It was closed.
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("not a message of Milvus' log", e);
    }
  }

  private synchronized void note(Message<byte[]> message) throws InvalidProtocolBufferException {
    MsgBase base = Msg.TimeTickMsg.parseFrom(message.getData()).getBase();
    if (base.getMsgType() == MsgType.TimeTick) {
      published.put(base.getTimestamp(), message.getPublishTime());
    }
  }

  /** When the tick was published that closes a timestamp; milliseconds since the epoch. */
  synchronized Optional<Long> closed(long timestamp) {
    return Optional.ofNullable(published.ceilingEntry(timestamp)).map(Map.Entry::getValue);
  }

  @Override
  public void close() {
    try {
      reader.close();
      client.close();
    } catch (IOException e) {
      // Nothing is lost by it.
    }
  }
}
