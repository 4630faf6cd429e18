package io.milvus.cdc.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Message;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.workload.AllTypes;
import io.milvus.cdc.workload.AllTypes.KeyKind;
import io.milvus.cdc.workload.AllTypes.VectorKind;
import io.milvus.grpc.AlterCollectionRequest;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.ConsistencyLevel;
import io.milvus.grpc.CreateAliasRequest;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.CreateDatabaseRequest;
import io.milvus.grpc.CreateIndexRequest;
import io.milvus.grpc.CreatePartitionRequest;
import io.milvus.grpc.DeleteRequest;
import io.milvus.grpc.DropAliasRequest;
import io.milvus.grpc.DropDatabaseRequest;
import io.milvus.grpc.DropIndexRequest;
import io.milvus.grpc.DropPartitionRequest;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FlushRequest;
import io.milvus.grpc.FlushResponse;
import io.milvus.grpc.GetFlushStateRequest;
import io.milvus.grpc.GetFlushStateResponse;
import io.milvus.grpc.IDs;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LoadCollectionRequest;
import io.milvus.grpc.LoadPartitionsRequest;
import io.milvus.grpc.MsgBase;
import io.milvus.grpc.MsgType;
import io.milvus.grpc.MutationResult;
import io.milvus.grpc.ReleaseCollectionRequest;
import io.milvus.grpc.ReleasePartitionsRequest;
import io.milvus.grpc.StringArray;
import io.milvus.grpc.UpsertRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import milvus.proto.msg.Msg;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.PulsarClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two Milvus servers are made alike; each test changes one thing on one of them. */
class ClusterComparisonIT {

  private static final String FILMS = "films";

  private static final AllTypes TYPES =
      AllTypes.of(KeyKind.VARCHAR, VectorKind.FLOAT).withDynamicField();

  /** Its text comes before those of all others that are used here. */
  private static final long SMALLEST_KEY = 10_000_004;

  private static Playground sourcePlayground;
  private static Playground targetPlayground;
  private static MilvusCluster source;
  private static MilvusCluster target;
  private static int databases;

  private String database;

  @BeforeAll
  static void connect() {
    sourcePlayground = TestingPlayground.separate();
    targetPlayground = TestingPlayground.separate();
    sourcePlayground.start(Part.TARGET);
    targetPlayground.start(Part.TARGET);
    source = MilvusCluster.connect("127.0.0.1", sourcePlayground.ports().targetMilvus());
    target = MilvusCluster.connect("127.0.0.1", targetPlayground.ports().targetMilvus());
  }

  @AfterAll
  static void disconnect() {
    source.close();
    target.close();
    sourcePlayground.close();
    targetPlayground.close();
  }

  @BeforeEach
  void makeBothSidesAlike() {
    database = "compared_" + databases++;
    for (MilvusCluster side : List.of(source, target)) {
      side.call(
          stub ->
              stub.createDatabase(CreateDatabaseRequest.newBuilder().setDbName(database).build()));
      create(side, FILMS, TYPES.schema(FILMS), 2);
      createPartition(side, "old");
      createIndex(side, AllTypes.VECTOR, "by_vector", "{\"M\": \"8\", \"efConstruction\": \"16\"}");
      createIndex(side, "varchar", "by_text", "");
      createAlias(side, "movies");
    }
  }

  private void insertAndLoad() {
    for (MilvusCluster side : List.of(source, target)) {
      insert(side, "_default", 0, 1_500, 1);
      insert(side, "old", 1_500, 1_600, 1);
      load(side);
    }
  }

  @AfterEach
  void release() {
    for (MilvusCluster side : List.of(source, target)) {
      release(side);
    }
  }

  @Test
  void findsNothingBetweenEqualClusters() {
    insertAndLoad();
    ClusterComparison.Report report = comparison().compare();
    assertThat(report.differences()).isEmpty();
    assertThat(report.notCompared()).isEmpty();
    assertThat(report.collections()).isEqualTo(1);
    assertThat(report.rows()).isEqualTo(1_600);
  }

