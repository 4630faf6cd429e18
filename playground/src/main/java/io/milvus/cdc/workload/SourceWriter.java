package io.milvus.cdc.workload;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.grpc.BoolResponse;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.CreateDatabaseRequest;
import io.milvus.grpc.CreateIndexRequest;
import io.milvus.grpc.CreatePartitionRequest;
import io.milvus.grpc.DataType;
import io.milvus.grpc.DeleteRequest;
import io.milvus.grpc.DropCollectionRequest;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.FloatArray;
import io.milvus.grpc.HasCollectionRequest;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.JSONArray;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LoadCollectionRequest;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.MutationResult;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.StringArray;
import io.milvus.grpc.UpsertRequest;
import io.milvus.grpc.VectorField;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Writes to a real source. Its collections have a key "id" (int64 or varchar), a vector "v" and,
 * where wanted, a dynamic field; what a row holds follows from its key and a mark.
 */
public final class SourceWriter {

  private final MilvusCluster source;
  private final String database;
  private final String collection;
  private final Kind kind;
  private final int dimension;

  /** Kinds of collections. */
  public enum Kind {
    /** Int64 keys that the writer chooses. */
    INT64,
    /** Varchar keys that the writer chooses. */
    VARCHAR,
    /** Int64 keys that the server makes. */
    AUTO_ID,
    /** Int64 keys that the writer chooses, and a dynamic field. */
    DYNAMIC
  }

  /** A writer of rows with vectors of 8 dimensions. */
  public SourceWriter(MilvusCluster source, String database, String collection, Kind kind) {
    this(source, database, collection, kind, 8);
  }

  /**
   * A writer.
   *
   * @param kind what its collection looks like
   * @param dimension of the vectors
   */
  public SourceWriter(
      MilvusCluster source, String database, String collection, Kind kind, int dimension) {
    this.source = source;
    this.database = database;
    this.collection = collection;
    this.kind = kind;
    this.dimension = dimension;
  }

  /** Creates the database if it is not there. */
  public static void createDatabase(MilvusCluster source, String name) {
    if (!source.databases().contains(name)) {
      source.call(
          stub -> stub.createDatabase(CreateDatabaseRequest.newBuilder().setDbName(name).build()));
    }
  }

  /** Whether a collection is on a cluster. */
  public static boolean exists(MilvusCluster cluster, String database, String collection) {
    HasCollectionRequest request =
        HasCollectionRequest.newBuilder().setDbName(database).setCollectionName(collection).build();
    return cluster.call(stub -> stub.hasCollection(request), BoolResponse::getStatus).getValue();
  }

  /** Creates the collection. */
  public void create(int shards) {
    FieldSchema.Builder key = FieldSchema.newBuilder().setName("id").setIsPrimaryKey(true);
    if (kind == Kind.VARCHAR) {
      key.setDataType(DataType.VarChar).addTypeParams(pair("max_length", "100"));
    } else {
      key.setDataType(DataType.Int64).setAutoID(kind == Kind.AUTO_ID);
    }
    CollectionSchema schema =
        CollectionSchema.newBuilder()
            .setName(collection)
            .setEnableDynamicField(kind == Kind.DYNAMIC)
            .addFields(key)
            .addFields(
                FieldSchema.newBuilder()
                    .setName("v")
                    .setDataType(DataType.FloatVector)
                    .addTypeParams(pair("dim", Integer.toString(dimension))))
            .build();
    source.call(
        stub ->
            stub.createCollection(
                CreateCollectionRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(collection)
                    .setSchema(schema.toByteString())
                    .setShardsNum(shards)
                    .build()));
  }

  /** Builds the index and loads, so that rows can be read. */
  public void load() {
    source.call(
        stub ->
            stub.createIndex(
                CreateIndexRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(collection)
                    .setFieldName("v")
                    .addExtraParams(pair("index_type", "FLAT"))
                    .addExtraParams(pair("metric_type", "L2"))
                    .build()));
    source.call(
        stub ->
            stub.loadCollection(
                LoadCollectionRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(collection)
                    .setReplicaNumber(1)
                    .build()));
  }

