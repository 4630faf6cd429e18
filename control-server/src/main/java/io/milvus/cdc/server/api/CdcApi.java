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
import io.milvus.cdc.log.ChannelPosition;
import io.milvus.cdc.server.api.CdcMetrics.Ending;
import io.milvus.cdc.server.tasks.LagHistory;
import io.milvus.cdc.server.tasks.TaskException;
import io.milvus.cdc.server.tasks.TaskService;
import io.milvus.cdc.server.tasks.TaskService.Resumption;
import io.milvus.cdc.server.tasks.TaskView;
import io.milvus.cdc.task.CollectionTraffic;
import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.StoppedCollection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP interface: {@code POST /cdc}, and beside it {@code GET /healthz}, {@code /cdc/metrics},
 * {@code /cdc/lag}, {@code /openapi.json}, {@code /swagger} and a page at {@code /}.
 */
public final class CdcApi implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(CdcApi.class);
  private static final int LARGEST_BODY = 1 << 20;

  /** Quarantined messages that an answer lists; it counts all. */
  private static final int MOST_SHOWN = 100;

  private static final int OK = 200;
  private static final String HEALTH = "/healthz";

  /** Requests under way get this long when the server stops. */
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(5);

  /** Clients keep connections that they do not use; a stop waits so long for each. */
  private static final Duration UNUSED_CONNECTION = Duration.ofMillis(50);

  /** An answer; written by the thread that has the connection. */
  private record Reply(int status, ObjectNode body) {}

  /** A request of a known type. */
  private record Request(String type, ObjectNode data) {}

  private final ObjectMapper json =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private final JsonNodeFactory nodes = JsonNodeFactory.instance;
  private final TaskService tasks;
  private final LagHistory lags;
  private final List<HealthCheck> healthChecks;
  private final ApiSettings settings;
  private final Map<String, Function<ObjectNode, ObjectNode>> requests;
  private final CdcMetrics metrics;
  private final ExecutorService workers =
      Executors.newCachedThreadPool(task -> new Thread(task, "request"));
  private final Javalin http;

  /** Does not listen yet. */
  public CdcApi(
      TaskService tasks, LagHistory lags, List<HealthCheck> healthChecks, ApiSettings settings) {
    this.tasks = tasks;
    this.lags = lags;
    this.healthChecks = List.copyOf(healthChecks);
    this.settings = settings;
    this.metrics = new CdcMetrics(tasks::known);
    this.requests =
        new TreeMap<>(
            Map.of(
                "create", this::create,
                "list", this::list,
                "get", this::get,
                "pause", data -> onTask(data, tasks::pause),
                "resume", this::resume,
                "delete", this::delete,
                "position", this::position));
    this.http =
        Javalin.create(
            config -> {
              config.showJavalinBanner = false;
              config.startupWatcherEnabled = false;
              config.jetty.modifyServer(server -> server.setStopTimeout(STOP_PATIENCE.toMillis()));
              config.jetty.addConnector(this::connector);
            });
    http.before(this::authenticate);
    http.post("/cdc", this::answer);
    http.get("/cdc", this::notPost);
    http.head("/cdc", this::notPost);
    http.options("/cdc", this::notPost);
    http.put("/cdc", this::notPost);
    http.patch("/cdc", this::notPost);
    http.delete("/cdc", this::notPost);
    http.get(
        "/cdc/metrics",
        context -> context.contentType(CdcMetrics.CONTENT_TYPE).result(metrics.text()));
    http.get("/cdc/lag", this::lag);
    http.get(HEALTH, this::health);
    new ApiPages().addTo(http);
    http.exception(
        HttpResponseException.class,
        (e, context) -> write(context, failure(e.getStatus(), words(e, context))));
  }

  private Connector connector(Server server, HttpConfiguration configuration) {
    configuration.setSendServerVersion(false);
    ServerConnector connector =
        new ServerConnector(server, new HttpConnectionFactory(configuration));
    connector.setHost(settings.host());
    connector.setPort(settings.port());
    connector.setIdleTimeout(settings.idleTimeout().toMillis());
    connector.setShutdownIdleTimeout(UNUSED_CONNECTION.toMillis());
    return connector;
  }

  private void authenticate(Context context) {
    refuseOtherSites(context);
    if (context.path().equals(HEALTH) || ApiPages.isOpen(context) || settings.token().isEmpty()) {
      return;
    }
    Optional<String> given = Optional.ofNullable(context.header("Authorization"));
    if (!settings.token().get().admits(given)) {
      context.header("WWW-Authenticate", "Bearer realm=\"milvus-cdc\"");
      throw new HttpResponseException(
          401,
          given.isPresent()
              ? "The token is not the right one; send the server's server.token"
              : "There is no token; send the header Authorization: Bearer <server.token>",
          Map.of());
    }
  }

  /** A page of another site, open in a browser of this machine, must not send requests. */
  private static void refuseOtherSites(Context context) {
    String origin = context.header("Origin");
    if (origin != null && !origin.replaceFirst("^https?://", "").equals(context.host())) {
      throw new HttpResponseException(
          403, "A page of " + origin + " may not send requests to this server", Map.of());
    }
  }

  private static String words(HttpResponseException e, Context context) {
    return e.getStatus() == 404
        ? "There is nothing at " + context.path() + "; requests go to POST /cdc"
        : String.valueOf(e.getMessage());
  }

  /**
   * Begins to listen.
   *
   * @return the port
   * @throws RuntimeException when the address cannot be listened on
   */
  public int start() {
    return http.start().port();
  }

  /** Stops listening; requests under way get a few seconds to be answered. */
  @Override
  public void close() {
    http.stop();
    workers.shutdownNow();
  }

  private void notPost(Context context) {
    metrics.refused(Ending.INVALID_METHOD);
    context.header("Allow", "POST");
    write(context, failure(405, "/cdc takes POST requests, not " + context.method()));
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
      write(context, new Reply(OK, answer));
    } else {
      write(context, failure(503, problems.toString()));
    }
  }

  private void lag(Context context) {
    ObjectNode answer = nodes.objectNode();
    answer.put("code", OK);
    var array = answer.putObject("data").putArray("tasks");
    lags.recent()
        .forEach(
            (taskId, samples) -> {
              var shown = array.addObject().put("task_id", taskId).putArray("samples");
              samples.forEach(
                  sample ->
                      shown
                          .addObject()
                          .put("age_ms", sample.age().toMillis())
                          .put("lag_ms", sample.lag().toMillis()));
            });
    write(context, new Reply(OK, answer));
  }

  private void answer(Context context) {
    long begin = System.nanoTime();
    byte[] body;
    try {
      body = body(context, begin);
    } catch (HttpResponseException e) {
      metrics.refused(Ending.READ_ERROR);
      throw e;
    }
    context.future(
        () ->
            CompletableFuture.supplyAsync(() -> reply(body, begin), workers)
                .completeOnTimeout(
                    tooSlow(), settings.requestTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .thenAccept(reply -> write(context, reply)));
  }

  private Reply tooSlow() {
    return failure(
        504,
        "The request was not done within "
            + settings.requestTimeout().toSeconds()
            + " s (server.requestTimeout); the server goes on with it, list shows what came of it");
  }

  private byte[] body(Context context, long begin) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    byte[] part = new byte[8192];
    try {
      InputStream in = context.req().getInputStream();
      for (int length = in.read(part); length >= 0; length = in.read(part)) {
        body.write(part, 0, length);
        if (body.size() > LARGEST_BODY) {
          throw new HttpResponseException(
              413, "The body is larger than 1 MiB (" + LARGEST_BODY + " bytes)", Map.of());
        }
        if (System.nanoTime() - begin > settings.requestTimeout().toNanos()) {
          throw bodyTooSlow();
        }
      }
    } catch (IOException e) {
      throw bodyTooSlow();
    }
    return body.toByteArray();
  }

  private static HttpResponseException bodyTooSlow() {
    return new HttpResponseException(
        408, "The body did not arrive in time; send all of it at once", Map.of());
  }

  private Reply reply(byte[] body, long begin) {
    Request request;
    try {
      request = request(parsed(body));
    } catch (BadRequestException e) {
      return failure(400, e.getMessage());
    }
    metrics.began(request.type());
    Reply reply = reply(request);
    metrics.ended(
        request.type(),
        reply.status() == OK ? Ending.SUCCESS : Ending.FAIL,
        Duration.ofNanos(System.nanoTime() - begin));
    return reply;
  }

  private Reply reply(Request request) {
    try {
      ObjectNode data = requests.get(request.type()).apply(request.data());
      ObjectNode answer = nodes.objectNode();
      answer.put("code", OK);
      answer.set("data", data);
      return new Reply(OK, answer);
    } catch (BadRequestException e) {
      return failure(400, e.getMessage());
    } catch (TaskException e) {
      int status =
          switch (e.kind()) {
            case NOT_FOUND -> 404;
            case CONFLICT -> 409;
            case LIMIT_REACHED -> 429;
            case TARGET_REFUSED, START_REFUSED, OUT_OF_RANGE -> 400;
            case TARGET_UNREACHABLE, SOURCE_UNREACHABLE, FLINK_UNREACHABLE -> 502;
            case STORE_UNAVAILABLE, UNREADABLE -> 500;
          };
      if (status >= 500) {
        LOG.warn("Request failed: kind={} reason={}", e.kind(), e.getMessage());
      }
      return failure(status, e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("Request failed, report this as a bug", e);
      return failure(500, "The server made an error, its log says which; report it");
    }
  }

  private ObjectNode parsed(byte[] body) {
    try {
      if (new String(body, StandardCharsets.UTF_8).isBlank()) {
        throw new BadRequestException(
            "The body is empty; send {\"request_type\": \"list\"} or another request");
      }
      return json.readTree(body) instanceof ObjectNode object
          ? object
          : refuse("The body is not a JSON object; send {\"request_type\": ..., ...}");
    } catch (BadRequestException e) {
      metrics.refused(Ending.UNMARSHAL_ERROR);
      throw e;
    } catch (JsonProcessingException e) {
      metrics.refused(Ending.UNMARSHAL_ERROR);
      String at =
          Optional.ofNullable(e.getLocation())
              .map(place -> " at line " + place.getLineNr() + ", column " + place.getColumnNr())
              .orElse("");
      // Jackson's own words may quote the body, and with it a secret.
      throw new BadRequestException("The body is not JSON" + at);
    } catch (IOException e) {
      metrics.refused(Ending.UNMARSHAL_ERROR);
      throw new BadRequestException("The body cannot be read");
    }
  }

  private static ObjectNode refuse(String message) {
    throw new BadRequestException(message);
  }

  private Request request(ObjectNode body) {
    Fields fields = new Fields(body, Fields.ROOT);
    try {
      String type = knownType(fields);
      fields.ignore("request_data");
      fields.refuseUnknown();
      JsonNode data = body.path("request_data");
      if (data.isMissingNode() || data.isNull()) {
        data = nodes.objectNode();
      }
      if (!(data instanceof ObjectNode object)) {
        throw new BadRequestException("request_data must be a JSON object");
      }
      return new Request(type, object);
    } catch (BadRequestException e) {
      metrics.refused(Ending.FAIL);
      throw e;
    }
  }

  private String knownType(Fields fields) {
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
    return type;
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
    TaskView view = tasks.get(taskId);
    ObjectNode task = task(view);
    view.traffic().ifPresent(traffic -> addCollections(task, traffic.written()));
    List<StoppedCollection> stopped = tasks.stopped(taskId);
    if (!stopped.isEmpty()) {
      var array = task.putArray("stopped_collections");
      stopped.forEach(collection -> array.add(stopped(collection)));
    }
    tasks.deadLetterTopic(taskId).ifPresent(topic -> addQuarantined(task, taskId, topic));
    ObjectNode answer = nodes.objectNode();
    // The documentation says Task, existing clients read task.
    answer.set("Task", task);
    answer.set("task", task);
    return answer;
  }

  private static void addCollections(ObjectNode task, CollectionTraffic traffic) {
    if (traffic.collections().isEmpty()) {
      return;
    }
    var array = task.putArray("collections");
    for (CollectionTraffic.OfCollection one : traffic.collections()) {
      array
          .addObject()
          .put("database", one.database())
          .put("collection", one.collection())
          .put("rows_inserted", one.written().rowsInserted())
          .put("rows_deleted", one.written().rowsDeleted())
          .put("bytes", one.written().bytes());
    }
  }

  private void addQuarantined(ObjectNode task, String taskId, String topic) {
    List<QuarantinedMessage> messages = tasks.quarantined(taskId);
    task.put("dead_letter_topic", topic);
    task.put(
        "quarantined_messages",
        messages.stream().map(QuarantinedMessage::position).distinct().count());
    if (!messages.isEmpty()) {
      var array = task.putArray("quarantined");
      messages.stream().limit(MOST_SHOWN).forEach(message -> array.add(quarantined(message)));
    }
  }

  private ObjectNode quarantined(QuarantinedMessage message) {
    return named(message.name(), message.collectionId())
        .put("channel", message.pchannel())
        .put("message_id", message.ledgerId() + ":" + message.entryId())
        .put("reason", message.reason())
        .put("since", message.since().toString());
  }

  private ObjectNode onTask(ObjectNode data, Consumer<String> action) {
    Fields fields = new Fields(data, "request_data");
    String taskId = taskId(fields);
    fields.refuseUnknown();
    action.accept(taskId);
    return nodes.objectNode();
  }

  private ObjectNode resume(ObjectNode data) {
    Fields fields = new Fields(data, "request_data");
    String taskId = taskId(fields);
    boolean skipUnreadable = fields.bool("skip_unreadable").orElse(false);
    boolean putBack = fields.bool("put_back_quarantined").orElse(false);
    Optional<Integer> parallelism = CreateRequest.parallelism(fields);
    fields.refuseUnknown();
    tasks.resume(taskId, new Resumption(skipUnreadable, putBack, parallelism));
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

  private ObjectNode position(ObjectNode data) {
    Fields fields = new Fields(data, "request_data");
    String taskId = taskId(fields);
    fields.refuseUnknown();
    ObjectNode answer = nodes.objectNode();
    var array = answer.putArray("positions");
    for (ChannelPosition position : tasks.positions(taskId)) {
      array
          .addObject()
          .put("database", position.database())
          .put("collection", position.collection())
          .put("channel_name", position.vchannel())
          .put("position", position.encoded())
          .put("tso", position.place().timestamp())
          .put("time", position.time().toString());
    }
    return answer;
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
    view.jobId()
        .ifPresent(jobId -> task.put("job_id", jobId).put("job_url", jobUrl(jobId, view.state())));
    view.lag().ifPresent(lag -> task.put("lag_ms", lag.toMillis()));
    view.replicatedUntil().ifPresent(until -> task.put("replicated_until", until.toString()));
    view.retentionLeft().ifPresent(left -> task.put("retention_left_ms", left.toMillis()));
    view.counts()
        .ifPresent(
            counts ->
                task.put("rows_inserted", counts.rowsInserted())
                    .put("rows_deleted", counts.rowsDeleted())
                    .put("ddl_applied", counts.ddlApplied()));
    view.parallelism().ifPresent(parallelism -> task.put("parallelism", parallelism));
    task.put("created_at", view.createdAt().toString());
    return task;
  }

  /** Flink's page has jobs that run and jobs that have ended at different places. */
  private String jobUrl(String jobId, TaskView.State state) {
    String place =
        switch (state) {
          case INITIAL, RUNNING -> "running";
          case PAUSED, FAILED -> "completed";
        };
    return settings.flinkPage() + "/#/job/" + place + "/" + jobId + "/overview";
  }

  /** Which collection something is about, as far as the task knows. */
  private ObjectNode named(Optional<StoppedCollection.Name> name, long collectionId) {
    ObjectNode shown = nodes.objectNode();
    name.ifPresent(
        known -> shown.put("database", known.database()).put("collection", known.collection()));
    return shown.put("collection_id", collectionId);
  }

  private ObjectNode stopped(StoppedCollection collection) {
    ObjectNode stopped = named(collection.name(), collection.collectionId());
    stopped.put("reason", collection.reason());
    stopped.put("since", collection.since().toString());
    if (!collection.topics().isEmpty()) {
      ObjectNode positions = stopped.putObject("positions");
      new TreeMap<>(collection.topics())
          .forEach(
              (pchannel, first) ->
                  positions.put(pchannel, first.ledgerId() + ":" + first.entryId()));
    }
    return stopped;
  }

  private static Reply failure(int status, String message) {
    return new Reply(
        status, JsonNodeFactory.instance.objectNode().put("code", status).put("message", message));
  }

  private static void write(Context context, Reply reply) {
    context.status(reply.status());
    context.contentType("application/json");
    context.result(reply.body().toString());
  }
}
