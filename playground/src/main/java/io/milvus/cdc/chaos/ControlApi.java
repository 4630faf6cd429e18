package io.milvus.cdc.chaos;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.milvus.cdc.playground.PlaygroundException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;

/** The control server's requests, as a client that outlives the server sends them. */
final class ControlApi {

  private static final Duration TIMEOUT = Duration.ofSeconds(90);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI cdc;

  ControlApi(String serverUrl) {
    this.cdc = URI.create(serverUrl + "/cdc");
  }

  /** Creates a task that replicates everything. */
  String create(int targetPort) {
    return ask("""
            {"request_type":"create","request_data":{
              "milvus_connect_param":{"uri":"http://127.0.0.1:%d"},
              "collection_infos":[{"name":"*"}]}}"""
            .formatted(targetPort))
        .get("task_id")
        .getAsString();
  }

  /** The task as it is now; empty while the server does not answer. */
  Optional<JsonObject> get(String task) {
    try {
      return Optional.of(about("get", task).getAsJsonObject("Task"));
    } catch (PlaygroundException e) {
      return Optional.empty();
    }
  }

  void pause(String task) {
    JsonObject unused = about("pause", task);
  }

  void resume(String task) {
    JsonObject unused = about("resume", task);
  }

  private JsonObject about(String type, String task) {
    return ask(
        """
        {"request_type":"%s","request_data":{"task_id":"%s"}}"""
            .formatted(type, task));
  }

  private JsonObject ask(String body) {
    try {
      HttpRequest request =
          HttpRequest.newBuilder(cdc)
              .timeout(TIMEOUT)
              .POST(HttpRequest.BodyPublishers.ofString(body))
              .build();
      HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new PlaygroundException(
            "The control server answers " + response.statusCode() + ": " + response.body());
      }
      return JsonParser.parseString(response.body()).getAsJsonObject().getAsJsonObject("data");
    } catch (IOException e) {
      throw new PlaygroundException("The control server does not answer: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PlaygroundException("Interrupted while the control server was asked", e);
    }
  }
}