  /** Creates a partition. */
  public void createPartition(String name) {
    source.call(
        stub ->
            stub.createPartition(
                CreatePartitionRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(collection)
                    .setPartitionName(name)
                    .build()));
  }

  /** Drops the collection. */
  public void drop() {
    source.call(
        stub ->
            stub.dropCollection(
                DropCollectionRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(collection)
                    .build()));
  }

  /** Inserts rows with the keys from (inclusive) to (exclusive). */
  public MutationResult insert(int from, int to, int mark) {
    return insert("", from, to, mark);
  }

  /** Inserts rows into a partition. */
  public MutationResult insert(String partition, int from, int to, int mark) {
    InsertRequest.Builder request =
        InsertRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setPartitionName(partition)
            .setNumRows(to - from);
    if (kind != Kind.AUTO_ID) {
      request.addFieldsData(keys(from, to));
    }
    request.addFieldsData(vectors(from, to, mark));
    if (kind == Kind.DYNAMIC) {
      request.addFieldsData(dynamic(from, to, mark));
    }
    return source.call(stub -> stub.insert(request.build()), MutationResult::getStatus);
  }

  /** Upserts rows with the keys from (inclusive) to (exclusive). */
  public void upsert(int from, int to, int mark) {
    UpsertRequest.Builder request =
        UpsertRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .setNumRows(to - from)
            .addFieldsData(keys(from, to))
            .addFieldsData(vectors(from, to, mark));
    if (kind == Kind.DYNAMIC) {
      request.addFieldsData(dynamic(from, to, mark));
    }
    source.call(stub -> stub.upsert(request.build()), MutationResult::getStatus);
  }

  /** Deletes the rows that an expression selects by their keys. */
  public void delete(String expression) {
    source.call(
        stub ->
            stub.delete(
                DeleteRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(collection)
                    .setExpr(expression)
                    .build()),
        MutationResult::getStatus);
  }

  private FieldData keys(int from, int to) {
    ScalarField.Builder scalars = ScalarField.newBuilder();
    if (kind == Kind.VARCHAR) {
      StringArray.Builder keys = StringArray.newBuilder();
      IntStream.range(from, to).forEach(key -> keys.addData(textKey(key)));
      scalars.setStringData(keys);
    } else {
      LongArray.Builder keys = LongArray.newBuilder();
      IntStream.range(from, to).forEach(keys::addData);
      scalars.setLongData(keys);
    }
    return FieldData.newBuilder()
        .setFieldName("id")
        .setType(kind == Kind.VARCHAR ? DataType.VarChar : DataType.Int64)
        .setScalars(scalars)
        .build();
  }

  /** Keys with everything that an expression could stumble over. */
  static String textKey(int key) {
    return List.of("plain", "quo\"te", "back\\slash", "li\nne", "ümläut", "it's").get(key % 6)
        + key;
  }

  private FieldData vectors(int from, int to, int mark) {
    FloatArray.Builder floats = FloatArray.newBuilder();
    for (int key = from; key < to; key++) {
      Random random = new Random(31L * key + mark);
      for (int i = 0; i < dimension; i++) {
        floats.addData(random.nextFloat());
      }
    }
    return FieldData.newBuilder()
        .setFieldName("v")
        .setType(DataType.FloatVector)
        .setVectors(VectorField.newBuilder().setDim(dimension).setFloatVector(floats))
        .build();
  }

  private static FieldData dynamic(int from, int to, int mark) {
    JSONArray.Builder documents = JSONArray.newBuilder();
    for (int key = from; key < to; key++) {
      documents.addData(
          com.google.protobuf.ByteString.copyFromUtf8(
              "{\"mark\": " + mark + ", \"name\": \"row " + key + "\"}"));
    }
    return FieldData.newBuilder()
        .setType(DataType.JSON)
        .setIsDynamic(true)
        .setScalars(ScalarField.newBuilder().setJsonData(documents))
        .build();
  }

  private static KeyValuePair pair(String key, String value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(value).build();
  }
}
