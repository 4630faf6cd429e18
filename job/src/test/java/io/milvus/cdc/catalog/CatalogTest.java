package io.milvus.cdc.catalog;

import static io.milvus.cdc.catalog.TestingMetadata.alias;
import static io.milvus.cdc.catalog.TestingMetadata.collection;
import static io.milvus.cdc.catalog.TestingMetadata.collectionKey;
import static io.milvus.cdc.catalog.TestingMetadata.database;
import static io.milvus.cdc.catalog.TestingMetadata.field;
import static io.milvus.cdc.catalog.TestingMetadata.partition;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.milvus.cdc.catalog.etcd.CollectionInfo;
import io.milvus.cdc.catalog.etcd.CollectionLoadInfo;
import io.milvus.cdc.catalog.etcd.DatabaseState;
import io.milvus.cdc.catalog.etcd.FieldIndex;
import io.milvus.cdc.catalog.etcd.IndexInfo;
import io.milvus.cdc.catalog.etcd.LoadStatus;
import io.milvus.cdc.catalog.etcd.LoadType;
import io.milvus.cdc.catalog.etcd.ObjectState;
import io.milvus.cdc.catalog.etcd.PartitionLoadInfo;
import io.milvus.cdc.catalog.etcd.Property;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Index;
import io.milvus.cdc.catalog.v1.Partition;
import io.milvus.cdc.etcd.EtcdChange;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StartPositions.TopicStart;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.DataType;
import io.milvus.grpc.FieldSchema;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CatalogTest {

  private static final long ID = 470614690539503646L;

  private final Catalog catalog =
      new Catalog(
          "by-dev/meta",
          new StartPositions(
              Map.of(
                  "by-dev-rootcoord-dml_0",
                  new TopicStart(
                      Optional.empty(),
                      true,
                      Map.of("by-dev-rootcoord-dml_0_" + ID + "v0", 55L)))));
  private long revision = 10;

  @Test
  void tellsACollectionWholeOnceItIsCreated() throws InvalidProtocolBufferException {
    put("root-coord/database/db-info/1", database(1, "default"));
    put(collectionKey(1, ID), collection(ID, "books", ObjectState.CREATING));
    put("root-coord/fields/" + ID + "/0", field(0, "RowID", DataType.Int64));
    put("root-coord/fields/" + ID + "/1", field(1, "Timestamp", DataType.Int64));
    put("root-coord/fields/" + ID + "/101", field(101, "vector", DataType.FloatVector));
    put("root-coord/fields/" + ID + "/100", field(100, "id", DataType.Int64));
    put("root-coord/fields/" + ID + "/9", field(102, "tag", DataType.VarChar));
    remove("root-coord/fields/" + ID + "/9");
    put(
        "root-coord/fields/" + ID + "/102",
        field(102, "$meta", DataType.JSON).toBuilder().setIsDynamic(true).build());
    put("root-coord/partitions/" + ID + "/7", partition(7, "_default", ObjectState.CREATED));
    assertThat(catalog.collection(ID)).isEmpty();

    put(collectionKey(1, ID), collection(ID, "books", ObjectState.CREATED));

    CollectionState state = catalog.collection(ID).orElseThrow();
    assertThat(state.getDatabase()).isEqualTo("default");
    assertThat(state.getName()).isEqualTo("books");
    assertThat(state.getCreatedAt()).isEqualTo(1000 + ID);
    assertThat(state.getPartitionsList())
        .extracting(Partition::getName)
        .containsExactly("_default");
    CollectionSchema schema = CollectionSchema.parseFrom(state.getSchema());
    assertThat(schema.getName()).isEqualTo("books");
    assertThat(schema.getDescription()).isEqualTo("about books");
    assertThat(schema.getEnableDynamicField()).isTrue();
    assertThat(schema.getFieldsList())
        .extracting(FieldSchema::getName)
        .containsExactly("id", "vector");
    assertThat(state.getShards(0).getVchannel()).isEqualTo("by-dev-rootcoord-dml_0_" + ID + "v0");
    assertThat(state.getShards(0).getPchannel()).isEqualTo("by-dev-rootcoord-dml_0");
    assertThat(state.getShards(0).getStartMessageId()).isEqualTo(TestingMetadata.startOf(ID));
    assertThat(state.getShards(0).getStartAfter()).isEqualTo(55);
  }

  @Test
  void aCollectionBeingDroppedIsGoneAndSoIsATombstone() {
    existing(1, "default", 5, "a");
    existing(1, "default", 6, "b");
    put(collectionKey(1, 5), collection(5, "a", ObjectState.DROPPING));
    put(collectionKey(1, 6), TestingMetadata.TOMBSTONE);

    assertThat(catalog.collection(5)).isEmpty();
    assertThat(catalog.collection(6)).isEmpty();
    assertThat(catalog.collections()).isEmpty();
  }

  @Test
  void partitionsBeingDroppedAreGone() {
    existing(1, "default", 5, "a");
    put("root-coord/partitions/5/8", partition(8, "p", ObjectState.CREATED));
    put("root-coord/partitions/5/9", partition(9, "q", ObjectState.CREATING));
    assertThat(state(5).getPartitionsList())
        .extracting(Partition::getName)
        .containsExactly("_default", "p");

    put("root-coord/partitions/5/8", partition(8, "p", ObjectState.DROPPING));

    assertThat(state(5).getPartitionsList())
        .extracting(Partition::getName)
        .containsExactly("_default");
  }

  @Test
  void tellsOnlyWhatChanged() {
    existing(1, "default", 5, "a");
    existing(2, "other", 6, "b");
    assertThat(catalog.takeChanges()).isEqualTo(new Catalog.Changes(Set.of(5L, 6L), true));
    assertThat(catalog.takeChanges()).isEqualTo(new Catalog.Changes(Set.of(), false));

    put("root-coord/partitions/6/8", partition(8, "p", ObjectState.CREATED));
    assertThat(catalog.takeChanges()).isEqualTo(new Catalog.Changes(Set.of(6L), false));

    put("root-coord/credential/users/root", ByteString.copyFromUtf8("{}"));
    put("querycoord-replica/5/1", ByteString.copyFromUtf8("?"));
    assertThat(catalog.takeChanges()).isEqualTo(new Catalog.Changes(Set.of(), false));
  }

  @Test
  void anAliasThatMovesChangesBothCollectionsTheNewOwnerLast() {
    existing(1, "default", 5, "a");
    existing(1, "default", 6, "b");
    put("root-coord/database/aliases/1/latest", alias("latest", 6));
    catalog.takeChanges();
    assertThat(state(6).getAliasesList()).containsExactly("latest");

    put("root-coord/database/aliases/1/latest", alias("latest", 5));

    assertThat(catalog.takeChanges().collections()).containsExactly(6L, 5L);
    assertThat(state(6).getAliasesList()).isEmpty();
    assertThat(state(5).getAliasesList()).containsExactly("latest");

    put("root-coord/database/aliases/1/latest", TestingMetadata.TOMBSTONE);
    assertThat(state(5).getAliasesList()).isEmpty();
  }

  @Test
  void aCollectionThatMovedIsInItsNewDatabase() {
    existing(1, "default", 5, "a");
    put("root-coord/database/db-info/2", database(2, "other"));
    put(collectionKey(2, 5), collection(5, "b", ObjectState.CREATED));
    assertThat(state(5).getDatabase()).isEqualTo("other");

    put(collectionKey(1, 5), TestingMetadata.TOMBSTONE);

    assertThat(state(5).getDatabase()).isEqualTo("other");
    assertThat(state(5).getName()).isEqualTo("b");
  }

  @Test
  void collectionsOfReleasesWithoutDatabasesAreInTheDefaultOne() {
    existing(1, "default", 5, "a");
    remove(collectionKey(1, 5));
    put("root-coord/collection/5", collection(5, "a", ObjectState.CREATED));
    put("root-coord/aliases/old", alias("old", 5));

    assertThat(state(5).getDatabase()).isEqualTo("default");
    assertThat(state(5).getAliasesList()).containsExactly("old");

    // What an upgraded server does when it touches the collection.
    put(collectionKey(1, 5), collection(5, "a", ObjectState.CREATED));
    put("root-coord/collection/5", TestingMetadata.TOMBSTONE);
    assertThat(state(5).getDatabase()).isEqualTo("default");
  }

  @Test
  void indexesCarryWhatTheUserAskedForUntilTheyAreDeleted() {
    existing(1, "default", 5, "a");
    FieldIndex asked =
        FieldIndex.newBuilder()
            .setIndexInfo(
                IndexInfo.newBuilder()
                    .setFieldId(100)
                    .setName("by_id")
                    .setId(77)
                    .addUserIndexParams(property("index_type", "STL_SORT"))
                    .addUserIndexParams(property("params", "{\"M\":8}")))
            .setCreateTime(99)
            .build();
    put("field-index/5/77", asked);
    assertThat(state(5).getIndexesList())
        .containsExactly(
            Index.newBuilder()
                .setId(77)
                .setName("by_id")
                .setField("id")
                .putParams("index_type", "STL_SORT")
                .putParams("params", "{\"M\":8}")
                .setCreatedAt(99)
                .build());

    FieldIndex.Builder chosen = asked.toBuilder();
    chosen.getIndexInfoBuilder().clearUserIndexParams();
    put("field-index/5/77", chosen.build());
    assertThat(state(5).getIndexes(0).getParamsMap())
        .as("what the server chose is not what the user asked for")
        .isEmpty();

    put("field-index/5/77", asked.toBuilder().setDeleted(true).build());
    assertThat(state(5).getIndexesList()).isEmpty();

    put(
        "field-index/5/78",
        asked.toBuilder()
            .setIndexInfo(asked.getIndexInfo().toBuilder().setId(78).clearUserIndexParams())
            .build());
    assertThat(state(5).getIndexes(0).getParamsMap()).isEmpty();
  }

  @Test
  void loadsOfACollectionAndOfPartitionsAreToldApart() {
    existing(1, "default", 5, "a");
    put("root-coord/partitions/5/8", partition(8, "p", ObjectState.CREATED));
    assertThat(state(5).hasLoad()).isFalse();

    put(
        "querycoord-partition-loadinfo/5/8",
        PartitionLoadInfo.newBuilder().setPartitionId(8).build());
    put("querycoord-collection-loadinfo/5", load(LoadType.LOAD_PARTITION, 1));
    assertThat(state(5).getLoad().getPartitionsList()).containsExactly("p");

    put("querycoord-collection-loadinfo/5", load(LoadType.LOAD_COLLECTION, 2));
    assertThat(state(5).getLoad().getPartitionsList()).isEmpty();
    assertThat(state(5).getLoad().getReplicas()).isEqualTo(2);

    CollectionLoadInfo loaded =
        load(LoadType.LOAD_COLLECTION, 2).toBuilder().setStatus(LoadStatus.LOADED).build();
    put("querycoord-collection-loadinfo/5", loaded);
    assertThat(state(5).getLoad().getPartitionsList())
        .as("the default partition was released")
        .containsExactly("p");
    put(
        "querycoord-partition-loadinfo/5/7",
        PartitionLoadInfo.newBuilder().setPartitionId(7).build());
    assertThat(state(5).getLoad().getPartitionsList()).isEmpty();

    remove("querycoord-collection-loadinfo/5");
    assertThat(state(5).hasLoad()).isFalse();
  }

  /**
   * Milvus 2.3 says for ever that a collection is being loaded of which a part was released then.
   */
  @Test
  void whatDoesNotComeOfALoadWasReleased() {
    existing(1, "default", 5, "a");
    put("root-coord/partitions/5/8", partition(8, "p", ObjectState.CREATED));
    put("querycoord-collection-loadinfo/5", load(LoadType.LOAD_COLLECTION, 1));
    put(
        "querycoord-partition-loadinfo/5/8",
        PartitionLoadInfo.newBuilder().setPartitionId(8).build());
    catalog.takeChanges();

    long start = System.nanoTime();
    assertThat(catalog.settleLoads(start)).isFalse();
    assertThat(catalog.settleLoads(start + SECONDS.toNanos(4))).isFalse();
    assertThat(state(5).getLoad().getPartitionsList()).as("still coming").isEmpty();
    assertThat(catalog.takeChanges().collections()).isEmpty();

    assertThat(catalog.settleLoads(start + SECONDS.toNanos(5))).isTrue();
    assertThat(catalog.takeChanges().collections()).containsExactly(5L);
    assertThat(state(5).getLoad().getPartitionsList()).containsExactly("p");

    put("querycoord-collection-loadinfo/5", load(LoadType.LOAD_COLLECTION, 1));
    assertThat(state(5).getLoad().getPartitionsList()).as("loaded anew").isEmpty();
    put(
        "querycoord-partition-loadinfo/5/7",
        PartitionLoadInfo.newBuilder().setPartitionId(7).build());
    assertThat(catalog.settleLoads(start)).as("all there").isTrue();
  }

  @Test
  void propertiesAndConsistencyAreCarried() {
    existing(1, "default", 5, "a");
    CollectionInfo info =
        collection(5, "a", ObjectState.CREATED).toBuilder()
            .setConsistencyLevel(2)
            .addProperties(property("collection.ttl.seconds", "60"))
            .build();
    put(collectionKey(1, 5), info);

    assertThat(state(5).getConsistencyLevel()).isEqualTo(2);
    assertThat(state(5).getPropertiesMap())
        .containsExactly(Map.entry("collection.ttl.seconds", "60"));
  }

  @Test
  void databasesBeingCreatedOrDroppedDoNotExist() {
    put("root-coord/database/db-info/1", database(1, "default"));
    put(
        "root-coord/database/db-info/2",
        database(2, "making").toBuilder().setState(DatabaseState.DATABASE_CREATING).build());
    put(
        "root-coord/database/db-info/3",
        database(3, "old").toBuilder().setState(DatabaseState.DATABASE_UNKNOWN).build());
    put("root-coord/database/db-info/4", database(4, "gone"));
    put("root-coord/database/db-info/4", TestingMetadata.TOMBSTONE);

    assertThat(catalog.databases()).containsExactly("default", "old");
  }

  @Test
  void namesTheKeyThatCannotBeRead() {
    assertThatThrownBy(() -> put(collectionKey(1, 5), ByteString.copyFromUtf8("not protobuf")))
        .isInstanceOf(UnreadableMetadataException.class)
        .hasMessageContaining("by-dev/meta/root-coord/database/collection-info/1/5")
        .hasMessageContaining("source.etcd.rootPath");
  }

  @Test
  void readsWhatAMilvus235WroteForAnIndex() {
    existing(1, "default", ID, "a");
    put("root-coord/fields/" + ID + "/101", field(101, "v", DataType.FloatVector));
    put(
        "field-index/" + ID + "/470614690539503655",
        hex(
            "0ab701089e80c0fd94b2fdc30610651a0276"
                + "6920a780c0fd94b2fdc3062a080a0364696d12013432060a014d12013832140a0e6566436f6e"
                + "737472756374696f6e1202333232120a0a696e6465785f747970651204484e535732110a0b6d"
                + "65747269635f7479706512024c3262120a0a696e6465785f747970651204484e535762110a0b"
                + "6d65747269635f7479706512024c3262250a06706172616d73121b7b224d223a382c22656643"
                + "6f6e737472756374696f6e223a33327d188b80f0b59ab2fdc306"));

    assertThat(state(ID).getIndexesList())
        .singleElement()
        .satisfies(
            index -> {
              assertThat(index.getName()).isEqualTo("vi");
              assertThat(index.getField()).isEqualTo("v");
              assertThat(index.getParamsMap())
                  .isEqualTo(
                      Map.of(
                          "index_type", "HNSW",
                          "metric_type", "L2",
                          "params", "{\"M\":8,\"efConstruction\":32}"));
            });
  }

  private static ByteString hex(String digits) {
    return ByteString.copyFrom(HexFormat.of().parseHex(digits));
  }

  private void existing(long databaseId, String database, long id, String name) {
    put("root-coord/database/db-info/" + databaseId, database(databaseId, database));
    put("root-coord/fields/" + id + "/100", field(100, "id", DataType.Int64));
    put("root-coord/partitions/" + id + "/7", partition(7, "_default", ObjectState.CREATED));
    put(collectionKey(databaseId, id), collection(id, name, ObjectState.CREATED));
  }

  private CollectionState state(long id) {
    return catalog.collection(id).orElseThrow();
  }

  private static Property property(String key, String value) {
    return Property.newBuilder().setKey(key).setValue(value).build();
  }

  private static CollectionLoadInfo load(LoadType type, int replicas) {
    return CollectionLoadInfo.newBuilder().setLoadType(type).setReplicaNumber(replicas).build();
  }

  private void put(String key, MessageLite value) {
    put(key, value.toByteString());
  }

  private void put(String key, ByteString value) {
    catalog.apply(new EtcdChange("by-dev/meta/" + key, Optional.of(value), revision++));
  }

  private void remove(String key) {
    catalog.apply(new EtcdChange("by-dev/meta/" + key, Optional.empty(), revision++));
  }

  @Test
  void ignoresKeysOfAnotherRootPath() {
    catalog.apply(
        new EtcdChange(
            "other/meta/" + collectionKey(1, 5), Optional.of(ByteString.copyFromUtf8("?")), 1));
    assertThat(catalog.collections()).isEqualTo(List.of());
  }
}