  @Test
  void noticesOneChangedFloatOfAVector() {
    insertAndLoad();
    upsert(with(rows(700, 701), AllTypes.VECTOR, ClusterComparisonIT::nextFloat));
    assertThat(differences())
        .containsExactly(films("partition _default: key " + textKey(700) + " differs in: vector"));
  }

  @Test
  void noticesAMissingRow() {
    insertAndLoad();
    delete("_default", 1_234);
    assertThat(differences())
        .containsExactlyInAnyOrder(
            films("partition _default: the source holds 1500 rows, the target 1499"),
            films("partition _default: missing on the target: key " + textKey(1_234)));
  }

  @Test
  void noticesAnExtraRow() {
    insertAndLoad();
    insert(target, "old", 9_000, 9_001, 1);
    assertThat(differences())
        .containsExactlyInAnyOrder(
            films("partition old: the source holds 100 rows, the target 101"),
            films("partition old: only on the target: key " + textKey(9_000)));
  }

  @Test
  void noticesARowInAnotherPartition() {
    insertAndLoad();
    delete("old", 1_550);
    insert(target, "_default", 1_550, 1_551, 1);
    assertThat(differences())
        .contains(
            films("partition old: missing on the target: key " + textKey(1_550)),
            films("partition _default: only on the target: key " + textKey(1_550)));
  }

  @Test
  void noticesARowThatIsThereTwice() {
    insertAndLoad();
    insert(target, "_default", 7, 8, 1);
    assertThat(differences())
        .containsExactly(
            films("partition _default: the source holds 1500 rows, the target 1501"),
            films(
                "partition _default: key "
                    + textKey(7)
                    + " has 1 rows on the source, 2 on the"
                    + " target"));
  }

  @Test
  void staysInStepWhereKeysRepeatOnBothSides() {
    insertAndLoad();
    for (int i = 0; i < 3; i++) {
      insert(source, "_default", 0, 1_200, 1);
      insert(target, "_default", 0, 1_200, 1);
    }
    assertThat(differences()).isEmpty();
    delete("_default", 1_400);
    assertThat(differences())
        .contains(films("partition _default: missing on the target: key " + textKey(1_400)));
  }

  /** More rows of one key than a page has, in a segment that other rows follow in. */
  @Test
  void hidesNothingBehindManyRowsOfOneKey() {
    insertAndLoad();
    insertRepeatedly(source, SMALLEST_KEY, 1_200);
    insertRepeatedly(target, SMALLEST_KEY, 1_200);
    // Only a segment that is loaded as it was flushed counts each row of a key.
    flush(source);
    release(source);
    load(source);
    insert(source, "_default", 20_000, 20_100, 1);
    insert(target, "_default", 20_000, 20_100, 1);
    assertThat(differences()).isEmpty();
  }

  @Test
  void doesNotTakeRowsOfOneKeyForEqualOrDifferent() {
    insertAndLoad();
    insert(source, "old", 5_000, 5_001, 2);
    insert(source, "old", 5_000, 5_001, 3);
    insert(target, "old", 5_000, 5_001, 3);
    insert(target, "old", 5_000, 5_001, 2);
    ClusterComparison.Report report = comparison().compare();
    assertThat(report.differences()).isEmpty();
    assertThat(report.notCompared())
        .containsExactly(
            films(
                "partition old: key "
                    + textKey(5_000)
                    + " has 2 rows, of which a query shows any one"));
  }

  @Test
  void noticesAnotherIndexParameter() {
    dropIndex("by_vector");
    createIndex(target, AllTypes.VECTOR, "by_vector", "{\"efConstruction\": 16, \"M\": 9}");
    assertThat(described())
        .containsExactly(films("index by_vector: parameter M is 8 on the source, 9 on the target"));
  }

  @Test
  void noticesAMissingIndex() {
    dropIndex("by_text");
    assertThat(described()).containsExactly(films("index by_text is missing on the target"));
  }

  @Test
  void noticesAMissingPartition() {
    target.call(
        stub ->
            stub.dropPartition(
                DropPartitionRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(FILMS)
                    .setPartitionName("old")
                    .build()));
    assertThat(described()).containsExactly(films("partition old is missing on the target"));
  }

