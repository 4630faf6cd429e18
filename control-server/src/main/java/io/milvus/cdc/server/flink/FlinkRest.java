package io.milvus.cdc.server.flink;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.milvus.cdc.task.TaskMetrics;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A Flink cluster by its REST interface. Safe for use by several threads. */
public final class FlinkRest implements FlinkCluster {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** A job's {@code main} runs inside the request that submits it. */
  private static final Duration SUBMIT_TIMEOUT = Duration.ofSeconds(60);

  private static final List<String> METRICS =
      List.of(
          TaskMetrics.REPLICATED_UNTIL,
          TaskMetrics.LAG,
          TaskMetrics.ROWS_INSERTED,
          TaskMetrics.ROWS_DELETED,
          TaskMetrics.DDL_APPLIED,
          TaskMetrics.MESSAGES_SKIPPED,
          TaskMetrics.RETRIES,
          TaskMetrics.MESSAGES_QUARANTINED,
          TaskMetrics.WAITING_FOR,
          TaskMetrics.SILENT);

  /** Those that are texts. */
  private static final List<String> TEXTS = List.of(TaskMetrics.WAITING_FOR, TaskMetrics.SILENT);

  /**
   * Where a job's metrics are found.
   *
   * @param path of the vertex that has them
   * @param ids the full id of each metric by its short name
   */
  private record MetricsAddress(String path, Map<String, String> ids, int subtasks) {}

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).build();
  private final ObjectMapper json = new ObjectMapper();
  private final Map<String, MetricsAddress> metricsAddresses = new ConcurrentHashMap<>();
  private final URI address;
  private final JobTemplate template;
  private final Object uploadLock = new Object();

  /** Does not connect yet. */
  public FlinkRest(URI address, JobTemplate template) {
    this.address = address;
    this.template = template;
  }

  @Override
  public List<Job> jobs() {
    List<Job> jobs = new ArrayList<>();
    for (JsonNode job : get("/jobs/overview").path("jobs")) {
      JsonNode tasks = job.path("tasks");
      jobs.add(
          new Job(
              job.path("jid").asText(),
              job.path("name").asText(),
              Job.State.valueOf(job.path("state").asText()),
              job.path("start-time").asLong(),
              tasks.path("total").asInt() > 0
                  && tasks.path("running").asInt() + tasks.path("finished").asInt()
                      == tasks.path("total").asInt()));
    }
    metricsAddresses
        .keySet()
        .retainAll(jobs.stream().filter(Job::isLive).map(Job::id).collect(Collectors.toSet()));
    return jobs;
  }

  @Override
  public void submit(JobSubmission submission) {
    ObjectNode body = json.createObjectNode();
    body.put("entryClass", template.entryClass());
    ArrayNode arguments =
        body.putArray("programArgsList")
            .add("--task-id")
            .add(submission.taskId())
            .add("--meta-endpoints")
            .add(String.join(",", template.metaEndpoints()))
            .add("--meta-root")
            .add(template.metaRoot());
    template.tuning().arguments().forEach(arguments::add);
    body.put("jobId", submission.jobId());
    body.put("parallelism", submission.parallelism());
    submission.restoreFrom().ifPresent(path -> body.put("savepointPath", path));
    ObjectNode configuration = body.putObject("flinkConfiguration");
    SnapshotFiles.configuration(template.snapshotDirectory(), submission.jobId())
        .forEach(configuration::put);
    configuration.put(
        "execution.checkpointing.interval", template.checkpointInterval().toMillis() + " ms");
    configuration.put(
        "execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
    configuration.put("execution.checkpointing.num-retained", "2");
    // A checkpoint waits for the target's acknowledgements; a slow target is no reason to restart.
    configuration.put(
        "execution.checkpointing.tolerable-failed-checkpoints",
        Integer.toString(Integer.MAX_VALUE));
    RestartStrategy.configuration().forEach(configuration::put);
    post("/jars/" + encoded(jar()) + "/run", body, SUBMIT_TIMEOUT);
  }

  /** The id of the uploaded job jar; one of the same content is not uploaded again. */
  private String jar() {
    synchronized (uploadLock) {
      byte[] content = jarContent();
      String name = "milvus-cdc-job-" + sha256(content).substring(0, 16) + ".jar";
      for (JsonNode file : get("/jars").path("files")) {
        if (file.path("name").asText().equals(name)) {
          return file.path("id").asText();
        }
      }
      String boundary = UUID.randomUUID().toString();
      ByteArrayOutputStream body = new ByteArrayOutputStream(content.length + 512);
      body.writeBytes(
          ("--"
                  + boundary
                  + "\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\""
                  + name
                  + "\"\r\nContent-Type: application/x-java-archive\r\n\r\n")
              .getBytes(StandardCharsets.UTF_8));
      body.writeBytes(content);
      body.writeBytes(("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8));
      JsonNode answer =
          send(
              request("/jars/upload", SUBMIT_TIMEOUT)
                  .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                  .POST(BodyPublishers.ofByteArray(body.toByteArray())));
      return Path.of(answer.path("filename").asText()).getFileName().toString();
    }
  }

  private byte[] jarContent() {
    try {
      return Files.readAllBytes(template.jar());
    } catch (IOException e) {
      throw new FlinkException.Refused(
          "The job jar "
              + template.jar()
              + " cannot be read ("
              + e.getClass().getSimpleName()
              + "); set flink.jobJar to the jar that holds "
              + template.entryClass());
    }
  }

  @Override
  public String stopWithSavepoint(String jobId) {
    ObjectNode body = json.createObjectNode();
    body.put("drain", false);
    body.put(
        "targetDirectory",
        SnapshotFiles.savepointDirectory(template.snapshotDirectory(), jobId).toString());
    return post("/jobs/" + jobId + "/stop", body, TIMEOUT).path("request-id").asText();
  }

  @Override
  public SavepointProgress savepoint(String jobId, String triggerId) {
    JsonNode answer = get("/jobs/" + jobId + "/savepoints/" + triggerId);
    if (!answer.path("status").path("id").asText().equals("COMPLETED")) {
      return new SavepointPending();
    }
    JsonNode operation = answer.path("operation");
    return operation.hasNonNull("location")
        ? new SavepointTaken(operation.path("location").asText())
        : new SavepointFailed(
            RootCause.of(operation.path("failure-cause").path("stack-trace").asText()));
  }

  @Override
  public void cancel(String jobId) {
    send(
        request("/jobs/" + jobId + "?mode=cancel", TIMEOUT)
            .method("PATCH", BodyPublishers.noBody()));
  }

  @Override
  public Optional<String> newestSnapshot(String jobId) {
    JsonNode latest = get("/jobs/" + jobId + "/checkpoints").path("latest");
    return Stream.of(latest.path("completed"), latest.path("savepoint"))
        .filter(snapshot -> snapshot.path("external_path").asText().contains("/"))
        .max(Comparator.comparingLong(snapshot -> snapshot.path("latest_ack_timestamp").asLong()))
        .map(snapshot -> snapshot.path("external_path").asText());
  }

  @Override
  public Optional<String> failure(String jobId) {
    JsonNode entries =
        get("/jobs/" + jobId + "/exceptions?maxExceptions=1")
            .path("exceptionHistory")
            .path("entries");
    return entries.isEmpty()
        ? Optional.empty()
        : Optional.of(RootCause.of(entries.get(0).path("stacktrace").asText()));
  }

  @Override
  public Optional<JobMeasures> measures(String jobId) {
    Optional<MetricsAddress> found =
        Optional.ofNullable(metricsAddresses.get(jobId)).or(() -> findMetrics(jobId));
    if (found.isEmpty()) {
      return Optional.empty();
    }
    String wanted =
        found.get().ids().entrySet().stream()
            .filter(id -> !TEXTS.contains(id.getKey()))
            .map(id -> encoded(id.getValue()))
            .collect(Collectors.joining(","));
    JsonNode values = get(found.get().path() + "?agg=min,max,sum&get=" + wanted);
    Optional<JsonNode> until = metric(found.get(), values, TaskMetrics.REPLICATED_UNTIL);
    OptionalLong inserted = sum(found.get(), values, TaskMetrics.ROWS_INSERTED);
    if (inserted.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new JobMeasures(
            until
                .map(value -> (long) value.path("min").asDouble(-1))
                .filter(millis -> millis >= 0)
                .map(Instant::ofEpochMilli),
            metric(found.get(), values, TaskMetrics.LAG)
                .map(value -> (long) value.path("max").asDouble(-1))
                .filter(millis -> millis >= 0)
                .map(Duration::ofMillis),
            inserted.getAsLong(),
            sum(found.get(), values, TaskMetrics.ROWS_DELETED).orElse(0),
            sum(found.get(), values, TaskMetrics.DDL_APPLIED).orElse(0),
            sum(found.get(), values, TaskMetrics.MESSAGES_SKIPPED),
            sum(found.get(), values, TaskMetrics.RETRIES).orElse(0),
            sum(found.get(), values, TaskMetrics.MESSAGES_QUARANTINED).orElse(0)));
  }

  @Override
  public Optional<String> waitingFor(String jobId) {
    MetricsAddress address = metricsAddresses.get(jobId);
    return address == null
        ? Optional.empty()
        : TEXTS.stream().flatMap(name -> text(address, name).stream()).findFirst();
  }

  /** Texts are not aggregated: each subtask is asked for its own. */
  private Optional<String> text(MetricsAddress address, String name) {
    String id = address.ids().get(name);
    if (id == null) {
      return Optional.empty();
    }
    String vertex = address.path().substring(0, address.path().lastIndexOf("/subtasks/"));
    for (int subtask = 0; subtask < address.subtasks(); subtask++) {
      for (JsonNode value : get(vertex + "/subtasks/" + subtask + "/metrics?get=" + encoded(id))) {
        String text = value.path("value").asText();
        if (!text.isEmpty()) {
          return Optional.of(text);
        }
      }
    }
    return Optional.empty();
  }

  private Optional<MetricsAddress> findMetrics(String jobId) {
    for (JsonNode vertex : get("/jobs/" + jobId).path("vertices")) {
      String path =
          "/jobs/" + jobId + "/vertices/" + vertex.path("id").asText() + "/subtasks/metrics";
      Map<String, String> ids = new ConcurrentHashMap<>();
      for (JsonNode metric : get(path)) {
        String id = metric.path("id").asText();
        METRICS.stream()
            .filter(name -> id.equals(name) || id.endsWith("." + name))
            .forEach(name -> ids.put(name, id));
      }
      if (ids.containsKey(TaskMetrics.ROWS_INSERTED)
          && ids.containsKey(TaskMetrics.REPLICATED_UNTIL)) {
        MetricsAddress found =
            new MetricsAddress(path, Map.copyOf(ids), vertex.path("parallelism").asInt(1));
        metricsAddresses.put(jobId, found);
        return Optional.of(found);
      }
    }
    return Optional.empty();
  }

  private static Optional<JsonNode> metric(MetricsAddress address, JsonNode values, String name) {
    for (JsonNode value : values) {
      if (value.path("id").asText().equals(address.ids().get(name))) {
        return Optional.of(value);
      }
    }
    return Optional.empty();
  }

  private static OptionalLong sum(MetricsAddress address, JsonNode values, String name) {
    return Stream.of(metric(address, values, name))
        .flatMap(Optional::stream)
        .mapToLong(value -> (long) value.path("sum").asDouble())
        .findFirst();
  }

  private JsonNode get(String path) {
    return send(request(path, TIMEOUT).GET());
  }

  private JsonNode post(String path, JsonNode body, Duration timeout) {
    return send(
        request(path, timeout)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body.toString())));
  }

  private HttpRequest.Builder request(String path, Duration timeout) {
    return HttpRequest.newBuilder(URI.create(address + path)).timeout(timeout);
  }

  private JsonNode send(HttpRequest.Builder request) {
    HttpResponse<String> response;
    try {
      response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new FlinkException.Unreachable(
          "The Flink cluster at "
              + address
              + " does not answer ("
              + e.getClass().getSimpleName()
              + "); it will be asked again");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FlinkException.Unreachable("Interrupted while asking the Flink cluster");
    }
    JsonNode answer;
    try {
      answer = json.readTree(response.body().isEmpty() ? "{}" : response.body());
    } catch (JsonProcessingException e) {
      throw new FlinkException.Unreachable(
          "What answers at " + address + " is not a Flink cluster; check flink.restUrl");
    }
    if (response.statusCode() / 100 == 2) {
      return answer;
    }
    StringBuilder errors = new StringBuilder();
    answer.path("errors").forEach(error -> errors.append(error.asText()).append('\n'));
    String reason = RootCause.of(lastTrace(errors.toString()));
    if (response.statusCode() == 503) {
      throw new FlinkException.Unreachable(
          "The Flink cluster at " + address + " is not ready: " + reason);
    }
    throw new FlinkException.Refused(reason);
  }

  /** Flink puts a short sentence before the stack trace; the trace says more. */
  private static String lastTrace(String errors) {
    int start = errors.indexOf("<Exception on server side:");
    return start < 0 ? errors : errors.substring(errors.indexOf('\n', start) + 1);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java runtime has SHA-256", e);
    }
  }
}
