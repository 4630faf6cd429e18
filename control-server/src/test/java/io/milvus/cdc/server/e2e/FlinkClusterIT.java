package io.milvus.cdc.server.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.PlaygroundSettings;
import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import io.milvus.cdc.workload.SourceWriter;
import io.milvus.cdc.workload.SourceWriter.Kind;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The job's jar on a Flink cluster whose JobManager and TaskManagers are processes of their own.
 */
class FlinkClusterIT {

  private static final int COLLECTIONS = 8;
  private static final int SHARDS = 4;
  private static final int PARALLELISM = 4;

  private static final Path BUILT_JAR =
      Path.of("target/control-server/cluster/milvus-cdc-job.jar").toAbsolutePath();

  @TempDir private static Path installation;

  private static TaskScenario scenario;

  @BeforeAll
  static void start() throws Exception {
    Files.copy(BUILT_JAR, installedJar());
    // Each process needs the key: the target's password is sealed in the task store.
    Map<String, String> key = Map.of("CDC_SECRET_KEY", "A".repeat(43) + "=");
    PlaygroundSettings settings =
        PlaygroundSettings.defaults()
            .withFlinkMode(FlinkMode.CLUSTER)
            .withPartSettings(
                Part.SERVER,
                Map.of(
                    "CDC_SECRET_KEY",
                    key.get("CDC_SECRET_KEY"),
                    "CDC_FLINK_JOB_JAR",
                    installedJar().toString()))
            .withPartSettings(Part.JOB_MANAGER, key)
            .withPartSettings(Part.TASK_MANAGER, key)
            .withPartSettings(Part.SECOND_TASK_MANAGER, key)
            .withPartSettings(Part.TARGET, Map.of("common.security.authorizationEnabled", "true"));
    scenario = new TaskScenario(settings, target -> target.withAuthorization("root", "Milvus"));
  }

  @AfterAll
  static void stop() {
    scenario.close();
  }

  @Test
  void theSameTaskRunsOnARealCluster() {
    SourceWriter writer = scenario.newCollection("clustered");
    String task = create(1, "clustered");
    scenario.awaitState(task, "Running");
    writer.insert(0, 500, 1);
    scenario.awaitSame("clustered");

    scenario.client.ask("pause", task).data();
    writer.upsert(100, 200, 2);
    writer.delete("id in [1, 2, 3]");
    scenario.client.ask("resume", task).data();
    scenario.awaitSame("clustered");

    // The cluster's jobs are not the server's to stop.
    scenario.playground.stop(Part.SERVER);
    writer.insert(500, 600, 3);
    scenario.awaitSame("clustered");

    scenario.playground.start(Part.SERVER);
    scenario.awaitState(task, "Running");
    String job = scenario.client.task(task).get("job_id").asText();
    assertThat(scenario.client.ask("delete", task).status()).isEqualTo(200);
    assertThat(job).hasSize(32);
  }

  @Test
  void aLargeTaskIsSpreadOverTheTaskManagersAndNoCollectionIsSplit() {
    TreeMap<String, SourceWriter> writers = new TreeMap<>();
    IntStream.range(0, COLLECTIONS).forEach(i -> addCollection(writers));
    String task = create(PARALLELISM, "*");
    scenario.awaitState(task, "Running");
    String job = scenario.client.task(task).get("job_id").asText();

    // Which subtask a collection belongs to follows from its id, which chance decides.
    while (collectionsByTaskManager(job).containsValue(0)) {
      addCollection(writers);
    }

    writers.values().forEach(writer -> writer.insert(0, 500, 1));
    writers.keySet().forEach(scenario::awaitSame);
    assertThat(collectionsByTaskManager(job)).hasSize(2).doesNotContainValue(0);
    assertThat(scenario.client.ask("delete", task).status()).isEqualTo(200);
  }

  /**
   * Flink waits for what a task manager that is lost was asked as long as {@code flink-conf} says.
   */
  @Test
  void progressIsToldAgainAfterATaskManagerWasLostThatWasBeingAsked() {
    SourceWriter writer = scenario.newCollection("lost");
    String task = create(2, "lost");
    scenario.awaitState(task, "Running");
    writer.insert(0, 100, 1);
    scenario.awaitSame("lost");

    scenario.playground.suspend(Part.TASK_MANAGER);
    Instant lost = Instant.now();
    writer.insert(100, 200, 1);
    await()
        .atMost(TaskScenario.PATIENCE)
        .until(
            () ->
                Instant.parse(scenario.client.task(task).get("replicated_until").asText())
                    .isAfter(lost));
    scenario.awaitSame("lost");

    scenario.playground.kill(Part.TASK_MANAGER);
    scenario.playground.start(Part.TASK_MANAGER);
    assertThat(scenario.client.ask("delete", task).status()).isEqualTo(200);
  }

