package io.milvus.cdc.catalog;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.etcd.EtcdChange;
import io.milvus.cdc.etcd.EtcdConnection;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import milvus.proto.msg.Msg;

/**
 * The source's metadata at one etcd revision.
 *
 * @param collections the selected collections that exist (not those being created or dropped), with
 *     {@code start_after} 0
 * @param checkpoints up to where Milvus has stored the messages of each virtual channel
 */
public record SourceSnapshot(
    List<CollectionState> collections, Map<String, ChannelCheckpoint> checkpoints) {

  private static final String CHANNEL_CHECKPOINTS = "datacoord-meta/channel-cp/";

  public SourceSnapshot {
    collections = List.copyOf(collections);
    checkpoints = Map.copyOf(checkpoints);
  }

  /**
   * Up to where a virtual channel's messages are stored in segments.
   *
   * @param messageId serialized Pulsar message id: every message before it is stored, itself may
   *     hold operations that are not
   * @param timestamp TSO: every operation at or before it is stored
   */
  public record ChannelCheckpoint(ByteString messageId, long timestamp) {}

  /**
   * Reads the metadata of a source. It includes all that was committed before the call.
   *
   * @throws EtcdUnavailableException when the source's etcd does not answer
   * @throws UnreadableMetadataException when a key's value is not what Milvus keeps there
   */
  public static SourceSnapshot read(SourceCluster source, Selection selection)
      throws EtcdUnavailableException {
    try (EtcdConnection etcd = EtcdConnection.open(source.etcd())) {
      return read(etcd, source.metaPrefix(), selection);
    }
  }

  static SourceSnapshot read(EtcdConnection etcd, String metaPrefix, Selection selection)
      throws EtcdUnavailableException {
    Catalog catalog = new Catalog(metaPrefix, new StartPositions(Map.of()));
    Map<String, ChannelCheckpoint> checkpoints = new HashMap<>();
    String checkpointPrefix = metaPrefix + "/" + CHANNEL_CHECKPOINTS;
    etcd.list(
        Stream.concat(
                MetadataKey.PREFIXES.stream().map(prefix -> metaPrefix + "/" + prefix),
                Stream.of(checkpointPrefix))
            .toList(),
        change -> {
          if (change.key().startsWith(checkpointPrefix)) {
            checkpoints.put(change.key().substring(checkpointPrefix.length()), checkpoint(change));
          } else {
            catalog.apply(change);
          }
        });
    List<CollectionState> collections = new ArrayList<>();
    for (long id : catalog.collections()) {
      Optional<CollectionState> state = catalog.collection(id);
      if (state.isPresent()
          && selection.includes(state.get().getDatabase(), state.get().getName())) {
        collections.add(state.get());
      }
    }
    return new SourceSnapshot(collections, checkpoints);
  }

  private static ChannelCheckpoint checkpoint(EtcdChange change) {
    try {
      Msg.MsgPosition position = Msg.MsgPosition.parseFrom(change.value().orElseThrow());
      return new ChannelCheckpoint(position.getMsgID(), position.getTimestamp());
    } catch (InvalidProtocolBufferException e) {
      throw new UnreadableMetadataException(change.key(), e);
    }
  }
}
