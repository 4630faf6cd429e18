package io.milvus.cdc.server.flink;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.milvus.cdc.task.CollectionTraffic;
import io.milvus.cdc.task.CollectionTraffic.Counts;
import io.milvus.cdc.task.CollectionTraffic.OfCollection;
import io.milvus.cdc.task.JobTraffic;
import io.milvus.cdc.task.JobWork;
import io.milvus.cdc.task.Selection.Name;
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
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A Flink cluster by its REST interface. Safe for use by several threads. */
public final class FlinkRest implements FlinkCluster {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** A job's {@code main} runs inside the request that submits it. */
  private static final Duration SUBMIT_TIMEOUT = Duration.ofSeconds(60);

  /** Names of the target writer's and the replicator's numbers, as Flink aggregates them. */
  private static final Set<String> NUMBERS =
      Set.of(
          TaskMetrics.REPLICATED_UNTIL,
          TaskMetrics.LAG,
          TaskMetrics.ROWS_INSERTED,
          TaskMetrics.ROWS_DELETED,
          TaskMetrics.BYTES_WRITTEN,
          TaskMetrics.DDL_APPLIED,
          TaskMetrics.OPERATIONS,
          TaskMetrics.RETRIES,
          TaskMetrics.MESSAGES_SKIPPED,
          TaskMetrics.MESSAGES_QUARANTINED,
          TaskMetrics.COLLECTIONS_STOPPED,
          TaskMetrics.CALLS_IN_FLIGHT,
          TaskMetrics.CALL_MICROS + "_median",
          TaskMetrics.CALL_MICROS + "_p95",
          TaskMetrics.CALL_MICROS + "_p99",
          TaskMetrics.ROWS_PER_CALL + "_median",
          TaskMetrics.ROWS_PER_CALL + "_p95",
          TaskMetrics.ROWS_PER_CALL + "_p99");

  /** Names of their texts. */
  private static final Set<String> TEXTS =
      Set.of(TaskMetrics.WAITING_FOR, TaskMetrics.SILENT, TaskMetrics.COLLECTION_TRAFFIC);

  /** Names of the log source's numbers. */
  private static final Set<String> READ = Set.of(TaskMetrics.ROWS_READ, TaskMetrics.BYTES_READ);

  /** Flink's names for parts of a histogram, by quantile. */
  private static final Map<String, String> QUANTILES =
      Map.of("0.5", "_median", "0.95", "_p95", "0.99", "_p99");

  /** An id ends with the metric's name; one that is counted by something has that before it. */
  private static final Pattern METRIC =
      Pattern.compile(
          "(?:.*?\\.)?(?:(?:%s|%s)\\.(?<label>\\w+)\\.)?(?<name>cdc\\w+)"
              .formatted(TaskMetrics.KIND, TaskMetrics.CAUSE));

  /**
   * A metric as Flink knows it.
   *
   * @param id full id
   * @param name its own name
   * @param label its kind or cause; empty when it is not counted by one
   */
  private record MetricId(String id, String name, String label) {

    static Optional<MetricId> of(String id) {
      Matcher matcher = METRIC.matcher(id);
      return matcher.matches()
          ? Optional.of(
              new MetricId(
                  id,
                  matcher.group("name"),
                  Optional.ofNullable(matcher.group("label")).orElse("")))
          : Optional.empty();
    }
  }

  /**
   * Metrics of one vertex of a job.
   *
   * @param path of the vertex
   */
  private record VertexMetrics(String path, List<MetricId> ids, int subtasks) {

    boolean has(String name) {
      return ids.stream().anyMatch(id -> id.name().equals(name));
    }

    List<MetricId> of(Set<String> names) {
      return ids.stream().filter(id -> names.contains(id.name())).toList();
    }
  }

  /**
   * Where a job's metrics are found.
   *
   * @param writer the vertex of target writer and replicator
   * @param source that of the log source; absent while it has told nothing
   */
  private record JobMetrics(VertexMetrics writer, Optional<VertexMetrics> source) {

    /** A job registers its metrics one after the other while it starts. */
    boolean areAll() {
      return NUMBERS.stream().allMatch(writer::has)
          && TEXTS.stream().allMatch(writer::has)
          && source.filter(vertex -> READ.stream().allMatch(vertex::has)).isPresent();
    }
  }

  /**
   * Values of the metrics of one vertex, over all of its subtasks.
   *
   * @param aggregates what Flink answers, by id
   */
  private record Values(List<MetricId> ids, Map<String, JsonNode> aggregates) {

    private Optional<Double> value(MetricId id, String aggregate) {
      return Optional.ofNullable(aggregates.get(id.id()))
          .filter(value -> value.has(aggregate))
          .map(value -> value.path(aggregate).asDouble());
    }

