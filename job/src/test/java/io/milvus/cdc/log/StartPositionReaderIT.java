package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.SourceSnapshot;
import io.milvus.cdc.catalog.SourceSnapshot.ChannelCheckpoint;
import io.milvus.cdc.catalog.TestingSource;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StartPositions.TopicStart;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.pulsar.client.api.MessageId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StartPositionReaderIT {

  private final TestingSource source = TestingSource.connect();
  private final String name = "starts_" + Long.toString(System.nanoTime(), 36);

  @AfterEach
  void close() {
    source.close();
  }

  @Test
  void startsAtTheCheckpointsOfSelectedCollectionsAndReadsNoOtherTopic() throws Exception {
    source.createCollection("default", name, 2);
    source.insert(name, 100);
    source.flush(name);
    Selection selection = new Selection(List.of(new Selection.Entry("default", name)));
    SourceSnapshot before = SourceSnapshot.read(source.cluster(), selection);

    StartPositions starts =
        StartPositionReader.read(source.cluster(), selection, RequestedStarts.none());

    SourceSnapshot after = SourceSnapshot.read(source.cluster(), selection);
    CollectionState collection = after.collections().get(0);
    Set<String> read = new HashSet<>(Set.of("by-dev-replicate-msg"));
    collection.getShardsList().forEach(shard -> read.add(shard.getPchannel()));
    assertThat(read).hasSize(3);
    assertThat(starts.topics()).containsOnlyKeys(read);
    assertThat(starts.topics().get("by-dev-replicate-msg").inclusive()).isFalse();
    for (Shard shard : collection.getShardsList()) {
      TopicStart start = starts.topics().get(shard.getPchannel());
      assertThat(start.inclusive()).isTrue();
      // Checkpoints move: what was read lies between the two.
      ChannelCheckpoint oldest = before.checkpoints().get(shard.getVchannel());
      ChannelCheckpoint newest = after.checkpoints().get(shard.getVchannel());
      assertThat(start.checkpoints()).containsOnlyKeys(shard.getVchannel());
      assertThat(start.checkpoints().get(shard.getVchannel()))
          .isBetween(oldest.timestamp(), newest.timestamp());
      assertThat(id(start.messageId().orElseThrow()))
          .isBetween(id(oldest.messageId()), id(newest.messageId()));
      assertThat(id(start.messageId().orElseThrow()))
          .isGreaterThanOrEqualTo(id(shard.getStartMessageId()));
    }
  }

  @Test
  void leavesNoSubscriptionBehind() throws Exception {
    source.createCollection("default", name, 1);
    String topic =
        SourceSnapshot.read(
                source.cluster(), new Selection(List.of(new Selection.Entry("default", name))))
            .collections()
            .get(0)
            .getShards(0)
            .getPchannel();
    StartPositionReader.read(source.cluster(), Selection.everything(), RequestedStarts.none());

    assertThat(subscriptions(topic))
        .as("those of Milvus, which come and go with its collections")
        .isNotEmpty()
        .allMatch(each -> each.startsWith("datanode-") || each.startsWith("querynode-"));
  }

  /** Names as the broker answers them: a JSON array of texts. */
  private List<String> subscriptions(String topic) throws Exception {
    String answer = ask(topic);
    return Pattern.compile("\"([^\"]+)\"").matcher(answer).results().map(m -> m.group(1)).toList();
  }

  private String ask(String topic) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(
                    URI.create(
                        source.cluster().pulsarAdminUrl()
                            + "/admin/v2/persistent/public/default/"
                            + topic
                            + "/subscriptions"))
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private static MessageId id(ByteString serialized) {
    try {
      return MessageId.fromByteArray(serialized.toByteArray());
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }
}
