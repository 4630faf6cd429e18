package io.milvus.cdc.server.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.milvus.cdc.server.tasks.TaskException;
import io.milvus.cdc.server.tasks.TaskService;
import io.milvus.cdc.server.tasks.TaskView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTP interface: {@code POST /cdc} and {@code GET /healthz}. */
public final class CdcApi implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(CdcApi.class);
  private static final int LARGEST_BODY = 1 << 20;
  private static final int OK = 200;

  private final ObjectMapper json =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private final JsonNodeFactory nodes = JsonNodeFactory.instance;
  private final TaskService tasks;
  private final List<HealthCheck> healthChecks;
  private final Map<String, Function<ObjectNode, ObjectNode>> requests;
  private final Javalin http;

  /** Does not listen yet. */
  public CdcApi(TaskService tasks, List<HealthCheck> healthChecks) {
    this.tasks = tasks;
    this.healthChecks = List.copyOf(healthChecks);
    this.requests =
        new TreeMap<>(
            Map.of(
                "create", this::create,
                "list", this::list,
                "get", this::get,
                "pause", data -> onTask(data, tasks::pause),
                "resume", data -> onTask(data, tasks::resume),
                "delete", this::delete));
    this.http =
        Javalin.create(
            config -> {
              config.showJavalinBanner = false;
              config.startupWatcherEnabled = false;
              config.http.maxRequestSize = LARGEST_BODY;
            });
    http.post("/cdc", this::answer);
    http.get("/cdc", CdcApi::notPost);
    http.put("/cdc", CdcApi::notPost);
    http.patch("/cdc", CdcApi::notPost);
    http.delete("/cdc", CdcApi::notPost);
    http.get("/healthz", this::health);
    http.exception(
        HttpResponseException.class,
        (e, context) -> write(context, e.getStatus(), failure(e.getStatus(), words(e, context))));
  }

  private static String words(HttpResponseException e, Context context) {
    return e.getStatus() == 404
        ? "There is nothing at " + context.path() + "; requests go to POST /cdc"
        : String.valueOf(e.getMessage());
  }

  /**
   * Begins to listen.
   *
   * @param port 0 for a free one
   * @return the port
   * @throws RuntimeException when the address cannot be listened on
   */
  public int start(String host, int port) {
    return http.start(host, port).port();
  }

  /** Stops listening; requests under way are finished first. */
  @Override
  public void close() {
    http.stop();
  }

  private static void notPost(Context context) {
    write(context, 405, failure(405, "/cdc takes POST requests, not " + context.method()));
  }

  private void health(Context context) {
    ObjectNode answer = nodes.objectNode();
    StringBuilder problems = new StringBuilder();
    for (HealthCheck health : healthChecks) {
      try {
        health.check().run();
      } catch (RuntimeException e) {
        problems
            .append(problems.isEmpty() ? "" : "; ")
            .append(health.name())
            .append(": ")
            .append(e.getMessage());
      }
    }
    if (problems.isEmpty()) {
      answer.put("code", OK);
      write(context, OK, answer);
    } else {
      write(context, 503, failure(503, problems.toString()));
    }
  }

  private void answer(Context context) {
    try {
      ObjectNode data = handle(body(context));
      ObjectNode answer = nodes.objectNode();
      answer.put("code", OK);
      answer.set("data", data);
      write(context, OK, answer);
    } catch (BadRequestException e) {
      write(context, 400, failure(400, e.getMessage()));
    } catch (TaskException e) {
      int status =
          switch (e.kind()) {
            case NOT_FOUND -> 404;
            case CONFLICT -> 409;
            case LIMIT_REACHED -> 429;
            case TARGET_REFUSED -> 400;
            case TARGET_UNREACHABLE, SOURCE_UNREACHABLE, FLINK_UNREACHABLE -> 502;
            case STORE_UNAVAILABLE -> 500;
          };
      if (status >= 500) {
        LOG.warn("Request failed: kind={} reason={}", e.kind(), e.getMessage());
      }
      write(context, status, failure(status, e.getMessage()));
    } catch (HttpResponseException e) {
      write(context, e.getStatus(), failure(e.getStatus(), sizeMessage(e)));
    } catch (RuntimeException e) {
      LOG.error("Request failed, report this as a bug", e);
      write(context, 500, failure(500, "The server made an error, its log says which; report it"));
    }
  }

  private static String sizeMessage(HttpResponseException e) {
    return e.getStatus() == 413
        ? "The body is larger than 1 MiB (" + LARGEST_BODY + " bytes)"
        : e.getMessage();
  }

  private ObjectNode body(Context context) {
    if (context.contentLength() > LARGEST_BODY) {
      throw new HttpResponseException(413, "", Map.of());
    }
    byte[] body = context.bodyAsBytes();
    if (body.length > LARGEST_BODY) {
      throw new HttpResponseException(413, "", Map.of());
    }
    if (new String(body, StandardCharsets.UTF_8).isBlank()) {
      throw new BadRequestException(
          "The body is empty; send {\"request_type\": \"list\"} or another request");
    }
    try {
      return json.readTree(body) instanceof ObjectNode object
          ? object
          : refuse("The body is not a JSON object; send {\"request_type\": ..., ...}");
    } catch (JsonProcessingException e) {
      String at =
          Optional.ofNullable(e.getLocation())
              .map(place -> " at line " + place.getLineNr() + ", column " + place.getColumnNr())
              .orElse("");
      // Jackson's own words may quote the body, and with it a secret.
      throw new BadRequestException("The body is not JSON" + at);
    } catch (IOException e) {
      throw new BadRequestException("The body cannot be read");
    }
  }

  private static ObjectNode refuse(String message) {
    throw new BadRequestException(message);
  }

  private ObjectNode handle(ObjectNode body) {
    Fields fields = new Fields(body, Fields.ROOT);
    String known = String.join(", ", requests.keySet());
    String type =
        fields
            .text("request_type")
            .orElseThrow(
                () ->
                    new BadRequestException(
                        "request_type is missing; the known ones are " + known));
    if (!requests.containsKey(type)) {
      throw new BadRequestException(
          "request_type '"
              + (type.length() > 64 ? type.substring(0, 64) + "..." : type)
              + "' is not known; the known ones are "
              + known);
    }
    fields.ignore("request_data");
    fields.refuseUnknown();
    JsonNode data = body.path("request_data");
    if (data.isMissingNode() || data.isNull()) {
      data = nodes.objectNode();
    }
    if (!(data instanceof ObjectNode object)) {
      throw new BadRequestException("request_data must be a JSON object");
    }
    return requests.get(type).apply(object);
  }

  private ObjectNode create(ObjectNode data) {
    return nodes.objectNode().put("task_id", tasks.create(CreateRequest.read(data)));
  }

  private ObjectNode list(ObjectNode data) {
    new Fields(data, "request_data").refuseUnknown();
    ObjectNode answer = nodes.objectNode();
    var array = answer.putArray("tasks");
    tasks.list().forEach(view -> array.add(task(view)));
    return answer;
  }

  private ObjectNode get(ObjectNode data) {
    Fields fields = new Fields(data, "request_data");
    String taskId = taskId(fields);
    fields.refuseUnknown();
    ObjectNode task = task(tasks.get(taskId));
    ObjectNode answer = nodes.objectNode();
    // The documentation says Task, existing clients read task.
    answer.set("Task", task);
    answer.set("task", task);
    return answer;
  }

  private ObjectNode onTask(ObjectNode data, Consumer<String> action) {
    Fields fields = new Fields(data, "request_data");
    String taskId = taskId(fields);
    fields.refuseUnknown();
    action.accept(taskId);
    return nodes.objectNode();
  }

  private ObjectNode delete(ObjectNode data) {
    Fields fields = new Fields(data, "request_data");
    String taskId = taskId(fields);
    boolean ignoreNotFound = fields.bool("ignore_not_found").orElse(false);
    fields.refuseUnknown();
    try {
      tasks.delete(taskId);
    } catch (TaskException e) {
      if (!ignoreNotFound || e.kind() != TaskException.Kind.NOT_FOUND) {
        throw e;
      }
    }
    return nodes.objectNode();
  }

  private static String taskId(Fields fields) {
    return fields
        .text("task_id")
        .orElseThrow(
            () ->
                new BadRequestException(
                    "request_data.task_id is missing; list shows the ids of all tasks"));
  }

  private ObjectNode task(TaskView view) {
    ObjectNode task = nodes.objectNode();
    task.put("task_id", view.taskId());
    view.request().fields().forEachRemaining(field -> task.set(field.getKey(), field.getValue()));
    task.put("state", view.state().word());
    view.reason().ifPresent(reason -> task.put("reason", reason));
    view.jobId().ifPresent(jobId -> task.put("job_id", jobId));
    view.lag().ifPresent(lag -> task.put("lag_ms", lag.toMillis()));
    view.replicatedUntil().ifPresent(until -> task.put("replicated_until", until.toString()));
    view.counts()
        .ifPresent(
            counts ->
                task.put("rows_inserted", counts.rowsInserted())
                    .put("rows_deleted", counts.rowsDeleted())
                    .put("ddl_applied", counts.ddlApplied()));
    task.put("created_at", view.createdAt().toString());
    return task;
  }

  private static ObjectNode failure(int status, String message) {
    return JsonNodeFactory.instance.objectNode().put("code", status).put("message", message);
  }

  private static void write(Context context, int status, ObjectNode body) {
    context.status(status);
    context.contentType("application/json");
    context.result(body.toString());
  }
}
