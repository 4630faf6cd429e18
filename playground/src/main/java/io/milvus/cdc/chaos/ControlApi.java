package io.milvus.cdc.chaos;

import com.google.gson.JsonObject;
import io.milvus.cdc.playground.PlaygroundException;
import java.net.URI;
import java.util.Optional;

/** The control server's requests, as a client that outlives the server sends them. */
final class ControlApi {

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

  void resume(String task, int parallelism) {
    JsonObject unused =
        ask(
            """
            {"request_type":"resume","request_data":{"task_id":"%s","parallelism":%d}}"""
                .formatted(task, parallelism));
  }

  private JsonObject about(String type, String task) {
    return ask(
        """
        {"request_type":"%s","request_data":{"task_id":"%s"}}"""
            .formatted(type, task));
  }

  private JsonObject ask(String body) {
    return JsonPost.send("the control server", cdc, body).getAsJsonObject("data");
  }
}