  /** {@code flink-conf} has the log lines name the task, and Prometheus shown the metrics. */
  @Test
  void theClusterTellsOfTasksWhatTheDocumentsSay() throws Exception {
    NewLogLines lines = scenario.newLogLines();
    SourceWriter writer = scenario.newCollection("told");
    SourceWriter other = new SourceWriter(scenario.target, "default", "unfit", Kind.VARCHAR);
    other.create(1);
    SourceWriter unfit = scenario.newCollection("unfit");
    String task = create(1, "told", "unfit");
    scenario.awaitState(task, "Running");
    writer.insert(0, 50, 1);
    scenario.awaitSame("told");
    await()
        .atMost(TaskScenario.PATIENCE)
        .until(() -> scenario.client.task(task).has("stopped_collections"));

    await()
        .atMost(TaskScenario.PATIENCE)
        .untilAsserted(
            () ->
                assertThat(scenario.client.task(task).path("reason").asText())
                    .contains("collection default.unfit"));

    assertThat(lines.read())
        .filteredOn(line -> line.contains("Collection stopped"))
        .singleElement(InstanceOfAssertFactories.STRING)
        .containsPattern("job=[0-9a-f]{32} task=" + task + " ")
        .contains("for=\"collection default.unfit", "reason=\"");
    String operating =
        Files.readString(PlaygroundSettings.defaults().repository().resolve("docs/operating.md"));
    Set<String> documented =
        Pattern.compile("`(cdc[A-Z]\\w+)`")
            .matcher(operating)
            .results()
            .map(name -> name.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(documented).hasSizeGreaterThan(10);
    String shown =
        scenario.playground.flinkMetricsUrls().stream()
            .map(scenario.client::text)
            .collect(Collectors.joining());
    assertThat(documented)
        .allMatch(name -> shown.matches("(?s).*_operator_(\\w+_)?" + name + ".*"));
    assertThat(scenario.client.ask("delete", task).status()).isEqualTo(200);
    unfit.drop();
  }

  /** The sequence of docs/operating.md. */
  @Test
  void anUpgradeGoesOnWhereTheReleaseBeforeWas() throws Exception {
    SourceWriter writer = scenario.newCollection("upgraded");
    String task = create(1, "upgraded");
    scenario.awaitState(task, "Running");
    writer.insert(0, 300, 1);
    scenario.awaitSame("upgraded");
    String before = release(task);

    scenario.client.ask("pause", task).data();
    writer.upsert(100, 200, 2);
    writer.delete("id in [1, 2, 3]");
    scenario.playground.stop(Part.SERVER);
    install("next-" + before);
    scenario.playground.start(Part.SERVER);
    assertThat(scenario.client.state(task)).isEqualTo("Paused");
    scenario.client.ask("resume", task).data();
    scenario.awaitState(task, "Running");
    scenario.awaitSame("upgraded");

    assertThat(before).startsWith("0.");
    assertThat(release(task)).isEqualTo("next-" + before);
    assertThat(scenario.client.ask("delete", task).status()).isEqualTo(200);
  }

  private static String release(String task) {
    String job = scenario.client.task(task).get("job_id").asText();
    return scenario.client.release(scenario.playground.flinkUrl(), job);
  }

  private static Path installedJar() {
    return installation.resolve("milvus-cdc-job.jar");
  }

  /** Puts a jar in place that is the built one but for the release that it says. */
  private static void install(String release) throws Exception {
    try (FileSystem jar = FileSystems.newFileSystem(installedJar())) {
      Path file = jar.getPath("META-INF/MANIFEST.MF");
      Manifest manifest;
      try (InputStream in = Files.newInputStream(file)) {
        manifest = new Manifest(in);
      }
      manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, release);
      try (OutputStream out = Files.newOutputStream(file)) {
        manifest.write(out);
      }
    }
  }

  private static void addCollection(Map<String, SourceWriter> writers) {
    String name = "wide_" + writers.size();
    SourceWriter writer = new SourceWriter(scenario.source, "default", name, Kind.INT64);
    writer.create(SHARDS);
    writer.load();
    writers.put(name, writer);
  }

  /** Waits until the subtasks together follow each collection once. */
  private static Map<String, Integer> collectionsByTaskManager(String job) {
    int collections = scenario.source.collections("default").size();
    return await()
        .atMost(TaskScenario.PATIENCE)
        .until(
            () ->
                scenario.client.followed(scenario.playground.flinkUrl(), job).stream()
                    .collect(
                        Collectors.groupingBy(
                            CdcClient.Followed::taskManager,
                            Collectors.summingInt(CdcClient.Followed::collections))),
            found -> found.values().stream().mapToInt(Integer::intValue).sum() == collections);
  }

  private static String create(int parallelism, String... collections) {
    return scenario
        .client
        .post(
            """
            {"request_type":"create","request_data":{
              "milvus_connect_param":{"uri":"%s","token":"root:Milvus","connect_timeout":10},
              "collection_infos":[%s],
              "parallelism":%d}}
            """
                .formatted(
                    scenario.playground.targetUri(),
                    Arrays.stream(collections)
                        .map(name -> "{\"name\":\"" + name + "\"}")
                        .collect(Collectors.joining(",")),
                    parallelism))
        .data()
        .get("task_id")
        .asText();
  }
}