  @Test
  void noticesAnotherPropertyButNotTheMarker() {
    setProperty("cdc.source.collection", "by-dev/1");
    assertThat(described()).isEmpty();
    setProperty("collection.ttl.seconds", "90000");
    assertThat(described())
        .containsExactly(
            films(
                "property collection.ttl.seconds is \"86400\" on the source, \"90000\" on the"
                    + " target"));
  }

  @Test
  void noticesAnotherAlias() {
    target.call(
        stub ->
            stub.dropAlias(
                DropAliasRequest.newBuilder().setDbName(database).setAlias("movies").build()));
    createAlias(target, "pictures");
    assertThat(described())
        .containsExactly(
            films("alias movies is missing on the target"),
            films("alias pictures is only on the target"));
  }

  @Test
  void noticesWhatIsNotLoaded() {
    insertAndLoad();
    release(target);
    assertThat(differences())
        .containsExactly(
            films("is loaded on the source, not loaded on the target"),
            films("rows not compared: not loaded on the target"));
    loadPartition(target, "old");
    assertThat(differences())
        .containsExactly(
            films("partition _default is loaded on the source only"),
            films("partition _default: rows not compared: not loaded on the target"));
  }

  @Test
  void loadsTemporarilyWhatIsNotLoaded() {
    insertAndLoad();
    release(source);
    releasePartition(target, "_default");
    delete("old", 1_555);
    LoadedPart before = loadedOnTarget();
    assertThat(before.partitions()).containsExactly("old");

    List<String> differences = comparison().loadingTemporarily().differences();

    assertThat(differences)
        .containsExactlyInAnyOrder(
            films("is not loaded on the source, loaded on the target"),
            films("partition old: the source holds 100 rows, the target 99"),
            films("partition old: missing on the target: key " + textKey(1_555)));
    assertThat(loadedOnTarget()).isEqualTo(before);
    assertThat(DescribedCollection.read(source, database, FILMS).loaded())
        .isEqualTo(LoadedPart.NOTHING);
  }

  @Test
  void noticesOtherDescriptionsOfACollectionAndItsFields() {
    CollectionSchema.Builder schema = TYPES.schema("other").toBuilder();
    create(source, "other", schema.build(), 2);
    schema.setDescription("Another one");
    schema.getFieldsBuilder(0).setDescription("Another key");
    create(target, "other", schema.build(), 1);
    assertThat(described())
        .containsExactly(
            database
                + ".other: description is \"Collection other: \"all\" types\" on the source,"
                + " \"Another one\" on the target",
            database + ".other: number of shards is 2 on the source, 1 on the target",
            database
                + ".other: field id: description is \"The \"key\" of a row\" on the source,"
                + " \"Another key\" on the target");
  }

  @Test
  void acceptsThatACopyKeepsTheKeysThatTheSourceMade() {
    AllTypes types = AllTypes.of(KeyKind.AUTO_ID, VectorKind.BINARY).withPartitionKey();
    create(source, "auto", types.schema("auto"), 1);
    CollectionSchema.Builder copy = types.schema("auto").toBuilder();
    copy.getFieldsBuilder(0).setAutoID(false);
    create(target, "auto", copy.build(), 1);
    assertThat(described()).isEmpty();
  }

  @Test
  void noticesMissingCollectionsAndDatabases() {
    create(source, "here", TYPES.schema("here"), 1);
    create(target, "there", TYPES.schema("there"), 1);
    assertThat(described())
        .containsExactly(
            database + ".here: missing on the target", database + ".there: only on the target");

    for (MilvusCluster side : List.of(source, target)) {
      String name = side == source ? "only_source" : "only_target";
      side.call(
          stub -> stub.createDatabase(CreateDatabaseRequest.newBuilder().setDbName(name).build()));
    }
    assertThat(
            ClusterComparison.of(source, target)
                .ofDatabases(Set.of("only_source", "only_target", "nowhere"))
                .differences())
        .containsExactly(
            "nowhere: neither cluster has this database",
            "only_source: the database is missing on the target",
            "only_target: the database is only on the target");
    for (MilvusCluster side : List.of(source, target)) {
      String name = side == source ? "only_source" : "only_target";
      side.call(
          stub -> stub.dropDatabase(DropDatabaseRequest.newBuilder().setDbName(name).build()));
    }
  }

