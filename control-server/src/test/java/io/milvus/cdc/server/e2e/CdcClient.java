package io.milvus.cdc.server.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.milvus.cdc.task.TaskMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Asks a control server, and Pulsar's broker, over HTTP as a user would. */
final class CdcClient {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http = HttpClient.newHttpClient();
  private final URI cdc;

  CdcClient(String serverUrl) {
    cdc = URI.create(serverUrl.endsWith("/cdc") ? serverUrl : serverUrl + "/cdc");
  }

  /** An answer: HTTP status and body. */
  record Answer(int status, JsonNode body) {
    JsonNode data() {
      if (status != 200) {
        throw new IllegalStateException(status + " " + body);
      }
      return body.get("data");
    }
  }

  /** Creates a task that replicates everything to a target. */
  String create(String targetUri) {
    return createWith("\"uri\":\"" + targetUri + "\"");
  }

  /** As {@link #create}, with fields of {@code milvus_connect_param}. */
  String createWith(String connectParam) {
    return post("""
            {"request_type":"create","request_data":{
              "milvus_connect_param":{%s,"connect_timeout":10},
              "collection_infos":[{"name":"*"}]}}
            """
            .formatted(connectParam))
        .data()
        .get("task_id")
        .asText();
  }

  Answer ask(String type, String taskId) {
    return post(
        "{\"request_type\":\"%s\",\"request_data\":{\"task_id\":\"%s\"}}".formatted(type, taskId));
  }

  JsonNode task(String taskId) {
    return ask("get", taskId).data().get("Task");
  }

  String state(String taskId) {
    return task(taskId).get("state").asText();
  }

  Answer post(String body) {
    return send(
        HttpRequest.newBuilder(cdc).POST(HttpRequest.BodyPublishers.ofString(body)).build());
  }

  /** Every subscription of every topic of the default namespace, as {@code topic/subscription}. */
  List<String> subscriptions(String pulsarAdminUrl) {
    TreeSet<String> subscriptions = new TreeSet<>();
    for (String topic : topics(pulsarAdminUrl)) {
      get(topic + "/subscriptions")
          .forEach(
              subscription ->
                  subscriptions.add(
                      topic.substring(topic.lastIndexOf('/') + 1) + "/" + subscription.asText()));
    }
    return new ArrayList<>(subscriptions);
  }

  /** How much the topics of Milvus' log hold. */
  long logBytes(String pulsarAdminUrl) {
    return logTopics(pulsarAdminUrl).stream()
        .mapToLong(topic -> get(topic + "/internalStats").path("totalSize").asLong())
        .sum();
  }

  /** Deletes what the topics of Milvus' log hold, as retention does in time. */
  void deleteLog(String pulsarAdminUrl) {
    for (String topic : logTopics(pulsarAdminUrl)) {
      // What is written to is not deleted: unloading closes it, the next question opens another.
      done(
          HttpRequest.newBuilder(URI.create(topic + "/unload"))
              .PUT(HttpRequest.BodyPublishers.noBody()));
      get(topic + "/internalStats");
      done(HttpRequest.newBuilder(URI.create(topic + "/truncate")).DELETE());
    }
  }

  private void done(HttpRequest.Builder request) {
    HttpResponse<String> response = text(request.build());
    if (response.statusCode() / 100 != 2) {
      throw new IllegalStateException(response + " " + response.body());
    }
  }

  private List<String> logTopics(String pulsarAdminUrl) {
    return topics(pulsarAdminUrl).stream()
        .filter(topic -> topic.contains("-rootcoord-dml_"))
        .toList();
  }

  private List<String> topics(String pulsarAdminUrl) {
    String namespace = pulsarAdminUrl + "/admin/v2/persistent/public/default";
    List<String> topics = new ArrayList<>();
    for (JsonNode topic : get(namespace)) {
      topics.add(namespace + topic.asText().substring(topic.asText().lastIndexOf('/')));
    }
    return topics;
  }

  /** How many collections a subtask of a job follows, and where it runs. */
  record Followed(String taskManager, int collections) {}

  /** What each subtask of a job's replicator follows; those that have not told yet are missing. */
  List<Followed> followed(String flinkUrl, String jobId) {
    String job = flinkUrl + "/jobs/" + jobId;
    List<Followed> followed = new ArrayList<>();
    for (JsonNode vertex : get(job).path("vertices")) {
      if (!vertex.path("name").asText().startsWith("Collection replicator")) {
        continue;
      }
      String path = job + "/vertices/" + vertex.path("id").asText();
      for (JsonNode subtask : get(path).path("subtasks")) {
        String metrics = path + "/subtasks/" + subtask.path("subtask").asInt() + "/metrics";
        for (JsonNode metric : get(metrics)) {
          if (metric.path("id").asText().endsWith("." + TaskMetrics.COLLECTIONS)) {
            String id = URLEncoder.encode(metric.path("id").asText(), StandardCharsets.UTF_8);
            get(metrics + "?get=" + id)
                .forEach(
                    value ->
                        followed.add(
                            new Followed(
                                subtask.path("taskmanager-id").asText(),
                                value.path("value").asInt())));
          }
        }
      }
    }
    return followed;
  }

  /** Which release a job's jar is of, in Flink's own words. */
  String release(String flinkUrl, String jobId) {
    return get(flinkUrl + "/jobs/" + jobId + "/config")
        .path("execution-config")
        .path("user-config")
        .path("release")
        .asText();
  }

  /** From where a job was started, in Flink's own words. */
  JsonNode restored(String flinkUrl, String jobId) {
    return get(flinkUrl + "/jobs/" + jobId + "/checkpoints").path("latest").path("restored");
  }

  /** How many checkpoints of a job are complete, in Flink's own words. */
  int checkpoints(String flinkUrl, String jobId) {
    return get(flinkUrl + "/jobs/" + jobId + "/checkpoints")
        .path("counts")
        .path("completed")
        .asInt();
  }

  /** What Prometheus would be told. */
  String metrics() {
    return text(cdc.resolve("/cdc/metrics").toString());
  }

  /** What is at an address, whatever the status. */
  String text(String url) {
    return text(HttpRequest.newBuilder(URI.create(url)).build()).body();
  }

  private JsonNode get(String url) {
    return send(HttpRequest.newBuilder(URI.create(url)).build()).body();
  }

  private Answer send(HttpRequest request) {
    HttpResponse<String> response = text(request);
    try {
      return new Answer(response.statusCode(), JSON.readTree(response.body()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private HttpResponse<String> text(HttpRequest request) {
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
