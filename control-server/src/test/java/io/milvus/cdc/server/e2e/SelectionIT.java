package io.milvus.cdc.server.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.milvus.cdc.compare.RowComparison;
import io.milvus.cdc.workload.SourceWriter;
import io.milvus.cdc.workload.SourceWriter.Kind;
import io.milvus.grpc.DropCollectionRequest;
import io.milvus.grpc.RenameCollectionRequest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a task replicates, under which names, and from where on, between real servers. */
class SelectionIT {

  private static TaskScenario scenario;
  private static CdcClient client;
  private final List<String> tasks = new ArrayList<>();

  @BeforeAll
  static void start() {
    scenario = new TaskScenario();
    client = scenario.client;
  }

  @AfterAll
  static void stop() {
    scenario.close();
  }

  @AfterEach
  void deleteTasks() {
    tasks.forEach(task -> client.ask("delete", task));
  }

  @Test
  void twoTasksShareATarget() {
    SourceWriter one = scenario.newCollection("shared_one");
    SourceWriter other = scenario.newCollection("shared_other");
    SourceWriter neither = scenario.newCollection("shared_neither");
    create("'collection_infos':[{'name':'shared_one'},{'name':'shared_later'}]");
    String second = create("'db_collections':{'default':[{'name':'shared_other'}]}");
    one.insert(0, 50, 1);
    other.insert(0, 60, 2);
    neither.insert(0, 70, 3);
    SourceWriter later = scenario.newCollection("shared_later");
    later.insert(0, 10, 4);
    SourceWriter laterNeither = scenario.newCollection("shared_later_neither");
    laterNeither.insert(0, 10, 4);
    scenario.awaitSame("shared_one");
    scenario.awaitSame("shared_other");
    scenario.awaitSame("shared_later");
    tasks.forEach(scenario::awaitReplicated);
    for (String unselected : List.of("shared_neither", "shared_later_neither")) {
      assertThat(SourceWriter.exists(scenario.target, "default", unselected)).isFalse();
    }

    CdcClient.Answer overlapping = post("'collection_infos':[{'name':'shared_other'}]");
    assertThat(overlapping.status()).isEqualTo(409);
    assertThat(overlapping.body().path("message").asText()).contains(second);

    other.drop();
    await()
        .atMost(TaskScenario.PATIENCE)
        .until(() -> !SourceWriter.exists(scenario.target, "default", "shared_other"));
    scenario.awaitSame("shared_one");
  }

  @Test
  void aCollectionThatIsRenamedOutOfTheSelectionHoldsNothingBack() {
    SourceWriter leaves = scenario.newCollection("leaves");
    SourceWriter stays = scenario.newCollection("stays");
    String task = create("'collection_infos':[{'name':'leaves'},{'name':'stays'}]");
    leaves.insert(0, 10, 1);
    stays.insert(0, 10, 1);
    scenario.awaitSame("leaves");
    scenario.source.call(
        stub ->
            stub.renameCollection(
                RenameCollectionRequest.newBuilder()
                    .setOldName("leaves")
                    .setNewName("has_left")
                    .build()));
    await().atMost(TaskScenario.PATIENCE).until(() -> client.task(task).has("stopped_collections"));
    assertThat(client.task(task).path("stopped_collections").get(0).path("reason").asText())
        .contains("renamed to default.has_left");

    stays.insert(10, 20, 1);
    scenario.awaitReplicated(task);
    scenario.awaitSame("stays");
    assertThat(client.task(task).has("reason")).isFalse();
    assertThat(SourceWriter.exists(scenario.target, "default", "leaves")).isTrue();
  }

  /** An earlier task made it, and clients may be using it on the target by now. */
  @Test
  void aTaskDropsNoCopyOfWhatItDoesNotSelect() {
    SourceWriter leftBehind = scenario.newCollection("left_behind");
    SourceWriter followed = scenario.newCollection("still_followed");
    String first = create("'collection_infos':[{'name':'left_behind'}]");
    leftBehind.insert(0, 10, 1);
    scenario.awaitSame("left_behind");
    client.ask("delete", first).data();

    String second = create("'collection_infos':[{'name':'still_followed'}]");
    followed.insert(0, 10, 1);
    scenario.awaitSame("still_followed");
    leftBehind.drop();
    followed.insert(10, 20, 1);
    scenario.awaitSame("still_followed");
    scenario.awaitReplicated(second);

    assertThat(SourceWriter.exists(scenario.target, "default", "left_behind")).isTrue();
  }