  @Test
  void listsOnlyTheFirstDifferencesOfACollection() {
    insertAndLoad();
    delete("_default", LongStream.range(100, 200).toArray());
    assertThat(differences()).hasSize(21).endsWith(films("and more, which are not listed"));
  }

  @Test
  void theLogDecidesWhichRowsThereAre() throws Exception {
    insertAndLoad();
    insert(target, "_default", 2_000, 2_003, 1);
    sourcePlayground.start(Part.PULSAR);
    logInsert("_default", 0, 1_500);
    logInsert("old", 1_500, 1_600);
    logInsert("_default", 2_000, 2_003);
    logDelete("_default", 2_002);
    ClusterComparison.Report report = withLog();
    assertThat(report.differences())
        .containsExactlyInAnyOrder(
            films("partition _default: the source holds 1502 rows, the target 1503"),
            films("partition _default: only on the target: key " + textKey(2_002)));
    assertThat(report.notShown())
        .containsExactly(films("partition _default: shows 1500 rows, its log has 1502"));

    // What the source does not show is missing on the target all the same.
    delete("_default", 2_001, 2_002);
    assertThat(withLog().differences())
        .containsExactly(films("partition _default: the source holds 1502 rows, the target 1501"));
  }

  @Test
  void theLogDecidesWhichRowsWereDeleted() throws Exception {
    insertAndLoad();
    delete("_default", 7);
    sourcePlayground.start(Part.PULSAR);
    logInsert("_default", 0, 1_500);
    logInsert("old", 1_500, 1_600);
    logDelete("_default", 7);
    ClusterComparison.Report report = withLog();
    assertThat(report.differences()).isEmpty();
    assertThat(report.notShown())
        .containsExactly(films("partition _default: shows 1500 rows, its log has 1499"));

    delete("_default", 8);
    assertThat(withLog().differences())
        .containsExactly(
            films("partition _default: the source holds 1499 rows, the target 1498"),
            films("partition _default: missing on the target: key " + textKey(8)));
  }

  @Test
  void theLogDecidesHowManyRowsAKeyHas() throws Exception {
    insertAndLoad();
    insert(source, "_default", 7, 8, 1);
    sourcePlayground.start(Part.PULSAR);
    logInsert("_default", 0, 1_500);
    logInsert("old", 1_500, 1_600);
    ClusterComparison.Report report = withLog();
    assertThat(report.differences()).isEmpty();
    assertThat(report.notShown())
        .containsExactly(films("partition _default: shows 1501 rows, its log has 1500"));

    logInsert("_default", 7, 8);
    assertThat(withLog().differences())
        .containsExactly(
            films("partition _default: the source holds 1501 rows, the target 1500"),
            films(
                "partition _default: key "
                    + textKey(7)
                    + " has 2 rows on the source, 1 on the target"));
  }

  @Test
  void whatTheTargetHasAcknowledgedIsNoDifference() {
    insertAndLoad();
    AcknowledgedRows acknowledged = new AcknowledgedRows();
    acknowledged.changed(
        "CreateCollection",
        CreateCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(FILMS)
            .setSchema(TYPES.schema(FILMS).toByteString())
            .build()
            .toByteArray());
    acknowledged.acknowledged("Insert", insertion("_default", 0, 900, 1).toByteArray());
    upsert(with(rows(700, 701), AllTypes.VECTOR, ClusterComparisonIT::nextFloat));
    delete("_default", 800, 1_000);
    ClusterComparison.Report report =
        comparison().loadingTemporarily().knowing(acknowledged).compare();
    assertThat(report.differences())
        .containsExactly(
            films("partition _default: the source holds 1500 rows, the target 1498"),
            films("partition _default: missing on the target: key " + textKey(1_000)));
    assertThat(report.forgotten()).containsExactly(database + "." + FILMS);
  }

  private ClusterComparison.Report withLog() {
    return comparison()
        .loadingTemporarily()
        .knowing(new SourceLog(sourcePlayground.pulsarServiceUrl()))
        .compare();
  }

