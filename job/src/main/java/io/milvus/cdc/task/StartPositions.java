package io.milvus.cdc.task;

import com.google.protobuf.ByteString;
import java.util.Map;
import java.util.Optional;

/**
 * Where a task starts to read the source's log, fixed once when the task is created, so that
 * whatever is written after {@code create} has answered is replicated, however long the job takes
 * to start.
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
   * @param messageId serialized Pulsar {@code MessageIdData}; absent when the topic held no message
   *     yet and is read from its first one
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
  }
}
