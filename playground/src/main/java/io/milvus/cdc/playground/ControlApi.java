package io.milvus.cdc.playground;

import com.google.gson.JsonObject;
import java.net.URI;
import java.util.Optional;

/**
 * The control server's requests, as a client that outlives the server sends them. Each throws a
 * {@link PlaygroundException} with the server's words when it is refused.
 */
public final class ControlApi {

  private final URI cdc;

  /**
   * @param serverUrl for example {@code http://127.0.0.1:8444}
   */
  public ControlApi(String serverUrl) {
    this.cdc = URI.create(serverUrl + "/cdc");
  }

  /**
   * Creates a task without credentials.
   *
   * @param collection the one to replicate, or {@code *}
   * @return its id
   */
  public String create(int targetPort, String collection) {
    return create(targetPort, collection, "", "");
  }

  /**
   * Creates a task without credentials that is not started yet and will begin at the first messages
   * of a collection.
   *
   * @return its id
   */
  public String createPausedAtStart(int targetPort, String collection) {
    return create(
        targetPort, collection, ",\"use_start_position\":true", ",\"disable_auto_start\":true");
  }

  private String create(int targetPort, String collection, String ofCollection, String ofTask) {
    return ask("""
            {"request_type":"create","request_data":{
              "milvus_connect_param":{"uri":"http://127.0.0.1:%d"},
              "collection_infos":[{"name":"%s"%s}]%s}}"""
            .formatted(targetPort, collection, ofCollection, ofTask))
        .get("task_id")
        .getAsString();
  }

  /** The task as it is now; empty while the server does not answer. */
  public Optional<JsonObject> get(String task) {
    try {
      return Optional.of(about("get", task).getAsJsonObject("Task"));
    } catch (PlaygroundException e) {
      return Optional.empty();
    }
  }

  /** Pauses a task; it is paused when this returns. */
  public void pause(String task) {
    JsonObject unused = about("pause", task);
  }

  /** Resumes a task. */
  public void resume(String task) {
    JsonObject unused = about("resume", task);
  }

  /** Resumes a task with another number of subtasks. */
  public void resume(String task, int parallelism) {
    JsonObject unused =
        ask(
            """
            {"request_type":"resume","request_data":{"task_id":"%s","parallelism":%d}}"""
                .formatted(task, parallelism));
  }

  /** Deletes a task. */
  public void delete(String task) {
    JsonObject unused = about("delete", task);
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