  /** The source has a log of its own elsewhere: what is written here, it does not see. */
  private void logInsert(String partition, long from, long to) throws Exception {
    log(
        collection ->
            Msg.InsertRequest.newBuilder()
                .setBase(MsgBase.newBuilder().setMsgType(MsgType.Insert))
                .setCollectionID(collection.description().getCollectionID())
                .setPartitionID(collection.partitionIds().get(partition))
                .addAllFieldsData(rows(from, to))
                .addAllTimestamps(Collections.nCopies((int) (to - from), 10L))
                .build());
  }

  private void logDelete(String partition, long number) throws Exception {
    log(
        collection ->
            Msg.DeleteRequest.newBuilder()
                .setBase(MsgBase.newBuilder().setMsgType(MsgType.Delete))
                .setCollectionID(collection.description().getCollectionID())
                .setPartitionID(collection.partitionIds().get(partition))
                .setPrimaryKeys(
                    IDs.newBuilder().setStrId(StringArray.newBuilder().addData(textKey(number))))
                .addTimestamps(20)
                .build());
  }

  private void log(Function<DescribedCollection, Message> message) throws Exception {
    DescribedCollection collection = DescribedCollection.read(source, database, FILMS);
    try (PulsarClient client =
            PulsarClient.builder().serviceUrl(sourcePlayground.pulsarServiceUrl()).build();
        Producer<byte[]> producer =
            client
                .newProducer()
                .topic(
                    "persistent://public/default/"
                        + collection.description().getPhysicalChannelNames(0))
                .create()) {
      MessageId unused = producer.send(message.apply(collection).toByteArray());
    }
  }

  private ClusterComparison comparison() {
    return ClusterComparison.of(source, target).ofDatabases(Set.of(database));
  }

  private List<String> differences() {
    return comparison().differences();
  }

  /** Without rows: nothing is loaded. */
  private List<String> described() {
    return comparison().compare().differences();
  }

  private String films(String difference) {
    return database + "." + FILMS + ": " + difference;
  }

  /** The key of a number, as the rows have it. */
  private static String textKey(long number) {
    return TYPES.rows(number, number + 1, 1).get(0).getScalars().getStringData().getData(0);
  }

  private static List<FieldData> rows(long from, long to) {
    return TYPES.rows(from, to, 1);
  }

  private static List<FieldData> with(
      List<FieldData> rows, String field, UnaryOperator<FieldData> change) {
    return new ArrayList<>(
        rows.stream()
            .map(column -> column.getFieldName().equals(field) ? change.apply(column) : column)
            .toList());
  }

  private static FieldData nextFloat(FieldData column) {
    FieldData.Builder changed = column.toBuilder();
    float value = column.getVectors().getFloatVector().getData(3);
    changed.getVectorsBuilder().getFloatVectorBuilder().setData(3, Math.nextUp(value));
    return changed.build();
  }

  private void create(MilvusCluster side, String name, CollectionSchema schema, int shards) {
    side.call(
        stub ->
            stub.createCollection(
                CreateCollectionRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(name)
                    .setSchema(schema.toByteString())
                    .setShardsNum(shards)
                    .setConsistencyLevel(ConsistencyLevel.Session)
                    .addProperties(pair("collection.ttl.seconds", "86400"))
                    .build()));
  }

  private void createPartition(MilvusCluster side, String name) {
    side.call(
        stub ->
            stub.createPartition(
                CreatePartitionRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(FILMS)
                    .setPartitionName(name)
                    .build()));
  }

  private void insert(MilvusCluster side, String partition, long from, long to, int mark) {
    InsertRequest request = insertion(partition, from, to, mark);
    side.call(stub -> stub.insert(request), MutationResult::getStatus);
  }

  private InsertRequest insertion(String partition, long from, long to, int mark) {
    return InsertRequest.newBuilder()
        .setDbName(database)
        .setCollectionName(FILMS)
        .setPartitionName(partition)
        .setNumRows((int) (to - from))
        .addAllFieldsData(TYPES.rows(from, to, mark))
        .build();
  }

