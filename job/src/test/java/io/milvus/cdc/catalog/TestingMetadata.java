package io.milvus.cdc.catalog;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import io.milvus.cdc.catalog.etcd.AliasInfo;
import io.milvus.cdc.catalog.etcd.CollectionInfo;
import io.milvus.cdc.catalog.etcd.DatabaseInfo;
import io.milvus.cdc.catalog.etcd.DatabaseState;
import io.milvus.cdc.catalog.etcd.ObjectState;
import io.milvus.cdc.catalog.etcd.PartitionInfo;
import io.milvus.cdc.catalog.etcd.StartPosition;
import io.milvus.cdc.etcd.EtcdChange;
import io.milvus.cdc.etcd.EtcdConnection.RunningWatch;
import io.milvus.cdc.etcd.EtcdConnection.WatchListener;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.DataType;
import io.milvus.grpc.FieldSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.pulsar.client.impl.MessageIdImpl;

/**
 * An etcd in memory that holds a source's metadata. It can be away, lose its watches, forget old
 * revisions, and delay what it tells.
 */
final class TestingMetadata {

  static final String PREFIX = "by-dev/meta";
  static final ByteString TOMBSTONE =
      ByteString.copyFrom(new byte[] {(byte) 0xE2, (byte) 0x9B, (byte) 0xBC});

  private final TreeMap<String, EtcdChange> keys = new TreeMap<>();
  private final List<EtcdChange> history = new ArrayList<>();
  private final List<Watcher> watchers = new ArrayList<>();
  private long revision = 1;
  private boolean away;
  private boolean answersProgress = true;
  private int listings;
  private int revisionReads;
  private boolean held;
  private long toldUpTo;
  private final List<List<EtcdChange>> heldBack = new ArrayList<>();

  /** One revision with these changes. */
  synchronized void commit(Map<String, Optional<ByteString>> changes) {
    revision++;
    List<EtcdChange> told = new ArrayList<>();
    changes.forEach(
        (key, value) -> {
          EtcdChange change = new EtcdChange(PREFIX + "/" + key, value, revision);
          if (value.isPresent()) {
            keys.put(change.key(), change);
          } else {
            keys.remove(change.key());
          }
          told.add(change);
        });
    history.addAll(told);
    if (held) {
      heldBack.add(told);
    } else {
      tell(told);
    }
  }

  private void tell(List<EtcdChange> changes) {
    if (!changes.isEmpty()) {
      List.copyOf(watchers).forEach(watcher -> watcher.listener().changed(changes));
    }
  }

  /** From now on watches are told of nothing new; {@link #release} makes up for it. */
  synchronized void hold() {
    held = true;
    toldUpTo = revision;
  }

  synchronized void release() {
    held = false;
    heldBack.forEach(this::tell);
    heldBack.clear();
  }

  synchronized void put(String key, MessageLite value) {
    commit(Map.of(key, Optional.of(value.toByteString())));
  }

  synchronized void put(String key, ByteString value) {
    commit(Map.of(key, Optional.of(value)));
  }

  synchronized void delete(String key) {
    commit(Map.of(key, Optional.empty()));
  }

  /** Everything fails from now on, or works again. */
  synchronized void away(boolean isAway) {
    away = isAway;
    if (isAway) {
      endWatches("connection refused");
    }
  }

  synchronized void endWatches(String reason) {
    List<Watcher> ended = List.copyOf(watchers);
    watchers.clear();
    ended.forEach(watcher -> watcher.listener().ended(reason));
  }

  synchronized void answersProgress(boolean answers) {
    answersProgress = answers;
  }

  synchronized int listings() {
    return listings;
  }

  synchronized int revisionReads() {
    return revisionReads;
  }

  private record Watcher(WatchListener listener) {}

