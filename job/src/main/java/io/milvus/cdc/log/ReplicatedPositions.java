package io.milvus.cdc.log;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.SourceSnapshot;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.task.RequestedStarts.Place;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SourceCluster;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.Reader;

/**
 * Tells from where a source's log is to be read on after a task has applied everything up to a
 * moment.
 *
 * <p>A message is published after its timestamp was given out, so everything that came after the
 * moment is found from the first message on that was published after it. The broker's clock need
 * not be the source's: reading begins {@value #CLOCK_MARGIN_SECONDS} s earlier, and what is at or
 * before the moment is left out by its timestamp.
 */
public final class ReplicatedPositions {

  private static final int CLOCK_MARGIN_SECONDS = 60;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private ReplicatedPositions() {}

  /**
   * Reads the positions. Leaves nothing behind on the source.
   *
   * @param until everything up to this time of the source is applied
   * @return one position for each virtual channel of the selected collections that exist now
   * @throws IOException when etcd or Pulsar do not answer; the message says which one, and where
   */
  public static List<ChannelPosition> read(SourceCluster source, Selection selection, Instant until)
      throws IOException {
    SourceSnapshot snapshot = SourceSnapshot.read(source, selection);
    List<ChannelPosition> positions = new ArrayList<>();
    Map<String, ByteString> found = new HashMap<>();
    try (PulsarSession pulsar =
        PulsarSession.open(
            new PulsarAccess(source)
                .client()
                .operationTimeout((int) TIMEOUT.toSeconds(), TimeUnit.SECONDS))) {
      for (CollectionState collection : snapshot.collections()) {
        for (Shard shard : collection.getShardsList()) {
          String pchannel = shard.getPchannel();
          if (!found.containsKey(pchannel)) {
            found.put(pchannel, firstMessageAfter(pulsar.client(), source.topic(pchannel), until));
          }
          positions.add(
              new ChannelPosition(
                  collection.getDatabase(),
                  collection.getName(),
                  shard.getVchannel(),
                  new Place(found.get(pchannel), ChannelPosition.timestamp(until))));
        }
      }
    }
    return positions;
  }

  private static ByteString firstMessageAfter(PulsarClient client, String topic, Instant until)
      throws IOException {
    try (Reader<byte[]> reader =
        client
            .newReader()
            .topic(topic)
            .startMessageId(MessageId.earliest)
            .receiverQueueSize(1)
            .create()) {
      reader.seek(until.minusSeconds(CLOCK_MARGIN_SECONDS).toEpochMilli());
      Message<byte[]> first = reader.readNext((int) TIMEOUT.toSeconds(), TimeUnit.SECONDS);
      // A topic of a living source gets a message five times a second.
      MessageId id =
          first != null ? first.getMessageId() : (MessageId) reader.getLastMessageIds().get(0);
      return ByteString.copyFrom(id.toByteArray());
    }
  }
}
