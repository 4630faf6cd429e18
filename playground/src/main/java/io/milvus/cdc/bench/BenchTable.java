package io.milvus.cdc.bench;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.ConsistencyLevel;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.CreateIndexRequest;
import io.milvus.grpc.DataType;
import io.milvus.grpc.DeleteRequest;
import io.milvus.grpc.DropCollectionRequest;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.FloatArray;
import io.milvus.grpc.GetLoadStateRequest;
import io.milvus.grpc.GetLoadStateResponse;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.JSONArray;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LoadCollectionRequest;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.MutationResult;
import io.milvus.grpc.QueryRequest;
import io.milvus.grpc.QueryResults;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.UpsertRequest;
import io.milvus.grpc.VectorField;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A collection of a benchmark, on any cluster. Rows have keys that the caller chooses; what else
 * they hold is made once for each number of rows, so that writing costs the client next to nothing.
 */
final class BenchTable {

  private static final int SCALARS = 20;

  private final String name;
  private final int dimension;
  private final boolean wide;
  private final Map<Integer, InsertRequest> templates = new ConcurrentHashMap<>();

  /** The vectors of the rows that were prepared, encoded. */
  private volatile ByteString floats = ByteString.EMPTY;

  private BenchTable(String name, int dimension, boolean wide) {
    this.name = name;
    this.dimension = dimension;
    this.wide = wide;
  }

  /** Keys and vectors of floats. */
  static BenchTable vectors(String name, int dimension) {
    return new BenchTable(name, dimension, false);
  }

  /** Keys, vectors of 32 floats, twenty numbers, a JSON field and a dynamic one. */
  static BenchTable manyFields(String name) {
    return new BenchTable(name, 32, true);
  }

  /** The same under another name. */
  BenchTable named(String other) {
    return new BenchTable(other, dimension, wide);
  }

  String name() {
    return name;
  }

  /** Creates it, and loads it so that rows can be counted. */
  void create(MilvusCluster cluster, int shards) {
    createUnloaded(cluster, shards);
    CreateIndexRequest index =
        CreateIndexRequest.newBuilder()
            .setCollectionName(name)
            .setFieldName("v")
            .addExtraParams(pair("index_type", "FLAT"))
            .addExtraParams(pair("metric_type", "L2"))
            .build();
    cluster.call(stub -> stub.createIndex(index));
    LoadCollectionRequest load =
        LoadCollectionRequest.newBuilder().setCollectionName(name).setReplicaNumber(1).build();
    cluster.call(stub -> stub.loadCollection(load));
    Bed.await("collection " + name + " is not loaded", () -> isLoaded(cluster));
  }

  /** Creates it only. */
  void createUnloaded(MilvusCluster cluster, int shards) {
    CollectionSchema.Builder schema =
        CollectionSchema.newBuilder()
            .setName(name)
            .setEnableDynamicField(wide)
            .addFields(
                FieldSchema.newBuilder()
                    .setName("id")
                    .setIsPrimaryKey(true)
                    .setDataType(DataType.Int64))
            .addFields(
                FieldSchema.newBuilder()
                    .setName("v")
                    .setDataType(DataType.FloatVector)
                    .addTypeParams(pair("dim", Integer.toString(dimension))));
    if (wide) {
      for (int i = 0; i < SCALARS; i++) {
        schema.addFields(FieldSchema.newBuilder().setName("n" + i).setDataType(DataType.Int64));
      }
      schema.addFields(FieldSchema.newBuilder().setName("document").setDataType(DataType.JSON));
    }
    CreateCollectionRequest create =
        CreateCollectionRequest.newBuilder()
            .setCollectionName(name)
            .setSchema(schema.build().toByteString())
            .setShardsNum(shards)
            .build();
    cluster.call(stub -> stub.createCollection(create));
  }

  /** Whether it is there, and loaded. */
  boolean isLoaded(MilvusCluster cluster) {
    GetLoadStateRequest request = GetLoadStateRequest.newBuilder().setCollectionName(name).build();
    GetLoadStateResponse response = cluster.stub().getLoadState(request);
    return response.getState() == LoadState.LoadStateLoaded;
  }

  /** Its topics at the source. */
  List<String> topics(MilvusCluster cluster) {
    return cluster.describe("", name).getPhysicalChannelNamesList();
  }

  /** Drops it. */
  void drop(MilvusCluster cluster) {
    cluster.call(
        stub ->
            stub.dropCollection(
                DropCollectionRequest.newBuilder().setCollectionName(name).build()));
  }

  /** How many rows a reader sees now that does not wait for what was written last. */
  long count(MilvusCluster cluster) {
    return count(cluster, ConsistencyLevel.Eventually);
  }

  /** How many rows there are. */
  long countAll(MilvusCluster cluster) {
    return count(cluster, ConsistencyLevel.Strong);
  }

  private long count(MilvusCluster cluster, ConsistencyLevel consistency) {
    QueryRequest request =
        QueryRequest.newBuilder()
            .setCollectionName(name)
            .addOutputFields("count(*)")
            .setConsistencyLevel(consistency)
            .build();
    return cluster
        .call(stub -> stub.query(request), QueryResults::getStatus)
        .getFieldsData(0)
        .getScalars()
        .getLongData()
        .getData(0);
  }