    /** Over all that have the name; absent while none is known. */
    private Optional<Double> value(String name, String aggregate) {
      return ids.stream()
          .filter(id -> id.name().equals(name))
          .flatMap(id -> value(id, aggregate).stream())
          .findFirst();
    }

    /** The sum; 0 while it is not known. */
    long sum(String name) {
      return value(name, "sum").map(Double::longValue).orElse(0L);
    }

    /** A number that is negative while the job does not know it. */
    Optional<Long> known(String name, String aggregate) {
      return value(name, aggregate).map(Double::longValue).filter(value -> value >= 0);
    }

    Map<String, Long> sumsByLabel(String name) {
      Map<String, Long> sums = new HashMap<>();
      for (MetricId id : ids) {
        if (id.name().equals(name)) {
          value(id, "sum").ifPresent(sum -> sums.put(id.label(), sum.longValue()));
        }
      }
      return sums;
    }

    Map<String, Double> quantiles(String histogram) {
      Map<String, Double> quantiles = new HashMap<>();
      QUANTILES.forEach(
          (quantile, part) ->
              value(histogram + part, "max").ifPresent(value -> quantiles.put(quantile, value)));
      return quantiles;
    }
  }

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(CONNECT_TIMEOUT).build();
  private final ObjectMapper json = new ObjectMapper();
  private final Map<String, JobMetrics> jobMetrics = new ConcurrentHashMap<>();
  private final URI address;
  private final JobTemplate template;
  private final Duration timeout;
  private final Object uploadLock = new Object();

  /** Does not connect yet. */
  public FlinkRest(URI address, JobTemplate template) {
    this(address, template, TIMEOUT);
  }

