package io.milvus.cdc.task;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;

/**
 * Where a new task is asked to start, other than at the channel checkpoints in the source's etcd.
 *
 * @param fromBeginning collections that start at their own first messages
 * @param positions where virtual channels start; what is before is not applied
 */
public record RequestedStarts(List<Selection.Entry> fromBeginning, Map<String, Place> positions) {

  public RequestedStarts {
    fromBeginning = List.copyOf(fromBeginning);
    positions = Map.copyOf(positions);
  }

  /**
   * A place in the log.
   *
   * @param messageId serialized Pulsar {@code MessageIdData}: what is before it is not read
   * @param timestamp TSO: what is at or before it is not applied
   */
  public record Place(ByteString messageId, long timestamp) {}

  /** Every collection starts at its channel checkpoints. */
  public static RequestedStarts none() {
    return new RequestedStarts(List.of(), Map.of());
  }

  /** Whether a collection starts at its own first messages. */
  public boolean isFromBeginning(String database, String collection) {
    return fromBeginning.stream().anyMatch(entry -> entry.matches(database, collection));
  }
}