  /**
   * Inserts rows with the keys from (inclusive) to (exclusive).
   *
   * @return the timestamp that the cluster gave them
   */
  long insert(MilvusCluster cluster, long from, int rows) {
    InsertRequest request = template(rows).toBuilder().setFieldsData(0, keys(from, rows)).build();
    return cluster.call(stub -> stub.insert(request), MutationResult::getStatus).getTimestamp();
  }

  /** Upserts rows with the keys from (inclusive) to (exclusive). */
  void upsert(MilvusCluster cluster, long from, int rows) {
    InsertRequest template = template(rows);
    UpsertRequest request =
        UpsertRequest.newBuilder()
            .setCollectionName(name)
            .setNumRows(rows)
            .addFieldsData(keys(from, rows))
            .addAllFieldsData(
                template.getFieldsDataList().subList(1, template.getFieldsDataCount()))
            .build();
    var unused = cluster.call(stub -> stub.upsert(request), MutationResult::getStatus);
  }

  /**
   * Inserts rows with keys that do not follow each other, of a table of keys and vectors.
   *
   * @param keys no more than {@link #prepare} was told
   */
  void insert(MilvusCluster cluster, List<Long> keys) {
    InsertRequest request =
        InsertRequest.newBuilder()
            .setCollectionName(name)
            .setNumRows(keys.size())
            .addFieldsData(keys(keys))
            .addFieldsData(vectors(preparedFloats(keys.size() * dimension)))
            .build();
    var unused = cluster.call(stub -> stub.insert(request), MutationResult::getStatus);
  }

  /** Deletes rows by their keys. */
  void delete(MilvusCluster cluster, Collection<Long> keys) {
    DeleteRequest request =
        DeleteRequest.newBuilder()
            .setCollectionName(name)
            .setExpr(
                "id in ["
                    + keys.stream().map(String::valueOf).collect(Collectors.joining(","))
                    + "]")
            .build();
    var unused = cluster.call(stub -> stub.delete(request), MutationResult::getStatus);
  }

  /** Makes what calls of so many rows hold beside their keys, so that no call has to. */
  void prepare(int rows) {
    floats = template(rows).getFieldsData(1).getVectors().getFloatVector().toByteString();
  }

  /** Those that were prepared are too many to be drawn, or kept, for each number of rows. */
  private FloatArray preparedFloats(int count) {
    int length = count * Float.BYTES;
    ByteString numbers = floats.substring(floats.size() - length);
    try {
      ByteString.Output head = ByteString.newOutput();
      CodedOutputStream out = CodedOutputStream.newInstance(head);
      out.writeTag(FloatArray.DATA_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
      out.writeUInt32NoTag(length);
      out.flush();
      return FloatArray.parseFrom(head.toByteString().concat(numbers));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private FieldData.Builder vectors(FloatArray values) {
    return FieldData.newBuilder()
        .setFieldName("v")
        .setType(DataType.FloatVector)
        .setVectors(VectorField.newBuilder().setDim(dimension).setFloatVector(values));
  }

  private InsertRequest template(int rows) {
    return templates.computeIfAbsent(rows, this::makeTemplate);
  }

  private InsertRequest makeTemplate(int rows) {
    Random random = new Random(rows);
    FloatArray.Builder numbers = FloatArray.newBuilder();
    for (int i = 0; i < rows * dimension; i++) {
      numbers.addData(random.nextFloat());
    }
    InsertRequest.Builder request =
        InsertRequest.newBuilder()
            .setCollectionName(name)
            .setNumRows(rows)
            .addFieldsData(keys(0, rows))
            .addFieldsData(vectors(numbers.build()));
    if (wide) {
      for (int i = 0; i < SCALARS; i++) {
        request.addFieldsData(
            FieldData.newBuilder()
                .setFieldName("n" + i)
                .setType(DataType.Int64)
                .setScalars(
                    ScalarField.newBuilder()
                        .setLongData(
                            LongArray.newBuilder()
                                .addAllData(random.longs(rows).boxed().toList()))));
      }
      request
          .addFieldsData(documents(rows, "document").setFieldName("document"))
          .addFieldsData(documents(rows, "more").setIsDynamic(true));
    }
    return request.build();
  }

  private static FieldData.Builder documents(int rows, String what) {
    JSONArray.Builder documents = JSONArray.newBuilder();
    for (int i = 0; i < rows; i++) {
      documents.addData(
          ByteString.copyFromUtf8("{\"" + what + "\": " + i + ", \"name\": \"row " + i + "\"}"));
    }
    return FieldData.newBuilder()
        .setType(DataType.JSON)
        .setScalars(ScalarField.newBuilder().setJsonData(documents));
  }

  private static FieldData keys(long from, int rows) {
    LongArray.Builder keys = LongArray.newBuilder();
    IntStream.range(0, rows).forEach(i -> keys.addData(from + i));
    return keys(keys);
  }

  private static FieldData keys(List<Long> values) {
    return keys(LongArray.newBuilder().addAllData(values));
  }

  private static FieldData keys(LongArray.Builder keys) {
    return FieldData.newBuilder()
        .setFieldName("id")
        .setType(DataType.Int64)
        .setScalars(ScalarField.newBuilder().setLongData(keys))
        .build();
  }

  private static KeyValuePair pair(String key, String value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(value).build();
  }
}