  @Test
  void databasesAndCollectionsAreRenamed() {
    SourceWriter.createDatabase(scenario.source, "films");
    SourceWriter before = newCollection("films", "seen");
    before.insert(0, 100, 1);
    String task =
        create(
            "'db_collections':{'films':[{'name':'*'}]},"
                + "'name_mapping':[{'source_db':'films','target_db':'movies'},"
                + "{'source_db':'films','target_db':'archive','collection_mapping':{'old':'kept'}}]");
    SourceWriter later = newCollection("films", "later");
    later.insert(0, 20, 2);
    SourceWriter old = newCollection("films", "old");
    old.insert(0, 30, 3);
    old.delete("id in [1, 2]");

    awaitSame("films", "seen", "movies", "seen");
    awaitSame("films", "later", "movies", "later");
    awaitSame("films", "old", "archive", "kept");
    assertThat(client.task(task).path("name_mapping").size()).isEqualTo(2);

    client.ask("pause", task).data();
    later.drop();
    before.upsert(0, 10, 9);
    client.ask("resume", task).data();
    awaitSame("films", "seen", "movies", "seen");
    await()
        .atMost(TaskScenario.PATIENCE)
        .until(() -> !SourceWriter.exists(scenario.target, "movies", "later"));
    assertThat(scenario.target.databases()).contains("movies", "archive").doesNotContain("films");
  }

  @Test
  void aTaskHandsOverToAnother() {
    SourceWriter writer = scenario.newCollection("handed");
    writer.insert(0, 100, 1);
    String first = create("'collection_infos':[{'name':'handed'}]");
    scenario.awaitSame("handed");
    scenario.awaitReplicated(first);
    client.ask("pause", first).data();

    ObjectNode positions = new ObjectMapper().createObjectNode();
    for (JsonNode position : client.ask("position", first).data().path("positions")) {
      assertThat(position.path("collection").asText()).isEqualTo("handed");
      positions.put(position.path("channel_name").asText(), position.path("position").asText());
    }
    assertThat(positions).as("one for each shard").hasSize(2);
    writer.insert(100, 200, 2);
    client.ask("delete", first).data();

    dropOnTarget("handed");
    String second = create("'collection_infos':[{'name':'handed','positions':" + positions + "}]");
    await()
        .atMost(TaskScenario.PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(scenario.differences("handed"))
                    .as("only what came after the position is applied")
                    .contains("the source holds 200 rows, the target 100"));
    client.ask("delete", second).data();

    dropOnTarget("handed");
    create("'collection_infos':[{'name':'handed','use_start_position':true}]");
    scenario.awaitSame("handed");
  }

  private static void dropOnTarget(String name) {
    scenario.target.call(
        stub ->
            stub.dropCollection(
                DropCollectionRequest.newBuilder().setCollectionName(name).build()));
  }

  @Test
  void aStartThatIsNotThereIsRefused() {
    scenario.newCollection("unstartable");
    String gone = Base64.getEncoder().encodeToString(new byte[] {18, 4, 8, 0, 16, 0, 32, 7});
    CdcClient.Answer unknown =
        post("'collection_infos':[{'name':'unstartable','positions':{'dml_5v0':'" + gone + "'}}]");
    assertThat(unknown.status()).isEqualTo(400);
    assertThat(unknown.body().path("message").asText()).contains("channel dml_5v0");
  }

  private SourceWriter newCollection(String database, String name) {
    SourceWriter writer = new SourceWriter(scenario.source, database, name, Kind.INT64);
    writer.create(2);
    writer.load();
    return writer;
  }

  private void awaitSame(
      String database, String collection, String targetDatabase, String targetCollection) {
    await()
        .atMost(TaskScenario.PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(
                        RowComparison.differences(
                            scenario.source,
                            database,
                            collection,
                            scenario.target,
                            targetDatabase,
                            targetCollection))
                    .isEmpty());
  }

  private String create(String rest) {
    String task = post(rest).data().path("task_id").asText();
    tasks.add(task);
    return task;
  }

  private CdcClient.Answer post(String rest) {
    return client.post(
        ("{'request_type':'create','request_data':{'milvus_connect_param':{'uri':'"
                + scenario.playground.targetUri()
                + "'},"
                + rest
                + "}}")
            .replace('\'', '"'));
  }
}
