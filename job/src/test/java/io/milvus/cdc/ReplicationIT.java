package io.milvus.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.compare.RowComparison;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.cdc.workload.SourceWriter;
import io.milvus.cdc.workload.SourceWriter.Kind;
import io.milvus.grpc.AlterAliasRequest;
import io.milvus.grpc.CreateAliasRequest;
import io.milvus.grpc.CreateIndexRequest;
import io.milvus.grpc.DescribeCollectionRequest;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.DescribeIndexRequest;
import io.milvus.grpc.DropAliasRequest;
import io.milvus.grpc.DropDatabaseRequest;
import io.milvus.grpc.DropIndexRequest;
import io.milvus.grpc.DropPartitionRequest;
import io.milvus.grpc.GetLoadStateRequest;
import io.milvus.grpc.GetLoadStateResponse;
import io.milvus.grpc.IndexDescription;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.ReleaseCollectionRequest;
import io.milvus.grpc.RenameCollectionRequest;
import io.milvus.grpc.ShowPartitionsRequest;
import io.milvus.grpc.ShowPartitionsResponse;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The job between two real Milvus servers, run by Flink in this JVM. */
class ReplicationIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static MilvusCluster source;
  private static MilvusCluster target;
  private static JobClient job;
  private static TestingDefinition task;

  @BeforeAll
  static void startJob() throws Exception {
    Playground playground =
        TestingPlayground.shared(Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET);
    source = MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus());
    target = MilvusCluster.connect("127.0.0.1", playground.ports().targetMilvus());
    SourceWriter existing = new SourceWriter(source, "default", "existing", Kind.INT64);
    existing.create(2);
    existing.load();

    task = TestingDefinition.write(playground, 2);
    Configuration configuration = new Configuration();
    configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(1));
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.createLocalEnvironment(2, configuration);
    ReplicationJob.build(environment, task.taskId(), task.store(), TargetTuning.DEFAULT);
    job = environment.executeAsync("test");
  }

  @AfterAll
  static void stopJob() throws Exception {
    if (job != null) {
      job.cancel().get();
    }
    source.close();
    target.close();
  }

  @ParameterizedTest
  @EnumSource
  void rowsOfANewCollectionArrive(Kind kind) {
    String name = "rows_" + kind.name().toLowerCase(java.util.Locale.ROOT);
    SourceWriter writer = new SourceWriter(source, "default", name, kind);
    writer.create(2);
    writer.load();
    writer.insert(0, 500, 1);
    if (kind != Kind.AUTO_ID) {
      writer.upsert(100, 300, 2);
      writer.delete("id in " + (kind == Kind.VARCHAR ? "[\"plain0\", \"it's5\"]" : "[0, 5, 299]"));
      writer.insert(1_000, 1_100, 3);
    }
    awaitSame("default", name);
  }

  @Test
  void collectionsThatExistBeforeTheTaskAreReplicated() {
    SourceWriter writer = new SourceWriter(source, "default", "existing", Kind.INT64);
    writer.insert(0, 100, 1);
    awaitSame("default", "existing");
  }

  @Test
  void databasesAndPartitionsAreReplicated() {
    SourceWriter.createDatabase(source, "db2");
    SourceWriter writer = new SourceWriter(source, "db2", "rows", Kind.INT64);
    writer.create(1);
    writer.createPartition("p");
    writer.load();
    writer.insert("p", 0, 100, 1);
    writer.insert(200, 300, 1);
    awaitSame("db2", "rows");
  }

  @Test
  void aDroppedCollectionIsDroppedAndItsSuccessorStartsEmpty() {
    SourceWriter writer = new SourceWriter(source, "default", "reborn", Kind.INT64);
    writer.create(2);
    writer.load();
    writer.insert(0, 100, 1);
    awaitSame("default", "reborn");

    writer.drop();
    await().atMost(PATIENCE).until(() -> !SourceWriter.exists(target, "default", "reborn"));

    writer.create(1);
    writer.load();
    writer.insert(50, 60, 2);
    awaitSame("default", "reborn");
  }

  @Test
  void aRenamedCollectionIsRenamedAndGoesOn() {
    SourceWriter writer = new SourceWriter(source, "default", "before", Kind.INT64);
    writer.create(2);
    writer.load();
    writer.insert(0, 100, 1);
    awaitSame("default", "before");

    source.call(
        stub ->
            stub.renameCollection(
                RenameCollectionRequest.newBuilder()
                    .setDbName("default")
                    .setOldName("before")
                    .setNewName("after")
                    .build()));
    new SourceWriter(source, "default", "after", Kind.INT64).insert(100, 200, 1);

    awaitSame("default", "after");
    assertThat(SourceWriter.exists(target, "default", "before")).isFalse();
  }

  @Test
  void aDroppedPartitionTakesItsRowsWithIt() {
    SourceWriter writer = new SourceWriter(source, "default", "parted", Kind.INT64);
    writer.create(2);
    writer.createPartition("p");
    writer.createPartition("q");
    writer.insert("p", 0, 100, 1);
    writer.insert("q", 100, 200, 1);
    source.call(
        stub ->
            stub.dropPartition(
                DropPartitionRequest.newBuilder()
                    .setDbName("default")
                    .setCollectionName("parted")
                    .setPartitionName("p")
                    .build()));
    writer.createPartition("p");
    writer.insert("p", 300, 310, 2);
    writer.load();

    awaitSame("default", "parted");
    assertThat(partitions(target, "parted")).isEqualTo(partitions(source, "parted"));
  }

  @Test
  void indexesAndLoadStatesFollow() {
    SourceWriter writer = new SourceWriter(source, "default", "indexed", Kind.INT64);
    writer.create(1);
    writer.load();
    await().atMost(PATIENCE).ignoreExceptions().until(() -> isLoaded("indexed"));

    source.call(
        stub ->
            stub.releaseCollection(
                ReleaseCollectionRequest.newBuilder()
                    .setDbName("default")
                    .setCollectionName("indexed")
                    .build()));
    await().atMost(PATIENCE).until(() -> !isLoaded("indexed"));

    source.call(
        stub ->
            stub.dropIndex(
                DropIndexRequest.newBuilder()
                    .setDbName("default")
                    .setCollectionName("indexed")
                    .setFieldName("v")
                    .build()));
    await().atMost(PATIENCE).until(() -> indexes("indexed").isEmpty());

    source.call(
        stub ->
            stub.createIndex(
                CreateIndexRequest.newBuilder()
                    .setDbName("default")
                    .setCollectionName("indexed")
                    .setFieldName("v")
                    .setIndexName("by_neighbours")
                    .addExtraParams(pair("index_type", "HNSW"))
                    .addExtraParams(pair("metric_type", "COSINE"))
                    .addExtraParams(pair("params", "{\"M\": 8, \"efConstruction\": 64}"))
                    .build()));
    await().atMost(PATIENCE).until(() -> indexes("indexed"), List.of("by_neighbours")::equals);
    assertThat(indexParameters(target, "indexed")).isEqualTo(indexParameters(source, "indexed"));
  }

  @Test
  void aliasesFollow() {
    SourceWriter one = new SourceWriter(source, "default", "aliased_one", Kind.INT64);
    SourceWriter other = new SourceWriter(source, "default", "aliased_other", Kind.INT64);
    one.create(1);
    other.create(1);
    source.call(
        stub ->
            stub.createAlias(
                CreateAliasRequest.newBuilder()
                    .setCollectionName("aliased_one")
                    .setAlias("nick")
                    .build()));
    await().atMost(PATIENCE).until(() -> aliases("aliased_one"), List.of("nick")::equals);

    source.call(
        stub ->
            stub.alterAlias(
                AlterAliasRequest.newBuilder()
                    .setCollectionName("aliased_other")
                    .setAlias("nick")
                    .build()));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(aliases("aliased_one")).isEmpty();
              assertThat(aliases("aliased_other")).containsExactly("nick");
            });

    source.call(stub -> stub.dropAlias(DropAliasRequest.newBuilder().setAlias("nick").build()));
    await().atMost(PATIENCE).until(() -> aliases("aliased_other").isEmpty());
  }

  @Test
  void aCollectionThatDoesNotFitIsStoppedAndOthersGoOn() {
    new SourceWriter(target, "default", "unfit", Kind.INT64, 4).create(1);
    SourceWriter unfit = new SourceWriter(source, "default", "unfit", Kind.INT64);
    unfit.create(1);
    unfit.insert(0, 10, 1);
    SourceWriter fit = new SourceWriter(source, "default", "fit", Kind.INT64);
    fit.create(1);
    fit.load();
    fit.insert(0, 10, 1);

    awaitSame("default", "fit");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(task.stopped())
                    .singleElement()
                    .satisfies(
                        stopped -> {
                          assertThat(stopped.reason()).contains("unfit", "field v", "dim");
                          assertThat(stopped.topics()).hasSize(1);
                        }));
    unfit.drop();
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(task.stopped()).isEmpty());
    assertThat(SourceWriter.exists(target, "default", "unfit"))
        .as("what is nobody's copy is not dropped")
        .isTrue();
  }

  @Test
  void aDroppedDatabaseIsDropped() {
    SourceWriter.createDatabase(source, "db3");
    SourceWriter writer = new SourceWriter(source, "db3", "rows", Kind.INT64);
    writer.create(1);
    await().atMost(PATIENCE).until(() -> SourceWriter.exists(target, "db3", "rows"));
    writer.drop();
    source.call(
        stub -> stub.dropDatabase(DropDatabaseRequest.newBuilder().setDbName("db3").build()));
    await().atMost(PATIENCE).until(() -> !target.databases().contains("db3"));
  }

  private static Set<String> partitions(MilvusCluster cluster, String collection) {
    ShowPartitionsRequest request =
        ShowPartitionsRequest.newBuilder().setCollectionName(collection).build();
    return Set.copyOf(
        cluster
            .call(stub -> stub.showPartitions(request), ShowPartitionsResponse::getStatus)
            .getPartitionNamesList());
  }

  private static List<String> aliases(String collection) {
    return describe(collection).getAliasesList();
  }

  private static DescribeCollectionResponse describe(String collection) {
    return target
        .stub()
        .describeCollection(
            DescribeCollectionRequest.newBuilder().setCollectionName(collection).build());
  }

  private static boolean isLoaded(String collection) {
    GetLoadStateRequest request =
        GetLoadStateRequest.newBuilder().setCollectionName(collection).build();
    return target
            .call(stub -> stub.getLoadState(request), GetLoadStateResponse::getStatus)
            .getState()
        == LoadState.LoadStateLoaded;
  }

  private static List<String> indexes(String collection) {
    return describeIndexes(target, collection).stream()
        .map(IndexDescription::getIndexName)
        .toList();
  }

  private static List<Set<KeyValuePair>> indexParameters(MilvusCluster cluster, String collection) {
    return describeIndexes(cluster, collection).stream()
        .map(index -> Set.copyOf(index.getParamsList()))
        .toList();
  }

  private static List<IndexDescription> describeIndexes(MilvusCluster cluster, String collection) {
    return cluster
        .stub()
        .describeIndex(DescribeIndexRequest.newBuilder().setCollectionName(collection).build())
        .getIndexDescriptionsList();
  }

  private static KeyValuePair pair(String key, String value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(value).build();
  }

  private static void awaitSame(String database, String collection) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(RowComparison.differences(source, target, database, collection))
                    .isEmpty());
  }
}
