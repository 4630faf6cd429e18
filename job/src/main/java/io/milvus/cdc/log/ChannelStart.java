package io.milvus.cdc.log;

import io.milvus.cdc.catalog.SourceSnapshot;
import io.milvus.cdc.catalog.SourceSnapshot.ChannelCheckpoint;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.task.Position;
import io.milvus.cdc.task.RequestedStarts;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Where one virtual channel is read from by a new task.
 *
 * @param shard the channel
 * @param from from which message, and after which time
 * @param requested whether the client asked for it; otherwise it is the channel's checkpoint
 */
record ChannelStart(Shard shard, ChannelCheckpoint from, boolean requested) {

  /**
   * The starts of all channels of the selected collections.
   *
   * @throws UnusableStartException when a position is of no such channel, or a collection has
   *     positions for some of its channels only
   */
  static List<ChannelStart> all(SourceSnapshot snapshot, RequestedStarts requested) {
    List<ChannelStart> starts = new ArrayList<>();
    Set<String> unknown = new HashSet<>(requested.positions().keySet());
    for (CollectionState collection : snapshot.collections()) {
      List<String> without = new ArrayList<>();
      int with = 0;
      for (Shard shard : collection.getShardsList()) {
        if (unknown.remove(shard.getVchannel())) {
          with++;
        } else {
          without.add(shard.getVchannel());
        }
        starts.add(start(collection, shard, snapshot, requested));
      }
      if (with > 0 && !without.isEmpty()) {
        throw new UnusableStartException(
            "collection %s.%s has no position for channel %s; give one for each of its channels"
                .formatted(
                    collection.getDatabase(), collection.getName(), String.join(", ", without)));
      }
    }
    if (!unknown.isEmpty()) {
      throw new UnusableStartException(
          "channel "
              + String.join(", ", unknown)
              + ", which a position is given for, is not a channel of a selected collection that"
              + " exists on the source now");
    }
    return starts;
  }

  private static ChannelStart start(
      CollectionState collection, Shard shard, SourceSnapshot snapshot, RequestedStarts requested) {
    Optional<RequestedStarts.Place> place =
        Optional.ofNullable(requested.positions().get(shard.getVchannel()));
    if (place.isPresent()) {
      return new ChannelStart(
          shard, new ChannelCheckpoint(place.get().messageId(), place.get().timestamp()), true);
    }
    ChannelCheckpoint beginning = new ChannelCheckpoint(shard.getStartMessageId(), 0);
    if (requested.isFromBeginning(collection.getDatabase(), collection.getName())) {
      return new ChannelStart(shard, beginning, true);
    }
    ChannelCheckpoint checkpoint =
        snapshot.checkpoints().getOrDefault(shard.getVchannel(), beginning);
    return new ChannelStart(shard, checkpoint, false);
  }

  /**
   * Makes sure that the log still holds all from here on.
   *
   * @param topic its name
   * @param contents what it holds; empty when it does not exist
   * @throws UnusableStartException when something is gone
   */
  void verifyHeld(String topic, Optional<TopicContents> contents) {
    Position position = Position.of(from.messageId());
    boolean held =
        contents.isPresent()
            && (contents.get().holds(position)
                || (!contents.get().endsBefore(position)
                    && contents
                        .get()
                        .earliest()
                        .filter(first -> first.isAfterEntry(position))
                        .isEmpty()));
    if (!held) {
      throw new UnusableStartException(
          "channel %s cannot start at %s of topic %s, which the topic %s; take a newer copy of the"
              .concat(" collection and start at its position, or leave the position out")
              .formatted(
                  shard.getVchannel(),
                  position,
                  topic,
                  contents
                      .flatMap(TopicContents::earliest)
                      .map(first -> "does not hold (its first message is " + first + ")")
                      .orElse("does not hold (it holds no message)")));
    }
  }
}
