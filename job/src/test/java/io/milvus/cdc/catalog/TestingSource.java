package io.milvus.cdc.catalog;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.client.MilvusServiceClient;
import io.milvus.grpc.DataType;
import io.milvus.param.ConnectParam;
import io.milvus.param.R;
import io.milvus.param.collection.CreateCollectionParam;
import io.milvus.param.collection.CreateDatabaseParam;
import io.milvus.param.collection.DropCollectionParam;
import io.milvus.param.collection.DropDatabaseParam;
import io.milvus.param.collection.FieldType;
import io.milvus.param.collection.FlushParam;
import io.milvus.param.dml.InsertParam;
import io.milvus.param.partition.CreatePartitionParam;
import io.milvus.param.partition.DropPartitionParam;
import java.util.ArrayList;
import java.util.List;

/** A real Milvus 2.3 and a client of it. */
public final class TestingSource implements AutoCloseable {

  private final Playground playground;
  private final MilvusServiceClient client;

  private TestingSource(Playground playground, MilvusServiceClient client) {
    this.playground = playground;
    this.client = client;
  }

  /** The playground's source. */
  public static TestingSource connect() {
    Playground playground = TestingPlayground.shared(Part.ETCD, Part.PULSAR, Part.SOURCE);
    return new TestingSource(
        playground,
        new MilvusServiceClient(ConnectParam.newBuilder().withUri(playground.sourceUri()).build()));
  }

  public SourceCluster cluster() {
    return new SourceCluster(
        List.of(playground.etcdEndpoint()),
        "by-dev",
        "meta",
        playground.pulsarServiceUrl(),
        playground.pulsarAdminUrl(),
        "public",
        "default",
        "by-dev");
  }

  public void createDatabase(String name) {
    check(client.createDatabase(CreateDatabaseParam.newBuilder().withDatabaseName(name).build()));
  }

  public void dropDatabase(String name) {
    check(client.dropDatabase(DropDatabaseParam.newBuilder().withDatabaseName(name).build()));
  }

  /** Key "id", vector "v" of two dimensions, dynamic field. */
  public void createCollection(String database, String name, int shards) {
    check(
        client.createCollection(
            CreateCollectionParam.newBuilder()
                .withDatabaseName(database)
                .withCollectionName(name)
                .withDescription("about " + name)
                .withShardsNum(shards)
                .withEnableDynamicField(true)
                .addFieldType(
                    FieldType.newBuilder()
                        .withName("id")
                        .withDataType(DataType.Int64)
                        .withPrimaryKey(true)
                        .build())
                .addFieldType(
                    FieldType.newBuilder()
                        .withName("v")
                        .withDataType(DataType.FloatVector)
                        .withDimension(2)
                        .build())
                .build()));
  }

  public void dropCollection(String database, String name) {
    check(
        client.dropCollection(
            DropCollectionParam.newBuilder()
                .withDatabaseName(database)
                .withCollectionName(name)
                .build()));
  }

  public void createPartition(String collection, String name) {
    check(
        client.createPartition(
            CreatePartitionParam.newBuilder()
                .withCollectionName(collection)
                .withPartitionName(name)
                .build()));
  }

  public void dropPartition(String collection, String name) {
    check(
        client.dropPartition(
            DropPartitionParam.newBuilder()
                .withCollectionName(collection)
                .withPartitionName(name)
                .build()));
  }

  public void insert(String collection, int rows) {
    List<Long> ids = new ArrayList<>();
    List<List<Float>> vectors = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      ids.add((long) i);
      vectors.add(List.of((float) i, 1f));
    }
    check(
        client.insert(
            InsertParam.newBuilder()
                .withCollectionName(collection)
                .withFields(
                    List.of(new InsertParam.Field("id", ids), new InsertParam.Field("v", vectors)))
                .build()));
  }

  public void flush(String collection) {
    check(
        client.flush(
            FlushParam.newBuilder()
                .withCollectionNames(List.of(collection))
                .withSyncFlush(true)
                .build()));
  }

  @Override
  public void close() {
    client.close();
  }

  private static void check(R<?> answer) {
    if (answer.getStatus() != R.Status.Success.getCode()) {
      throw new AssertionError("the source refuses: " + answer.getMessage());
    }
  }
}