  private void insertRepeatedly(MilvusCluster side, long number, int times) {
    List<FieldData> row = TYPES.rows(number, number + 1, 1);
    InsertRequest.Builder request =
        InsertRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(FILMS)
            .setPartitionName("_default")
            .setNumRows(times);
    for (FieldData value : row) {
      FieldData.Builder column = value.toBuilder();
      for (int i = 1; i < times; i++) {
        column.mergeFrom(value);
      }
      request.addFieldsData(column);
    }
    side.call(stub -> stub.insert(request.build()), MutationResult::getStatus);
  }

  private void flush(MilvusCluster side) {
    FlushRequest request =
        FlushRequest.newBuilder().setDbName(database).addCollectionNames(FILMS).build();
    FlushResponse flush = side.call(stub -> stub.flush(request), FlushResponse::getStatus);
    GetFlushStateRequest state =
        GetFlushStateRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(FILMS)
            .addAllSegmentIDs(flush.getCollSegIDsOrThrow(FILMS).getDataList())
            .setFlushTs(flush.getCollFlushTsOrThrow(FILMS))
            .build();
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () ->
                side.call(stub -> stub.getFlushState(state), GetFlushStateResponse::getStatus)
                    .getFlushed());
  }

  private void upsert(List<FieldData> oneRow) {
    UpsertRequest request =
        UpsertRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(FILMS)
            .setNumRows(1)
            .addAllFieldsData(oneRow)
            .build();
    target.call(stub -> stub.upsert(request), MutationResult::getStatus);
  }

  private void delete(String partition, long... numbers) {
    DeleteRequest request =
        DeleteRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(FILMS)
            .setPartitionName(partition)
            .setExpr(TYPES.expression(LongStream.of(numbers)))
            .build();
    target.call(stub -> stub.delete(request), MutationResult::getStatus);
  }

  private void createIndex(MilvusCluster side, String field, String name, String parameters) {
    CreateIndexRequest.Builder request =
        CreateIndexRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(FILMS)
            .setFieldName(field)
            .setIndexName(name);
    if (!parameters.isEmpty()) {
      request
          .addExtraParams(pair("index_type", "HNSW"))
          .addExtraParams(pair("metric_type", "L2"))
          .addExtraParams(pair("params", parameters));
    }
    side.call(stub -> stub.createIndex(request.build()));
  }

  private void dropIndex(String name) {
    target.call(
        stub ->
            stub.dropIndex(
                DropIndexRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(FILMS)
                    .setIndexName(name)
                    .build()));
  }

  private void createAlias(MilvusCluster side, String alias) {
    side.call(
        stub ->
            stub.createAlias(
                CreateAliasRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(FILMS)
                    .setAlias(alias)
                    .build()));
  }

  private void setProperty(String key, String value) {
    target.call(
        stub ->
            stub.alterCollection(
                AlterCollectionRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(FILMS)
                    .addProperties(pair(key, value))
                    .build()));
  }

  private void load(MilvusCluster side) {
    side.call(
        stub ->
            stub.loadCollection(
                LoadCollectionRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(FILMS)
                    .setReplicaNumber(1)
                    .build()));
  }

  private void loadPartition(MilvusCluster side, String partition) {
    side.call(
        stub ->
            stub.loadPartitions(
                LoadPartitionsRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(FILMS)
                    .addPartitionNames(partition)
                    .setReplicaNumber(1)
                    .build()));
  }

  private void release(MilvusCluster side) {
    side.call(
        stub ->
            stub.releaseCollection(
                ReleaseCollectionRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(FILMS)
                    .build()));
  }

  private void releasePartition(MilvusCluster side, String partition) {
    side.call(
        stub ->
            stub.releasePartitions(
                ReleasePartitionsRequest.newBuilder()
                    .setDbName(database)
                    .setCollectionName(FILMS)
                    .addPartitionNames(partition)
                    .build()));
  }

  private LoadedPart loadedOnTarget() {
    return DescribedCollection.read(target, database, FILMS).loaded();
  }

  private static KeyValuePair pair(String key, String value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(value).build();
  }
}
