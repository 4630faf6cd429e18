package io.milvus.cdc.workload;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.grpc.AlterAliasRequest;
import io.milvus.grpc.AlterCollectionRequest;
import io.milvus.grpc.ConsistencyLevel;
import io.milvus.grpc.CreateAliasRequest;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.CreateDatabaseRequest;
import io.milvus.grpc.CreateIndexRequest;
import io.milvus.grpc.CreatePartitionRequest;
import io.milvus.grpc.DataType;
import io.milvus.grpc.DeleteRequest;
import io.milvus.grpc.DropAliasRequest;
import io.milvus.grpc.DropCollectionRequest;
import io.milvus.grpc.DropDatabaseRequest;
import io.milvus.grpc.DropIndexRequest;
import io.milvus.grpc.DropPartitionRequest;
import io.milvus.grpc.FlushRequest;
import io.milvus.grpc.FlushResponse;
import io.milvus.grpc.GetLoadStateRequest;
import io.milvus.grpc.GetLoadStateResponse;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LoadCollectionRequest;
import io.milvus.grpc.LoadPartitionsRequest;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.MutationResult;
import io.milvus.grpc.ReleaseCollectionRequest;
import io.milvus.grpc.ReleasePartitionsRequest;
import io.milvus.grpc.RenameCollectionRequest;
import io.milvus.grpc.UpsertRequest;
import java.util.List;

/** The calls that change a Milvus; each throws when it is refused. */
final class SourceCalls {

  private final MilvusCluster source;

  SourceCalls(MilvusCluster source) {
    this.source = source;
  }

  List<String> databases() {
    return source.databases();
  }

  void createDatabase(String name) {
    source.call(
        stub -> stub.createDatabase(CreateDatabaseRequest.newBuilder().setDbName(name).build()));
  }

  void dropDatabase(String name) {
    source.call(
        stub -> stub.dropDatabase(DropDatabaseRequest.newBuilder().setDbName(name).build()));
  }

  /** Drops all collections of a database; Milvus drops none that has an alias. */
  void dropCollections(String database) {
    for (String name : source.collections(database)) {
      source.describe(database, name).getAliasesList().forEach(alias -> dropAlias(database, alias));
      source.call(
          stub ->
              stub.dropCollection(
                  DropCollectionRequest.newBuilder()
                      .setDbName(database)
                      .setCollectionName(name)
                      .build()));
    }
  }

  /** Makes collections complete whose writer could not: with an index, and known to etcd. */
  void completeAll() {
    for (String database : databases()) {
      for (String collection : source.collections(database)) {
        makeLoadable(database, collection);
        keepProperties(database, collection);
      }
    }
  }

  private void makeLoadable(String database, String collection) {
    if (source.indexes(database, collection).stream()
        .anyMatch(index -> index.getFieldName().equals(AllTypes.VECTOR))) {
      return;
    }
    boolean binary =
        source.describe(database, collection).getSchema().getFieldsList().stream()
            .anyMatch(
                field ->
                    field.getName().equals(AllTypes.VECTOR)
                        && field.getDataType() == DataType.BinaryVector);
    createIndex(
        database,
        collection,
        AllTypes.VECTOR,
        "",
        List.of(
            pair("index_type", binary ? "BIN_FLAT" : "FLAT"),
            pair("metric_type", binary ? "HAMMING" : "L2")));
  }

  /**
   * Lets Milvus 2.3 write the properties of a collection to its etcd: a call writes those that the
   * one before it has changed.
   */
  private void keepProperties(String database, String collection) {
    alter(database, collection, "note", "kept");
    alter(database, collection, "note", "kept");
  }

  void create(LiveCollection collection, ConsistencyLevel consistency) {
    CreateCollectionRequest request =
        CreateCollectionRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .setSchema(collection.types.schema(collection.name).toByteString())
            .setShardsNum(collection.shards)
            .setNumPartitions(collection.partitionsOfKey)
            .setConsistencyLevel(consistency)
            .addAllProperties(collection.properties)
            .build();
    source.call(stub -> stub.createCollection(request));
  }

  void drop(LiveCollection collection) {
    DropCollectionRequest request =
        DropCollectionRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .build();
    source.call(stub -> stub.dropCollection(request));
  }

  void rename(LiveCollection collection, String newDatabase, String newName) {
    RenameCollectionRequest request =
        RenameCollectionRequest.newBuilder()
            .setDbName(collection.database)
            .setOldName(collection.name)
            .setNewDBName(newDatabase)
            .setNewName(newName)
            .build();
    source.call(stub -> stub.renameCollection(request));
  }

  void alter(LiveCollection collection, String property, String value) {
    alter(collection.database, collection.name, property, value);
  }

