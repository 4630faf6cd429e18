package io.milvus.cdc.task;

import com.google.protobuf.ByteString;
import java.util.Map;
import java.util.Optional;

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
     * @throws IllegalArgumentException when it is not a Pulsar message id
     */
    public static TopicStart ofNewCollection(ByteString messageId) {
      if (messageId.isEmpty()) {
        return new TopicStart(Optional.empty(), false, Map.of());
      }
      Position unused = Position.of(messageId);
      return new TopicStart(Optional.of(messageId), true, Map.of());
    }

    /**
     * Whether this start comes before another one of the same topic.
     *
     * @throws IllegalArgumentException when one of them is not a Pulsar message id
     */
    public boolean isBefore(TopicStart other) {
      if (messageId.isEmpty() || other.messageId.isEmpty()) {
        return messageId.isEmpty();
      }
      return Position.of(other.messageId.get()).isAfterEntry(Position.of(messageId.get()));
    }
  }
}
