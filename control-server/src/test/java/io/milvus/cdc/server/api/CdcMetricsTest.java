package io.milvus.cdc.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.server.flink.JobMeasures;
import io.milvus.cdc.task.CollectionTraffic;
import io.milvus.cdc.task.CollectionTraffic.Counts;
import io.milvus.cdc.task.CollectionTraffic.OfCollection;
import io.milvus.cdc.task.JobTraffic;
import io.milvus.cdc.task.JobWork;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CdcMetricsTest {

  private static final Pattern HELP = Pattern.compile("# HELP ([a-z_]+) .+");
  private static final Pattern TYPE = Pattern.compile("# TYPE ([a-z_]+) (counter|gauge|histogram)");
  private static final Pattern SAMPLE =
      Pattern.compile(
          "([a-z_]+)(\\{(?:[a-z_]+=\"[^\"\\\\\\n]*\",?)*\\})? ([-+]?[0-9.]+(?:[Ee][-+]?[0-9]+)?)");

  @TempDir Path directory;
  private TestServer server;

  @BeforeEach
  void start() {
    server = new TestServer(directory);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** Every sample by name and labels; each line has to be one of the text format 0.0.4. */
  private Map<String, Double> scrape() {
    HttpResponse<String> response = server.get("/cdc/metrics");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type").orElse(""))
        .startsWith("text/plain")
        .contains("version=0.0.4");
    assertThat(response.body()).endsWith("\n");
    Map<String, Double> samples = new LinkedHashMap<>();
    Set<String> described = new HashSet<>();
    String family = "";
    for (String line : response.body().split("\n", -1)) {
      if (line.isEmpty()) {
        continue;
      }
      Matcher help = HELP.matcher(line);
      Matcher type = TYPE.matcher(line);
      Matcher sample = SAMPLE.matcher(line);
      if (help.matches()) {
        family = help.group(1);
        assertThat(described.add(family)).as("one block for " + family).isTrue();
      } else if (type.matches()) {
        assertThat(type.group(1)).isEqualTo(family);
      } else {
        assertThat(sample.matches()).as(line).isTrue();
        assertThat(sample.group(1).replaceFirst("_(bucket|sum|count)$", ""))
            .isEqualTo(family.replaceFirst("_(bucket|sum|count)$", ""));
        String name = sample.group(1) + Optional.ofNullable(sample.group(2)).orElse("");
        assertThat(samples.put(name, Double.valueOf(sample.group(3)))).as(name).isNull();
      }
    }
    return samples;
  }

  private static String of(String name, String taskId) {
    return "milvus_cdc_" + name + "{task_id=\"" + taskId + "\"}";
  }

  /** A series of task {@code one} with another label, which comes before its id. */
  private static String by(String label, String value, String name) {
    return "milvus_cdc_" + name + "{" + label + "=\"" + value + "\",task_id=\"one\"}";
  }

  private static String ofCollection(String database, String collection, String name) {
    return "milvus_cdc_collection_"
        + name
        + "{collection=\""
        + collection
        + "\",database=\""
        + database
        + "\",task_id=\"one\"}";
  }

  private static String requests(String type, String status) {
    return "milvus_cdc_request_total{request_status=\""
        + status
        + "\",request_type=\""
        + type
        + "\"}";
  }

  private static String tasks(String state) {
    return "milvus_cdc_task_num{task_state=\"" + state + "\"}";
  }

  @Test
  void tasksAreCountedByState() {
    assertThat(scrape())
        .containsEntry(tasks("Initial"), 0.0)
        .containsEntry(tasks("Running"), 0.0)
        .containsEntry(tasks("Paused"), 0.0)
        .containsEntry(tasks("Failed"), 0.0);
    running("one");
    assertThat(scrape())
        .containsEntry(tasks("Running"), 1.0)
        .containsEntry(of("task_state", "one"), 1.0);
    assertThat(server.ask("pause", "one").statusCode()).isEqualTo(200);
    assertThat(scrape())
        .containsEntry(tasks("Paused"), 1.0)
        .containsEntry(of("task_state", "one"), 2.0);
    assertThat(server.ask("resume", "one").statusCode()).isEqualTo(200);
    server.flink.fail(running("one"), "broken");
    assertThat(server.ask("get", "one").statusCode()).isEqualTo(200);
    assertThat(scrape())
        .containsEntry(tasks("Failed"), 1.0)
        .containsEntry(of("task_state", "one"), 3.0);
  }

  /** Creates a task when there is none, and returns its job's id once it runs. */
  private String running(String taskId) {
    if (server.ask("get", taskId).statusCode() == 404) {
      assertThat(server.create(taskId, taskId).statusCode()).isEqualTo(200);
    }
    assertThat(server.ask("get", taskId).statusCode()).isEqualTo(200);
    var task = server.json(server.ask("get", taskId)).path("data").path("task");
    assertThat(task.path("state").asText()).isEqualTo("Running");
    return task.path("job_id").asText();
  }

  @Test
  void whatIsNotKnownIsLeftOutAndSoIsATaskThatIsGone() {
    String job = running("one");
    assertThat(scrape().keySet().stream().filter(name -> name.contains("one")))
        .containsExactly(of("task_state", "one"));

    server.flink.report(
        job,
        new JobMeasures(
            Optional.of(server.clock.instant().minusMillis(1500)),
            Optional.of(Duration.ofMillis(1250)),
            7,
            3,
            2,
            new JobWork(
                1_000,
                Map.of("insert", 4L, "ddl", 2L),
                Map.of("outage", 5L, "lacking", 0L),
                Map.of("gone", 11L),
                1,
                3,
                2,
                Map.of("0.5", 1_500.0, "0.99", 2_000_000.0),
                Map.of("0.5", 100.0))));
    server.flink.tellsTraffic(
        new JobTraffic(
            70,
            7_000,
            new CollectionTraffic(
                List.of(new OfCollection("films", "seen", new Counts(6, 3, 900))),
                new Counts(1, 0, 100))));
    server.clock.advance(Duration.ofSeconds(2));
    assertThat(server.ask("get", "one").statusCode()).isEqualTo(200);
    assertThat(scrape())
        .containsEntry(of("task_lag_seconds", "one"), 1.25)
        .containsEntry(
            of("task_replicated_until_timestamp_seconds", "one"),
            server.clock.instant().minusMillis(3500).toEpochMilli() / 1e3)
        .containsEntry(of("task_rows_inserted_total", "one"), 7.0)
        .containsEntry(of("task_rows_deleted_total", "one"), 3.0)
        .containsEntry(of("task_ddl_applied_total", "one"), 2.0)
        .containsEntry(of("task_messages_quarantined_total", "one"), 1.0)
        .containsEntry(of("task_collections_stopped_total", "one"), 3.0)
        .containsEntry(of("task_calls_in_flight", "one"), 2.0)
        .containsEntry(of("task_bytes_written_total", "one"), 1_000.0)
        .containsEntry(of("task_rows_read_total", "one"), 70.0)
        .containsEntry(of("task_bytes_read_total", "one"), 7_000.0)
        .containsEntry(by("kind", "insert", "task_operations_total"), 4.0)
        .containsEntry(by("kind", "ddl", "task_operations_total"), 2.0)
        .containsEntry(by("cause", "gone", "task_messages_skipped_total"), 11.0)
        .containsEntry(by("cause", "outage", "task_retries_total"), 5.0)
        .containsEntry(by("cause", "lacking", "task_retries_total"), 0.0)
        .containsEntry(by("quantile", "0.5", "task_call_seconds"), 0.0015)
        .containsEntry(by("quantile", "0.99", "task_call_seconds"), 2.0)
        .containsEntry(by("quantile", "0.5", "task_rows_per_call"), 100.0)
        .containsEntry(ofCollection("films", "seen", "rows_inserted_total"), 6.0)
        .containsEntry(ofCollection("films", "seen", "rows_deleted_total"), 3.0)
        .containsEntry(ofCollection("films", "seen", "bytes_written_total"), 900.0)
        .containsEntry(ofCollection("(others)", "(others)", "rows_inserted_total"), 1.0)
        .containsEntry(ofCollection("(others)", "(others)", "rows_deleted_total"), 0.0)
        .containsEntry(ofCollection("(others)", "(others)", "bytes_written_total"), 100.0);

    assertThat(server.ask("pause", "one").statusCode()).isEqualTo(200);
    assertThat(scrape())
        .containsEntry(of("task_bytes_written_total", "one"), 1_000.0)
        .doesNotContainKey(of("task_calls_in_flight", "one"))
        .doesNotContainKey(by("quantile", "0.5", "task_call_seconds"));

    assertThat(server.ask("delete", "one").statusCode()).isEqualTo(200);
    assertThat(scrape().keySet()).noneMatch(name -> name.contains("\"one\""));
  }

  @Test
  void aScrapeAsksNobody() {
    running("one");
    int before = server.flink.calls();
    for (int i = 0; i < 5; i++) {
      assertThat(scrape()).containsKey(of("task_state", "one"));
    }
    assertThat(server.flink.calls()).isEqualTo(before);
  }

  @Test
  void requestsAreCountedInMilvusCdcsWords() {
    assertThat(server.post("{'request_type':'list'}").statusCode()).isEqualTo(200);
    assertThat(server.ask("get", "none").statusCode()).isEqualTo(404);
    assertThat(server.post("{'request_type':'dance'}").statusCode()).isEqualTo(400);
    assertThat(server.post("{").statusCode()).isEqualTo(400);
    assertThat(server.post("").statusCode()).isEqualTo(400);
    assertThat(server.get("/cdc").statusCode()).isEqualTo(405);
    assertThat(server.post(" ".repeat((1 << 20) + 1)).statusCode()).isEqualTo(413);
    Map<String, Double> samples = scrape();
    assertThat(samples)
        .containsEntry(requests("list", "total"), 1.0)
        .containsEntry(requests("list", "success"), 1.0)
        .containsEntry(requests("get", "total"), 1.0)
        .containsEntry(requests("get", "fail"), 1.0)
        .containsEntry(requests("unknown", "fail"), 1.0)
        .containsEntry(requests("unknown", "unmarshal_error"), 2.0)
        .containsEntry(requests("unknown", "invalid_method"), 1.0)
        .containsEntry(requests("unknown", "read_error"), 1.0)
        .containsEntry("milvus_cdc_request_latency_count{request_type=\"list\"}", 1.0)
        .containsKey("milvus_cdc_request_latency_sum{request_type=\"list\"}")
        .doesNotContainKey("milvus_cdc_request_latency_count{request_type=\"get\"}");
    assertThat(samples.keySet()).noneMatch(name -> name.contains("dance"));
    assertThat(samples.keySet().stream().filter(name -> name.contains("latency_bucket")))
        .hasSize(18)
        .contains("milvus_cdc_request_latency_bucket{request_type=\"list\",le=\"1.0\"}")
        .contains("milvus_cdc_request_latency_bucket{request_type=\"list\",le=\"65536.0\"}")
        .contains("milvus_cdc_request_latency_bucket{request_type=\"list\",le=\"+Inf\"}");
  }

  @Test
  void aStoreThatIsAwayTakesTheTasksWithItAndNothingElse() {
    running("one");
    server.storeIsAway = true;
    Map<String, Double> samples = scrape();
    assertThat(samples.keySet()).noneMatch(name -> name.startsWith("milvus_cdc_task"));
    assertThat(samples).containsEntry(requests("create", "success"), 1.0);
  }
}
