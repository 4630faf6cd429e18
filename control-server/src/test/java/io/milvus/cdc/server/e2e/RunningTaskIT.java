package io.milvus.cdc.server.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.server.ListeningSockets;
import io.milvus.cdc.workload.SourceWriter;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/** The control server as a process of its own, and its Flink, between real servers. */
class RunningTaskIT {

  private static TaskScenario scenario;
  private static CdcClient client;
  private String task;

  @BeforeAll
  static void start() {
    scenario = new TaskScenario();
    client = scenario.client;
  }

  @AfterAll
  static void stop() {
    scenario.close();
  }

  @BeforeEach
  void createTask() {
    task = client.create(scenario.playground.targetUri());
    scenario.awaitState(task, "Running");
  }

  @AfterEach
  void deleteTask() {
    client.ask("delete", task);
  }

  @Test
  void aTaskTellsWhatItDoes() {
    SourceWriter writer = scenario.newCollection("told");
    writer.insert(0, 100, 1);
    scenario.awaitSame("told");
    scenario.awaitReplicated(task);

    JsonNode told = client.task(task);
    assertThat(told.get("state").asText()).isEqualTo("Running");
    assertThat(told.get("rows_inserted").asLong()).isEqualTo(100);
    assertThat(told.get("ddl_applied").asLong()).isPositive();
    assertThat(told.get("job_id").asText()).hasSize(32);
    assertThat(told.has("lag_ms")).isTrue();
    for (String series :
        List.of(
            "task_lag_seconds{",
            "task_rows_read_total{",
            "task_bytes_written_total{",
            "task_operations_total{kind=\"insert\",",
            "task_retries_total{cause=\"outage\",",
            "task_messages_skipped_total{cause=\"gone\",",
            "task_call_seconds{quantile=\"0.99\",",
            "collection_rows_inserted_total{collection=\"told\",database=\"default\",")) {
      await()
          .atMost(TaskScenario.PATIENCE)
          .until(
              client::metrics,
              text -> text.contains("milvus_cdc_" + series + "task_id=\"" + task + "\"} "));
    }
    assertThat(client.post("{\"request_type\":\"list\"}").data().get("tasks"))
        .extracting(each -> each.get("task_id").asText())
        .containsExactly(task);
  }

  /** The third one is of Flink, for its own files. */
  @Test
  @DisabledIfSystemProperty(
      named = "e2e.flink",
      matches = "cluster",
      disabledReason = "the cluster's Flink listens elsewhere")
  void nobodyElseReachesAServerWithATaskAndItListensOnThreePorts() throws Exception {
    SourceWriter writer = scenario.newCollection("reached");
    writer.insert(0, 10, 1);
    scenario.awaitSame("reached");

    assertThat(ListeningSockets.of(scenario.playground.pid(Part.SERVER)))
        .contains(
            ListeningSockets.onLoopback(scenario.playground.ports().server()),
            ListeningSockets.onLoopback(scenario.playground.ports().flink()))
        .hasSize(3)
        .allMatch(ListeningSockets::isOnLoopback);
  }

  @Test
  void neitherTimeNorRowsAreLogged() {
    SourceWriter writer = scenario.newCollection("quiet");
    writer.insert(0, 10, 1);
    scenario.awaitSame("quiet");
    scenario.awaitReplicated(task);
    NewLogLines lines = scenario.newLogLines();

    scenario.awaitCheckpoints(task, 3);
    scenario.awaitReplicated(task);
    assertThat(lines.read()).as("an idle task").isEmpty();

    for (int i = 1; i <= 5; i++) {
      writer.insert(i * 100, i * 100 + 50, i);
      writer.upsert(0, 10, i);
      writer.delete("id in [" + i * 100 + "]");
    }
    scenario.awaitSame("quiet");
    scenario.awaitCheckpoints(task, 1);
    assertThat(lines.read()).as("a task with rows").isEmpty();
  }

  @Test
  void rowsWrittenDuringAPauseArriveAfterIt() {
    SourceWriter writer = scenario.newCollection("paused");
    writer.insert(0, 100, 1);
    scenario.awaitSame("paused");

    client.ask("pause", task).data();
    assertThat(client.state(task)).isEqualTo("Paused");
    assertThat(client.ask("pause", task).status()).isEqualTo(409);
    writer.insert(100, 200, 1);
    writer.upsert(0, 50, 2);
    writer.delete("id in [60, 61, 150]");
    // Milvus keeps both rows of a key that is inserted twice; so must the copy.
    writer.insert(300, 310, 1);
    writer.insert(300, 310, 2);
    assertThat(scenario.differences("paused")).isNotEmpty();

    client.ask("resume", task).data();
    scenario.awaitSame("paused");
    scenario.awaitState(task, "Running");
  }

  @Test
  void whatIsDroppedDuringAPauseIsDroppedAfterIt() {
    SourceWriter writer = scenario.newCollection("dropped");
    writer.insert(0, 10, 1);
    scenario.awaitSame("dropped");

    client.ask("pause", task).data();
    writer.drop();
    SourceWriter successor = scenario.newCollection("dropped");
    successor.insert(5, 8, 2);
    client.ask("resume", task).data();

    scenario.awaitSame("dropped");
  }

  /** As docs/operating.md tells operators to do it. */
  @Test
  void theTargetTakesOver() {
    SourceWriter writer = scenario.newCollection("promoted");
    writer.insert(0, 500, 1);
    writer.delete("id in [7, 8]");

    scenario.awaitReplicated(task);
    client.ask("pause", task).data();
    scenario.awaitSame("promoted");
    SourceWriter onTarget =
        new SourceWriter(scenario.target, "default", "promoted", SourceWriter.Kind.INT64);
    onTarget.insert(500, 600, 2);
    onTarget.upsert(0, 10, 2);
    client.ask("delete", task).data();
    assertThat(scenario.differences("promoted")).as("the target has gone on").isNotEmpty();

    // What the target has to hold by now, since nothing is replicated any more.
    writer.insert(500, 600, 2);
    writer.upsert(0, 10, 2);
    scenario.awaitSame("promoted");
  }

