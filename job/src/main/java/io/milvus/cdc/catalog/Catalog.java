package io.milvus.cdc.catalog;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.catalog.MetadataKey.Alias;
import io.milvus.cdc.catalog.etcd.AliasInfo;
import io.milvus.cdc.catalog.etcd.CollectionInfo;
import io.milvus.cdc.catalog.etcd.CollectionLoadInfo;
import io.milvus.cdc.catalog.etcd.DatabaseInfo;
import io.milvus.cdc.catalog.etcd.DatabaseState;
import io.milvus.cdc.catalog.etcd.FieldIndex;
import io.milvus.cdc.catalog.etcd.LoadStatus;
import io.milvus.cdc.catalog.etcd.LoadType;
import io.milvus.cdc.catalog.etcd.ObjectState;
import io.milvus.cdc.catalog.etcd.PartitionInfo;
import io.milvus.cdc.catalog.etcd.PartitionLoadInfo;
import io.milvus.cdc.catalog.etcd.Property;
import io.milvus.cdc.catalog.etcd.StartPosition;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Index;
import io.milvus.cdc.catalog.v1.Load;
import io.milvus.cdc.catalog.v1.Partition;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.etcd.EtcdChange;
import io.milvus.cdc.task.StartPositions;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.FieldState;
import io.milvus.grpc.FunctionSchema;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The source's metadata as far as it is replicated, put together from single etcd keys in the
 * layout of Milvus 2.3 to 2.5. A changed key costs a lookup, whatever the number of collections.
 *
 * <p>Knows neither etcd nor Flink: keys are handed to {@link #apply}, from a listing or a watch.
 */
final class Catalog {

  /** What Milvus writes over a root-coord value instead of removing its key. */
  private static final ByteString TOMBSTONE =
      ByteString.copyFrom(new byte[] {(byte) 0xE2, (byte) 0x9B, (byte) 0xBC});

  /** Far longer than it takes Milvus to write the keys of a load. */
  private static final Duration LOAD_SETTLES = Duration.ofSeconds(5);

  /** Milvus numbers the users' fields from here on; below are RowID and Timestamp. */
  private static final long FIRST_USER_FIELD = 100;

  private static final String DEFAULT_DATABASE_NAME = "default";

  private final String metaPrefix;
  private final StartPositions starts;
  private final Map<Long, DatabaseInfo> databases = new HashMap<>();
  private final Map<Long, Entry> entries = new HashMap<>();
  private final Map<Alias, Long> aliases = new HashMap<>();
  private LinkedHashSet<Long> changedCollections = new LinkedHashSet<>();
  private boolean databasesChanged;

  /**
   * An empty catalog.
   *
   * @param metaPrefix what every key starts with, for example {@code by-dev/meta}
   * @param starts where the task starts
   */
  Catalog(String metaPrefix, StartPositions starts) {
    this.metaPrefix = metaPrefix + "/";
    this.starts = starts;
  }

  /**
   * What changed since the last call.
   *
   * @param collections ids of collections that may look different now or be gone, the one whose
   *     change is the newest last
   * @param databases whether databases may have come or gone
   */
  record Changes(Set<Long> collections, boolean databases) {}

  /**
   * Takes one key into account.
   *
   * @throws UnreadableMetadataException when its value is not what Milvus keeps there
   */
  void apply(EtcdChange change) {
    if (!change.key().startsWith(metaPrefix)) {
      return;
    }
    Optional<MetadataKey> key = MetadataKey.parse(change.key().substring(metaPrefix.length()));
    if (key.isEmpty()) {
      return;
    }
    Optional<ByteString> value = change.value().filter(v -> !v.equals(TOMBSTONE));
    try {
      if (value.isPresent()) {
        put(key.get(), value.get(), change.revision());
      } else {
        remove(key.get());
      }
    } catch (InvalidProtocolBufferException e) {
      throw new UnreadableMetadataException(change.key(), e);
    }
  }

  /** What changed since this was last asked. */
  Changes takeChanges() {
    Changes changes = new Changes(changedCollections, databasesChanged);
    changedCollections = new LinkedHashSet<>();
    databasesChanged = false;
    return changes;
  }

  /**
   * Takes what has not come of a load for some seconds for released.
   *
   * @param nanoTime of {@link System#nanoTime}
   * @return whether nothing is waited for: what this knows is how things are
   */
  boolean settleLoads(long nanoTime) {
    boolean isSettled = true;
    for (Map.Entry<Long, Entry> one : entries.entrySet()) {
      Entry entry = one.getValue();
      if (!entry.isLoadComing()) {
        continue;
      }
      if (entry.loadWaitedSince.isEmpty()) {
        entry.loadWaitedSince = OptionalLong.of(nanoTime);
      }
      if (nanoTime - entry.loadWaitedSince.getAsLong() >= LOAD_SETTLES.toNanos()) {
        entry.isLoadSettled = true;
        changedCollections.add(one.getKey());
      } else {
        isSettled = false;
      }
    }
    return isSettled;
  }

  /** Names of the databases that exist. */
  Set<String> databases() {
    Set<String> names = new TreeSet<>();
    for (DatabaseInfo info : databases.values()) {
      if (exists(info)) {
        names.add(info.getName());
      }
    }
    return names;
  }

  /** Ids of the collections that exist, those whose own key changed last at the end. */
  List<Long> collections() {
    return entries.entrySet().stream()
        .filter(entry -> current(entry.getValue()).isPresent())
        .sorted(Comparator.comparingLong(entry -> current(entry.getValue()).get().revision()))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** How a collection looks; empty when it does not exist, or not yet, or is being dropped. */
  Optional<CollectionState> collection(long collectionId) {
    Entry entry = entries.get(collectionId);
    if (entry == null || entry.fields.isEmpty()) {
      return Optional.empty();
    }
    return current(entry)
        .flatMap(
            placed ->
                databaseName(placed.databaseId())
                    .map(database -> state(collectionId, database, placed.info(), entry)));
  }

  /** Names of a collection and its database. */
  record QualifiedName(String database, String collection) {}

  /** The name of a collection that exists or is being created. */
  Optional<QualifiedName> nameOfCreatedOrCreating(long collectionId) {
    Entry entry = entries.get(collectionId);
    if (entry == null) {
      return Optional.empty();
    }
    return entry.infos.values().stream()
        .filter(
            placed ->
                switch (placed.info().getState()) {
                  case CREATED, CREATING -> true;
                  case DROPPING, DROPPED, UNRECOGNIZED -> false;
                })
        .max(Comparator.comparingLong(PlacedInfo::revision))
        .flatMap(
            placed ->
                databaseName(placed.databaseId())
                    .map(database -> new QualifiedName(database, placed.schema().getName())));
  }

  private void put(MetadataKey key, ByteString value, long revision)
      throws InvalidProtocolBufferException {
    if (key instanceof MetadataKey.Database database) {
      databases.put(database.databaseId(), DatabaseInfo.parseFrom(value));
      databaseChanged(database.databaseId());
    } else if (key instanceof MetadataKey.Collection collection) {
      CollectionInfo info = CollectionInfo.parseFrom(value);
      entry(collection.collectionId())
          .infos
          .put(
              collection.databaseId(),
              new PlacedInfo(
                  collection.databaseId(),
                  info,
                  CollectionSchema.parseFrom(info.getSchema()),
                  revision));
    } else if (key instanceof MetadataKey.Field field) {
      entry(field.collectionId()).fields.put(field.fieldId(), FieldSchema.parseFrom(value));
    } else if (key instanceof MetadataKey.Function function) {
      entry(function.collectionId())
          .functions
          .put(function.functionId(), FunctionSchema.parseFrom(value));
    } else if (key instanceof MetadataKey.Partition partition) {
      entry(partition.collectionId())
          .partitions
          .put(partition.partitionId(), PartitionInfo.parseFrom(value));
    } else if (key instanceof MetadataKey.Index index) {
      entry(index.collectionId()).indexes.put(index.indexId(), FieldIndex.parseFrom(value));
    } else if (key instanceof MetadataKey.CollectionLoad load) {
      entry(load.collectionId()).loaded(CollectionLoadInfo.parseFrom(value));
    } else if (key instanceof MetadataKey.PartitionLoad load) {
      Entry entry = entry(load.collectionId());
      entry.loadedPartitions.put(load.partitionId(), PartitionLoadInfo.parseFrom(value));
      entry.loadWaitedSince = OptionalLong.empty();
    } else if (key instanceof MetadataKey.Alias alias) {
      AliasInfo info = AliasInfo.parseFrom(value);
      removeAlias(alias);
      if (info.getState() == ObjectState.CREATED) {
        aliases.put(alias, info.getCollectionId());
        entry(info.getCollectionId()).aliases.add(alias.name());
      }
    }
  }

  private void remove(MetadataKey key) {
    if (key instanceof MetadataKey.Database database) {
      databases.remove(database.databaseId());
      databaseChanged(database.databaseId());
    } else if (key instanceof MetadataKey.Collection collection) {
      existing(collection.collectionId())
          .ifPresent(entry -> entry.infos.remove(collection.databaseId()));
    } else if (key instanceof MetadataKey.Field field) {
      existing(field.collectionId()).ifPresent(entry -> entry.fields.remove(field.fieldId()));
    } else if (key instanceof MetadataKey.Function function) {
      existing(function.collectionId())
          .ifPresent(entry -> entry.functions.remove(function.functionId()));
    } else if (key instanceof MetadataKey.Partition partition) {
      existing(partition.collectionId())
          .ifPresent(entry -> entry.partitions.remove(partition.partitionId()));
    } else if (key instanceof MetadataKey.Index index) {
      existing(index.collectionId()).ifPresent(entry -> entry.indexes.remove(index.indexId()));
    } else if (key instanceof MetadataKey.CollectionLoad load) {
      existing(load.collectionId()).ifPresent(entry -> entry.load = Optional.empty());
    } else if (key instanceof MetadataKey.PartitionLoad load) {
      existing(load.collectionId())
          .ifPresent(entry -> entry.loadedPartitions.remove(load.partitionId()));
    } else if (key instanceof MetadataKey.Alias alias) {
      removeAlias(alias);
    }
    if (collectionId(key).isPresent()) {
      entries.computeIfPresent(
          collectionId(key).get(), (id, entry) -> entry.isEmpty() ? null : entry);
    }
  }

  private static Optional<Long> collectionId(MetadataKey key) {
    if (key instanceof MetadataKey.Collection collection) {
      return Optional.of(collection.collectionId());
    } else if (key instanceof MetadataKey.Field field) {
      return Optional.of(field.collectionId());
    } else if (key instanceof MetadataKey.Function function) {
      return Optional.of(function.collectionId());
    } else if (key instanceof MetadataKey.Partition partition) {
      return Optional.of(partition.collectionId());
    } else if (key instanceof MetadataKey.Index index) {
      return Optional.of(index.collectionId());
    } else if (key instanceof MetadataKey.CollectionLoad load) {
      return Optional.of(load.collectionId());
    } else if (key instanceof MetadataKey.PartitionLoad load) {
      return Optional.of(load.collectionId());
    }
    return Optional.empty();
  }

  private void removeAlias(Alias alias) {
    Long collectionId = aliases.remove(alias);
    if (collectionId != null) {
      existing(collectionId).ifPresent(entry -> entry.aliases.remove(alias.name()));
      entries.computeIfPresent(collectionId, (id, entry) -> entry.isEmpty() ? null : entry);
    }
  }

  /** The entry of a collection that is about to change, made if need be. */
  private Entry entry(long collectionId) {
    changed(collectionId);
    return entries.computeIfAbsent(collectionId, id -> new Entry());
  }

  /** The entry of a collection that is about to lose something. */
  private Optional<Entry> existing(long collectionId) {
    changed(collectionId);
    return Optional.ofNullable(entries.get(collectionId));
  }

  private void changed(long collectionId) {
    changedCollections.remove(collectionId);
    changedCollections.add(collectionId);
  }

  private void databaseChanged(long databaseId) {
    databasesChanged = true;
    entries.forEach(
        (collectionId, entry) -> {
          if (entry.infos.containsKey(databaseId)) {
            changed(collectionId);
          }
        });
  }

  private static boolean exists(DatabaseInfo info) {
    return switch (info.getState()) {
      case DATABASE_UNKNOWN, DATABASE_CREATED -> true;
      case DATABASE_CREATING, DATABASE_DROPPING, DATABASE_DROPPED, UNRECOGNIZED -> false;
    };
  }

  private Optional<String> databaseName(long databaseId) {
    DatabaseInfo info =
        databases.get(
            databaseId == MetadataKey.BEFORE_DATABASES ? MetadataKey.DEFAULT_DATABASE : databaseId);
    if (info != null) {
      // A database that is being dropped has no collections; one with them is as good as created.
      return info.getState() == DatabaseState.DATABASE_CREATING
          ? Optional.empty()
          : Optional.of(info.getName());
    }
    return databaseId <= MetadataKey.DEFAULT_DATABASE
        ? Optional.of(DEFAULT_DATABASE_NAME)
        : Optional.empty();
  }

  /** Where a collection is. A move to another database may show it in both for a moment. */
  private static Optional<PlacedInfo> current(Entry entry) {
    return entry.infos.values().stream()
        .filter(placed -> placed.info().getState() == ObjectState.CREATED)
        .max(Comparator.comparingLong(PlacedInfo::revision));
  }

  private CollectionState state(
      long collectionId, String database, CollectionInfo info, Entry entry) {
    CollectionSchema schema = current(entry).orElseThrow().schema();
    CollectionState.Builder state =
        CollectionState.newBuilder()
            .setId(collectionId)
            .setDatabase(database)
            .setName(schema.getName())
            .setSchema(userSchema(schema, entry).toByteString())
            .setCreatedAt(info.getCreateTime())
            .setConsistencyLevel(info.getConsistencyLevel())
            .putAllProperties(asMap(info.getPropertiesList()))
            .addAllAliases(entry.aliases);
    addShards(state, info);
    Map<Long, String> partitionNames = new HashMap<>();
    entry.partitions.forEach(
        (id, partition) -> {
          if (partition.getState() == ObjectState.CREATED) {
            partitionNames.put(id, partition.getName());
            state.addPartitions(
                Partition.newBuilder()
                    .setId(id)
                    .setName(partition.getName())
                    .setCreatedAt(partition.getCreatedAt()));
          }
        });
    entry.indexes.forEach(
        (id, index) -> {
          if (!index.getDeleted()) {
            index(id, index, entry).ifPresent(state::addIndexes);
          }
        });
    entry.load.flatMap(load -> load(load, entry, partitionNames)).ifPresent(state::setLoad);
    return state.build();
  }

  private void addShards(CollectionState.Builder state, CollectionInfo info) {
    Map<String, ByteString> startMessages = new HashMap<>();
    for (StartPosition start : info.getStartPositionsList()) {
      startMessages.put(start.getPchannel(), start.getMessageId());
    }
    for (int i = 0; i < info.getVirtualChannelNamesCount(); i++) {
      String vchannel = info.getVirtualChannelNames(i);
      String pchannel = info.getPhysicalChannelNames(i);
      StartPositions.TopicStart topic = starts.topics().get(pchannel);
      state.addShards(
          Shard.newBuilder()
              .setVchannel(vchannel)
              .setPchannel(pchannel)
              .setStartMessageId(startMessages.getOrDefault(pchannel, ByteString.EMPTY))
              .setStartAfter(topic == null ? 0 : topic.checkpoints().getOrDefault(vchannel, 0L)));
    }
  }

  private static CollectionSchema userSchema(CollectionSchema schema, Entry entry) {
    CollectionSchema.Builder user = schema.toBuilder().clearFields().clearFunctions();
    entry.fields.forEach(
        (id, field) -> {
          if (field.getIsDynamic()) {
            user.setEnableDynamicField(true);
          } else if (id >= FIRST_USER_FIELD && field.getState() == FieldState.FieldCreated) {
            user.addFields(field);
          }
        });
    user.addAllFunctions(entry.functions.values());
    return user.build();
  }

  private static Optional<Index> index(long id, FieldIndex index, Entry entry) {
    FieldSchema field = entry.fields.get(index.getIndexInfo().getFieldId());
    if (field == null) {
      return Optional.empty();
    }
    // A scalar index can be asked for without any parameter, then the server chose the type and so
    // does the target's. One on a vector cannot: without what the user gave (made before 2.3) there
    // is what the server made of it.
    List<Property> params =
        index.getIndexInfo().getUserIndexParamsCount() == 0 && isVector(field)
            ? index.getIndexInfo().getIndexParamsList()
            : index.getIndexInfo().getUserIndexParamsList();
    return Optional.of(
        Index.newBuilder()
            .setId(id)
            .setName(index.getIndexInfo().getName())
            .setField(field.getName())
            .putAllParams(asMap(params))
            .setCreatedAt(index.getCreateTime())
            .build());
  }

  private static boolean isVector(FieldSchema field) {
    return switch (field.getDataType()) {
      case BinaryVector, FloatVector, Float16Vector, BFloat16Vector, SparseFloatVector -> true;
      default -> false;
    };
  }

  private static Optional<Load> load(
      CollectionLoadInfo info, Entry entry, Map<Long, String> partitionNames) {
    Load.Builder load = Load.newBuilder().setReplicas(info.getReplicaNumber());
    List<String> loaded =
        entry.loadedPartitions.keySet().stream()
            .filter(partitionNames::containsKey)
            .map(partitionNames::get)
            .sorted()
            .toList();
    if (info.getLoadType() == LoadType.LOAD_PARTITION) {
      return loaded.isEmpty()
          ? Optional.empty()
          : Optional.of(load.addAllPartitions(loaded).build());
    }
    // Partitions of a collection that was loaded as a whole may have been released since.
    boolean whole =
        entry.isLoadComing() || loaded.isEmpty() || loaded.size() == partitionNames.size();
    return Optional.of((whole ? load : load.addAllPartitions(loaded)).build());
  }

  private static Map<String, String> asMap(List<Property> properties) {
    Map<String, String> map = new TreeMap<>();
    properties.forEach(property -> map.put(property.getKey(), property.getValue()));
    return map;
  }

  /** A collection's own key. */
  private record PlacedInfo(
      long databaseId, CollectionInfo info, CollectionSchema schema, long revision) {}

  /** All keys of one collection id, in the order of their ids. */
  private static final class Entry {
    final Map<Long, PlacedInfo> infos = new TreeMap<>();
    final TreeMap<Long, FieldSchema> fields = new TreeMap<>();
    final TreeMap<Long, FunctionSchema> functions = new TreeMap<>();
    final TreeMap<Long, PartitionInfo> partitions = new TreeMap<>();
    final TreeMap<Long, FieldIndex> indexes = new TreeMap<>();
    final Set<String> aliases = new TreeSet<>();
    final TreeMap<Long, PartitionLoadInfo> loadedPartitions = new TreeMap<>();
    Optional<CollectionLoadInfo> load = Optional.empty();

    /** Since when keys of partitions that may be still to come are waited for. */
    OptionalLong loadWaitedSince = OptionalLong.empty();

    /** Whether nothing more is to come of a load. */
    boolean isLoadSettled;

    void loaded(CollectionLoadInfo info) {
      load = Optional.of(info);
      isLoadSettled = info.getStatus() == LoadStatus.LOADED;
      loadWaitedSince = OptionalLong.empty();
    }

    /**
     * While a collection is being loaded the keys of its partitions come one after the other.
     * Milvus 2.3 says for ever that one is being loaded of which a partition was released
     * meanwhile.
     */
    boolean isLoadComing() {
      return !isLoadSettled
          && load.filter(info -> info.getLoadType() == LoadType.LOAD_COLLECTION).isPresent()
          && partitions.entrySet().stream()
              .anyMatch(
                  partition ->
                      partition.getValue().getState() == ObjectState.CREATED
                          && !loadedPartitions.containsKey(partition.getKey()));
    }

    boolean isEmpty() {
      return infos.isEmpty()
          && fields.isEmpty()
          && functions.isEmpty()
          && partitions.isEmpty()
          && indexes.isEmpty()
          && aliases.isEmpty()
          && loadedPartitions.isEmpty()
          && load.isEmpty();
    }
  }
}
