package io.milvus.cdc.task;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.MessageIdAdv;

/**
 * Which topics of the source's log a task reads, and where it starts. For the collections that
 * exist when the task is created this is fixed then, so that whatever is written after {@code
 * create} has answered is replicated, however long the job takes to start. A collection that comes
 * later adds the topics that it is on, from its beginning. What is there is never changed.
 *
 * @param topics where each physical channel is read from, by its name
 */
public record StartPositions(Map<String, TopicStart> topics) {

  public StartPositions {
    topics = Map.copyOf(topics);
  }

  /**
   * Where one physical channel (Pulsar topic) is read from.
   *
   * @param messageId serialized Pulsar {@code MessageIdData}; absent when the topic is read from
   *     its first message
   * @param inclusive whether the message at {@code messageId} itself is read
   * @param checkpoints for each virtual channel of a collection that existed when the task was
   *     created, the time (TSO) of its start: messages at or before it are not applied. Milvus
   *     seeks its own readers the same way: to the checkpoint's message, then past its timestamp,
   *     because the message may be one that is newer than the checkpoint.
   */
  public record TopicStart(
      Optional<ByteString> messageId, boolean inclusive, Map<String, Long> checkpoints) {

    public TopicStart {
      checkpoints = Map.copyOf(checkpoints);
    }

    /**
     * Where a collection begins that is created while the task exists.
     *
     * @param messageId serialized Pulsar {@code MessageIdData} of its first message on the topic;
     *     empty when that is not known
     * @throws IOException when it is not a Pulsar message id
     */
    public static TopicStart ofNewCollection(ByteString messageId) throws IOException {
      if (messageId.isEmpty()) {
        return new TopicStart(Optional.empty(), false, Map.of());
      }
      MessageIdAdv unused = id(messageId);
      return new TopicStart(Optional.of(messageId), true, Map.of());
    }

    /**
     * Whether this start comes before another one of the same topic.
     *
     * @throws IOException when one of them is not a Pulsar message id
     */
    public boolean isBefore(TopicStart other) throws IOException {
      if (messageId.isEmpty() || other.messageId.isEmpty()) {
        return messageId.isEmpty();
      }
      MessageIdAdv mine = id(messageId.get());
      MessageIdAdv others = id(other.messageId.get());
      return mine.getLedgerId() == others.getLedgerId()
          ? mine.getEntryId() < others.getEntryId()
          : mine.getLedgerId() < others.getLedgerId();
    }

    private static MessageIdAdv id(ByteString serialized) throws IOException {
      try {
        return (MessageIdAdv) MessageId.fromByteArray(serialized.toByteArray());
      } catch (IOException | RuntimeException e) {
        throw new IOException("not a Pulsar message id", e);
      }
    }
  }
}
