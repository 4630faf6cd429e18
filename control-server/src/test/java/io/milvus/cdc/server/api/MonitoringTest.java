package io.milvus.cdc.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.milvus.cdc.playground.PlaygroundSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Alerts and dashboard against the metrics that there are, and against the runbook. */
class MonitoringTest {

  private static final Path DOCS = PlaygroundSettings.defaults().repository().resolve("docs");
  private static final Pattern METRIC = Pattern.compile("\\bmilvus_cdc_[a-z_]+");

  @TempDir Path directory;

  @Test
  void alertsAskForMetricsThatThereAre() throws IOException {
    List<JsonNode> alerts = alerts();
    assertThat(alerts).hasSizeGreaterThan(5);
    Set<String> exported = exported();
    for (JsonNode alert : alerts) {
      String expression = alert.path("expr").asText();
      String name = alert.path("alert").asText();
      assertThat(exported).as(name).containsAll(metrics(expression));
      assertThat(metrics(expression).isEmpty()).as(name).isEqualTo(name.equals("MilvusCdcDown"));
    }
  }

  /** What is unknown has no series, so an alert on its value cannot fire. */
  @Test
  void whatIsUnknownIsToldByAnAlertOnWhatIsMissing() throws IOException {
    String stuck = expression("MilvusCdcTaskStuck");
    String store = expression("MilvusCdcTaskStoreDown");
    try (TestServer server = new TestServer(directory)) {
      assertThat(exported(server)).containsAll(metrics(store));
      assertThat(server.create("one", "one").statusCode()).isEqualTo(200);
      assertThat(server.ask("get", "one").statusCode()).isEqualTo(200);
      assertThat(missing(stuck)).doesNotContainAnyElementsOf(exported(server)).isNotEmpty();

      server.storeIsAway = true;
      assertThat(missing(store)).doesNotContainAnyElementsOf(exported(server)).isNotEmpty();
    }
  }

  private static String expression(String alert) throws IOException {
    return alerts().stream()
        .filter(each -> each.path("alert").asText().equals(alert))
        .map(each -> each.path("expr").asText())
        .findFirst()
        .orElseThrow();
  }

  /** The metrics whose absence an expression asks for. */
  private static Set<String> missing(String expression) {
    return metrics(expression.substring(expression.indexOf(" unless ")));
  }

  @Test
  void everyAlertHasItsPlaceInTheRunbook() throws IOException {
    String runbook = Files.readString(DOCS.resolve("operating.md"));
    for (JsonNode alert : alerts()) {
      String name = alert.path("alert").asText();
      assertThat(runbook).contains("\n### " + name + "\n");
      assertThat(alert.path("annotations").path("runbook").asText())
          .isEqualTo("docs/operating.md#" + name.toLowerCase(Locale.ROOT));
    }
  }

  @Test
  void theDashboardShowsMetricsThatThereAre() throws IOException {
    JsonNode dashboard =
        new ObjectMapper()
            .readTree(DOCS.resolve("monitoring/grafana/dashboards/milvus-cdc.json").toFile());
    Set<String> shown = new TreeSet<>();
    for (JsonNode panel : dashboard.path("panels")) {
      for (JsonNode target : panel.path("targets")) {
        assertThat(metrics(target.path("expr").asText()))
            .as(panel.path("title").asText())
            .isNotEmpty();
        shown.addAll(metrics(target.path("expr").asText()));
      }
    }
    Set<String> exported = exported();
    assertThat(exported).containsAll(shown);
    assertThat(shown).as("what it leaves out").containsAll(ofTasks(exported));
  }

  private static List<JsonNode> alerts() throws IOException {
    JsonNode rules = new YAMLMapper().readTree(DOCS.resolve("monitoring/alerts.yml").toFile());
    List<JsonNode> alerts = new ArrayList<>();
    rules.path("groups").forEach(group -> group.path("rules").forEach(alerts::add));
    return alerts;
  }

  private static Set<String> metrics(String text) {
    Set<String> names = new TreeSet<>();
    METRIC.matcher(text).results().forEach(result -> names.add(result.group()));
    return names;
  }

  private static Set<String> ofTasks(Set<String> exported) {
    Set<String> names = new TreeSet<>(exported);
    // The state is shown as the number of tasks in it.
    names.removeIf(
        name -> name.startsWith("milvus_cdc_request_") || name.equals("milvus_cdc_task_state"));
    return names;
  }

  /** Names of all samples of a server that has a task and was asked something. */
  private Set<String> exported() {
    try (TestServer server = new TestServer(directory)) {
      assertThat(server.create("one", "one").statusCode()).isEqualTo(200);
      String job =
          server.json(server.ask("get", "one")).path("data").path("task").path("job_id").asText();
      server.everythingIsReported(job);
      assertThat(server.ask("get", "one").statusCode()).isEqualTo(200);
      return exported(server);
    }
  }

  private static Set<String> exported(TestServer server) {
    return metrics(
        server
            .get("/cdc/metrics")
            .body()
            .lines()
            .filter(line -> !line.startsWith("#"))
            .collect(Collectors.joining("\n")));
  }
}