  @Test
  void aKilledServerComesBackWithItsTaskAndLosesAndDoublesNothing() {
    SourceWriter writer = scenario.newCollection("killed");
    writer.insert(0, 100, 1);
    scenario.awaitSame("killed");

    AtomicBoolean write = new AtomicBoolean(true);
    CompletableFuture<Integer> lastKey =
        CompletableFuture.supplyAsync(
            () -> {
              int key = 100;
              while (write.get()) {
                writer.insert(key, key + 7, 1);
                key += 7;
              }
              return key;
            });
    for (int round = 0; round < 2; round++) {
      long inserted = client.task(task).get("rows_inserted").asLong();
      await()
          .atMost(TaskScenario.PATIENCE)
          .until(() -> client.task(task).get("rows_inserted").asLong() > inserted);
      scenario.playground.kill(Part.SERVER);
      scenario.playground.start(Part.SERVER);
      scenario.awaitState(task, "Running");
    }
    write.set(false);
    assertThat(lastKey.join()).isGreaterThan(100);

    scenario.awaitReplicated(task);
    scenario.awaitSame("killed");
  }

  @Test
  @DisabledIfSystemProperty(
      named = "e2e.flink",
      matches = "cluster",
      disabledReason = "jobs on a cluster go on while the server is stopped")
  void aStoppedServerTakesSavepointsAndContinuesFromThem() {
    SourceWriter writer = scenario.newCollection("stopped");
    writer.insert(0, 100, 1);
    scenario.awaitSame("stopped");
    JsonNode before = client.task(task);

    scenario.playground.stop(Part.SERVER);
    writer.insert(100, 200, 1);
    writer.upsert(0, 50, 2);
    writer.delete("id in [60, 61, 150]");
    assertThat(scenario.differences("stopped")).as("nobody replicates").isNotEmpty();
    scenario.playground.start(Part.SERVER);
    scenario.awaitState(task, "Running");

    JsonNode restored =
        client.restored(scenario.playground.flinkUrl(), client.task(task).get("job_id").asText());
    assertThat(restored.path("is_savepoint").asBoolean()).as(restored.toString()).isTrue();
    assertThat(restored.path("external_path").asText())
        .contains("savepoints/" + before.get("job_id").asText());
    scenario.awaitSame("stopped");
    assertThat(client.task(task).get("rows_inserted").asLong())
        .as("no count is lost by an orderly stop")
        .isGreaterThanOrEqualTo(before.get("rows_inserted").asLong());
  }

  @Test
  void aTargetThatIsAwayIsToldAndAPauseDoesNotNeedIt() {
    SourceWriter writer = scenario.newCollection("away");
    writer.insert(0, 100, 1);
    scenario.awaitSame("away");
    scenario.awaitReplicated(task);

    NewLogLines lines = scenario.newLogLines();
    scenario.playground.kill(Part.TARGET);
    try {
      writer.insert(100, 200, 1);
      assertToldAndPaused();
      assertThat(lines.read().stream().filter(line -> line.contains("Not applied yet")))
          .as("of all the tries")
          .singleElement(InstanceOfAssertFactories.STRING)
          .contains("task=" + task + " ", "away", "reason=");
    } finally {
      scenario.playground.start(Part.TARGET);
    }
    client.ask("resume", task).data();
    scenario.awaitReplicated(task);
    scenario.awaitSame("away");
  }

  private void assertToldAndPaused() {
    await()
        .atMost(TaskScenario.PATIENCE)
        .untilAsserted(
            () -> {
              JsonNode told = client.task(task);
              assertThat(told.path("state").asText()).isEqualTo("Running");
              assertThat(told.path("lag_ms").asLong()).isGreaterThan(3_000);
              assertThat(told.path("reason").asText())
                  .contains(Integer.toString(scenario.playground.ports().targetMilvus()));
            });
    client.ask("pause", task).data();
    JsonNode paused = client.task(task);
    assertThat(paused.path("state").asText()).isEqualTo("Paused");
    await()
        .atMost(TaskScenario.PATIENCE)
        .until(
            () -> client.task(task).path("lag_ms").asLong(),
            lag -> lag > paused.path("lag_ms").asLong() + 2_000);
  }

  @Test
  void nothingIsLeftOnTheBroker() {
    SourceWriter writer = scenario.newCollection("unnoticed");
    writer.insert(0, 10, 1);
    scenario.awaitSame("unnoticed");
    // While it is read, the readers' own subscriptions can be seen: they go with their connection.
    assertThat(client.subscriptions(scenario.playground.pulsarAdminUrl()))
        .anyMatch(subscription -> subscription.contains("/milvus-cdc-"));

    client.ask("pause", task).data();
    List<String> paused = client.subscriptions(scenario.playground.pulsarAdminUrl());
    client.ask("resume", task).data();
    scenario.awaitState(task, "Running");
    scenario.awaitReplicated(task);
    client.ask("delete", task).data();

    assertThat(paused).noneMatch(subscription -> subscription.contains("/milvus-cdc-"));
    await()
        .atMost(TaskScenario.PATIENCE)
        .untilAsserted(
            () ->
                assertThat(client.subscriptions(scenario.playground.pulsarAdminUrl()))
                    .isEqualTo(paused));
    assertThat(client.ask("get", task).status()).isEqualTo(404);
  }
}