  MilvusMetadata connect() {
    return new MilvusMetadata() {
      @Override
      public long revision() throws EtcdUnavailableException {
        synchronized (TestingMetadata.this) {
          checkPresent();
          revisionReads++;
          return revision;
        }
      }

      @Override
      public long list(Consumer<EtcdChange> consumer) throws EtcdUnavailableException {
        synchronized (TestingMetadata.this) {
          checkPresent();
          listings++;
          keys.values().forEach(consumer);
          return revision;
        }
      }

      @Override
      public RunningWatch watch(long from, WatchListener listener) {
        synchronized (TestingMetadata.this) {
          Watcher watcher = new Watcher(listener);
          List<EtcdChange> missed = history.stream().filter(c -> c.revision() >= from).toList();
          if (!missed.isEmpty()) {
            listener.changed(missed);
          }
          watchers.add(watcher);
          return new RunningWatch() {
            @Override
            public void requestProgress() {
              synchronized (TestingMetadata.this) {
                if (answersProgress && watchers.contains(watcher)) {
                  listener.progressed(held ? toldUpTo : revision);
                }
              }
            }

            @Override
            public void close() {
              synchronized (TestingMetadata.this) {
                watchers.remove(watcher);
              }
            }
          };
        }
      }

      @Override
      public void close() {}
    };
  }

  private void checkPresent() throws EtcdUnavailableException {
    if (away) {
      throw new EtcdUnavailableException("etcd is away", new IllegalStateException());
    }
  }

  static DatabaseInfo database(long id, String name) {
    return DatabaseInfo.newBuilder()
        .setId(id)
        .setName(name)
        .setState(DatabaseState.DATABASE_CREATED)
        .build();
  }

  static CollectionInfo collection(long id, String name, ObjectState state) {
    return CollectionInfo.newBuilder()
        .setId(id)
        .setSchema(
            CollectionSchema.newBuilder()
                .setName(name)
                .setDescription("about " + name)
                .build()
                .toByteString())
        .setCreateTime(1000 + id)
        .addVirtualChannelNames("by-dev-rootcoord-dml_0_" + id + "v0")
        .addPhysicalChannelNames("by-dev-rootcoord-dml_0")
        .addStartPositions(
            StartPosition.newBuilder()
                .setPchannel("by-dev-rootcoord-dml_0")
                .setMessageId(startOf(id)))
        .setState(state)
        .build();
  }

  /** The first message of a collection: one with a larger id begins later. */
  static ByteString startOf(long id) {
    return ByteString.copyFrom(new MessageIdImpl(7, id, -1).toByteArray());
  }

  static FieldSchema field(long id, String name, DataType type) {
    return FieldSchema.newBuilder().setFieldID(id).setName(name).setDataType(type).build();
  }

  static PartitionInfo partition(long id, String name, ObjectState state) {
    return PartitionInfo.newBuilder()
        .setId(id)
        .setName(name)
        .setCreatedAt(2000 + id)
        .setState(state)
        .build();
  }

  static AliasInfo alias(String name, long collectionId) {
    return AliasInfo.newBuilder().setName(name).setCollectionId(collectionId).build();
  }

  /** A whole collection, in the revisions that Milvus 2.3.5 makes of it. */
  void create(long databaseId, long id, String name) {
    put(collectionKey(databaseId, id), collection(id, name, ObjectState.CREATING));
    commit(
        Map.of(
            "root-coord/fields/" + id + "/0",
            Optional.of(field(0, "RowID", DataType.Int64).toByteString()),
            "root-coord/fields/" + id + "/1",
            Optional.of(field(1, "Timestamp", DataType.Int64).toByteString()),
            "root-coord/fields/" + id + "/100",
            Optional.of(field(100, "id", DataType.Int64).toByteString()),
            "root-coord/partitions/" + id + "/" + (id + 1),
            Optional.of(partition(id + 1, "_default", ObjectState.CREATED).toByteString())));
    put(collectionKey(databaseId, id), collection(id, name, ObjectState.CREATED));
  }

  static String collectionKey(long databaseId, long id) {
    return "root-coord/database/collection-info/" + databaseId + "/" + id;
  }
}