  /** As above, with another time for all answers but those to a submission. */
  FlinkRest(URI address, JobTemplate template, Duration timeout) {
    this.address = address;
    this.template = template;
    this.timeout = timeout;
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
    jobMetrics
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
    if (submission.exactStart()) {
      arguments.add("--exact-start").add(submission.jobId());
    }
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
    configuration.put(
        "execution.checkpointing.num-retained", Integer.toString(template.retainedCheckpoints()));
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
        "targetDirectory", SnapshotFiles.savepointDirectory(template.snapshotDirectory(), jobId));
    return post("/jobs/" + jobId + "/stop", body, timeout).path("request-id").asText();
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
        request("/jobs/" + jobId + "?mode=cancel", timeout)
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
    Optional<VertexMetrics> writer = metrics(jobId).map(JobMetrics::writer);
    if (writer.isEmpty()) {
      return Optional.empty();
    }
    Values values = values(writer.get(), NUMBERS);
    if (values.value(TaskMetrics.ROWS_INSERTED, "sum").isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new JobMeasures(
            values.known(TaskMetrics.REPLICATED_UNTIL, "min").map(Instant::ofEpochMilli),
            values.known(TaskMetrics.LAG, "max").map(Duration::ofMillis),
            values.sum(TaskMetrics.ROWS_INSERTED),
            values.sum(TaskMetrics.ROWS_DELETED),
            values.sum(TaskMetrics.DDL_APPLIED),
            new JobWork(
                values.sum(TaskMetrics.BYTES_WRITTEN),
                values.sumsByLabel(TaskMetrics.OPERATIONS),
                values.sumsByLabel(TaskMetrics.RETRIES),
                values.sumsByLabel(TaskMetrics.MESSAGES_SKIPPED),
                values.sum(TaskMetrics.MESSAGES_QUARANTINED),
                values.sum(TaskMetrics.COLLECTIONS_STOPPED),
                values.sum(TaskMetrics.CALLS_IN_FLIGHT),
                values.quantiles(TaskMetrics.CALL_MICROS),
                values.quantiles(TaskMetrics.ROWS_PER_CALL))));
  }

  @Override
  public Optional<JobTraffic> traffic(String jobId) {
    Optional<JobMetrics> found = metrics(jobId).filter(JobMetrics::areAll);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Values read = values(found.get().source().orElseThrow(), READ);
    Map<Name, Counts> collections = new LinkedHashMap<>();
    Counts others = Counts.NONE;
    for (String text : texts(found.get().writer(), TaskMetrics.COLLECTION_TRAFFIC)) {
      Optional<CollectionTraffic> written = CollectionTraffic.fromJson(text);
      if (written.isPresent()) {
        // One that was dropped may be there still, beside a new one of its name.
        written
            .get()
            .collections()
            .forEach(
                one ->
                    collections.merge(
                        new Name(one.database(), one.collection()), one.written(), Counts::plus));
        others = others.plus(written.get().others());
      }
    }
    return Optional.of(
        new JobTraffic(
            read.sum(TaskMetrics.ROWS_READ),
            read.sum(TaskMetrics.BYTES_READ),
            new CollectionTraffic(
                collections.entrySet().stream()
                    .map(
                        one ->
                            new OfCollection(
                                one.getKey().database(), one.getKey().collection(), one.getValue()))
                    .toList(),
                others)));
  }

  @Override
  public Optional<String> waitingFor(String jobId) {
    JobMetrics known = jobMetrics.get(jobId);
    return known == null
        ? Optional.empty()
        : Stream.of(TaskMetrics.WAITING_FOR, TaskMetrics.SILENT)
            .flatMap(name -> texts(known.writer(), name).stream())
            .filter(text -> !text.isEmpty())
            .findFirst();
  }

  /** What each number is over all subtasks, in one request. */
  private Values values(VertexMetrics vertex, Set<String> names) {
    List<MetricId> ids = vertex.of(names);
    String wanted = ids.stream().map(id -> encoded(id.id())).collect(Collectors.joining(","));
    Map<String, JsonNode> aggregates = new HashMap<>();
    get(vertex.path() + "/subtasks/metrics?agg=min,max,sum&get=" + wanted)
        .forEach(value -> aggregates.put(value.path("id").asText(), value));
    return new Values(ids, aggregates);
  }

  /** A text of each subtask, in one request: Flink does not aggregate texts. */
  private List<String> texts(VertexMetrics vertex, String name) {
    String wanted =
        vertex.of(Set.of(name)).stream()
            .flatMap(
                id ->
                    IntStream.range(0, vertex.subtasks())
                        .mapToObj(subtask -> encoded(subtask + "." + id.id())))
            .collect(Collectors.joining(","));
    List<String> texts = new ArrayList<>();
    if (!wanted.isEmpty()) {
      get(vertex.path() + "/metrics?get=" + wanted)
          .forEach(value -> texts.add(value.path("value").asText()));
    }
    return texts;
  }

  private Optional<JobMetrics> metrics(String jobId) {
    return Optional.ofNullable(jobMetrics.get(jobId))
        .filter(JobMetrics::areAll)
        .or(() -> findMetrics(jobId));
  }

  private Optional<JobMetrics> findMetrics(String jobId) {
    Optional<VertexMetrics> writer = Optional.empty();
    Optional<VertexMetrics> source = Optional.empty();
    for (JsonNode vertex : get("/jobs/" + jobId).path("vertices")) {
      String path = "/jobs/" + jobId + "/vertices/" + vertex.path("id").asText();
      List<MetricId> ids = new ArrayList<>();
      for (JsonNode metric : get(path + "/subtasks/metrics")) {
        MetricId.of(metric.path("id").asText()).ifPresent(ids::add);
      }
      VertexMetrics found = new VertexMetrics(path, ids, vertex.path("parallelism").asInt(1));
      if (found.has(TaskMetrics.ROWS_INSERTED) && found.has(TaskMetrics.REPLICATED_UNTIL)) {
        writer = Optional.of(found);
      }
      if (found.has(TaskMetrics.ROWS_READ)) {
        source = Optional.of(found);
      }
    }
    if (writer.isEmpty()) {
      return Optional.empty();
    }
    JobMetrics found = new JobMetrics(writer.get(), source);
    jobMetrics.put(jobId, found);
    return Optional.of(found);
  }

  private JsonNode get(String path) {
    return send(request(path, timeout).GET());
  }

  private JsonNode post(String path, JsonNode body, Duration longest) {
    return send(
        request(path, longest)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body.toString())));
  }

  private HttpRequest.Builder request(String path, Duration longest) {
    return HttpRequest.newBuilder(URI.create(address + path)).timeout(longest);
  }

  private JsonNode send(HttpRequest.Builder request) {
    HttpResponse<String> response = answer(request.build());
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

  /** The client's own timeout ends with the headers (JDK-8208693); this one includes the body. */
  private HttpResponse<String> answer(HttpRequest request) {
    CompletableFuture<HttpResponse<String>> answer =
        http.sendAsync(request, HttpResponse.BodyHandlers.ofString());
    try {
      return answer.get(request.timeout().orElseThrow().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw noAnswer(e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException) {
        throw noAnswer(e.getCause());
      }
      throw new IllegalStateException("A request to Flink failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FlinkException.Unreachable("Interrupted while asking the Flink cluster");
    } finally {
      answer.cancel(true);
    }
  }

  private FlinkException.Unreachable noAnswer(Throwable cause) {
    return new FlinkException.Unreachable(
        "The Flink cluster at "
            + address
            + " does not answer ("
            + cause.getClass().getSimpleName()
            + "); it will be asked again");
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