  private void alter(String database, String collection, String property, String value) {
    AlterCollectionRequest request =
        AlterCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .addProperties(pair(property, value))
            .build();
    source.call(stub -> stub.alterCollection(request));
  }

  void createPartition(LiveCollection collection, String partition) {
    CreatePartitionRequest request =
        CreatePartitionRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .setPartitionName(partition)
            .build();
    source.call(stub -> stub.createPartition(request));
  }

  void dropPartition(LiveCollection collection, String partition) {
    DropPartitionRequest request =
        DropPartitionRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .setPartitionName(partition)
            .build();
    source.call(stub -> stub.dropPartition(request));
  }

  MutationResult insert(LiveCollection collection, String partition, long from, long to, int mark) {
    InsertRequest request =
        InsertRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .setPartitionName(partition)
            .setNumRows(Math.toIntExact(to - from))
            .addAllFieldsData(collection.types.rows(from, to, mark))
            .build();
    return source.call(stub -> stub.insert(request), MutationResult::getStatus);
  }

  void upsert(LiveCollection collection, String partition, long from, long to, int mark) {
    UpsertRequest request =
        UpsertRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .setPartitionName(partition)
            .setNumRows(Math.toIntExact(to - from))
            .addAllFieldsData(collection.types.rows(from, to, mark))
            .build();
    source.call(stub -> stub.upsert(request), MutationResult::getStatus);
  }

  void delete(LiveCollection collection, String partition, String expression) {
    DeleteRequest request =
        DeleteRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .setPartitionName(partition)
            .setExpr(expression)
            .build();
    source.call(stub -> stub.delete(request), MutationResult::getStatus);
  }

  /** Builds an index; its name is Milvus' own when it is empty. */
  void createIndex(
      LiveCollection collection, String field, String name, List<KeyValuePair> parameters) {
    createIndex(collection.database, collection.name, field, name, parameters);
  }

  private void createIndex(
      String database,
      String collection,
      String field,
      String name,
      List<KeyValuePair> parameters) {
    CreateIndexRequest request =
        CreateIndexRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setFieldName(field)
            .setIndexName(name)
            .addAllExtraParams(parameters)
            .build();
    source.call(stub -> stub.createIndex(request));
  }

  void dropIndex(LiveCollection collection, String field, String name) {
    DropIndexRequest request =
        DropIndexRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .setFieldName(field)
            .setIndexName(name)
            .build();
    source.call(stub -> stub.dropIndex(request));
  }

  void load(LiveCollection collection) {
    LoadCollectionRequest request =
        LoadCollectionRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .setReplicaNumber(1)
            .build();
    source.call(stub -> stub.loadCollection(request));
  }

  LoadState loadState(LiveCollection collection) {
    GetLoadStateRequest request =
        GetLoadStateRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .build();
    return source
        .call(stub -> stub.getLoadState(request), GetLoadStateResponse::getStatus)
        .getState();
  }

  void release(LiveCollection collection) {
    ReleaseCollectionRequest request =
        ReleaseCollectionRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .build();
    source.call(stub -> stub.releaseCollection(request));
  }

  void loadPartition(LiveCollection collection, String partition) {
    LoadPartitionsRequest request =
        LoadPartitionsRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .addPartitionNames(partition)
            .setReplicaNumber(1)
            .build();
    source.call(stub -> stub.loadPartitions(request));
  }

  void releasePartition(LiveCollection collection, String partition) {
    ReleasePartitionsRequest request =
        ReleasePartitionsRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .addPartitionNames(partition)
            .build();
    source.call(stub -> stub.releasePartitions(request));
  }

  void createAlias(LiveCollection collection, String alias) {
    CreateAliasRequest request =
        CreateAliasRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .setAlias(alias)
            .build();
    source.call(stub -> stub.createAlias(request));
  }

  void alterAlias(LiveCollection collection, String alias) {
    AlterAliasRequest request =
        AlterAliasRequest.newBuilder()
            .setDbName(collection.database)
            .setCollectionName(collection.name)
            .setAlias(alias)
            .build();
    source.call(stub -> stub.alterAlias(request));
  }

  void dropAlias(String database, String alias) {
    DropAliasRequest request =
        DropAliasRequest.newBuilder().setDbName(database).setAlias(alias).build();
    source.call(stub -> stub.dropAlias(request));
  }

  void flush(LiveCollection collection) {
    FlushRequest request =
        FlushRequest.newBuilder()
            .setDbName(collection.database)
            .addCollectionNames(collection.name)
            .build();
    source.call(stub -> stub.flush(request), FlushResponse::getStatus);
  }

  static KeyValuePair pair(String key, String value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(value).build();
  }
}
