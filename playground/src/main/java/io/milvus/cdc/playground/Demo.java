package io.milvus.cdc.playground;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.milvus.v2.client.ConnectConfig;
import io.milvus.v2.client.MilvusClientV2;
import io.milvus.v2.common.ConsistencyLevel;
import io.milvus.v2.common.DataType;
import io.milvus.v2.common.IndexParam;
import io.milvus.v2.exception.MilvusClientException;
import io.milvus.v2.service.collection.request.AddFieldReq;
import io.milvus.v2.service.collection.request.CreateCollectionReq;
import io.milvus.v2.service.collection.request.HasCollectionReq;
import io.milvus.v2.service.vector.request.DeleteReq;
import io.milvus.v2.service.vector.request.InsertReq;
import io.milvus.v2.service.vector.request.QueryReq;
import io.milvus.v2.service.vector.request.UpsertReq;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.LongStream;

/**
 * Creates a task by the documented request, changes rows on the source and shows them arrive on the
 * target. Can be run again on the same playground: the task and the collection are used again.
 */
final class Demo {

  private static final String COLLECTION = "playground_demo";
  private static final int DIMENSION = 128;
  private static final int ROWS = 1000;
  private static final int UPSERTED = 100;
  private static final int DELETED = 50;
  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(50);

  private final Playground playground;
  private final PrintStream out;
  private final Random random = new Random();

  Demo(Playground playground, PrintStream out) {
    this.playground = playground;
    this.out = out;
  }

  /**
   * Runs the demo.
   *
   * @throws PlaygroundException when a step fails or the target does not agree in time
   */
  void run() throws IOException, InterruptedException {
    String task = ensureTask();
    MilvusClientV2 source = connect(playground.sourceUri());
    MilvusClientV2 target = connect(playground.targetUri());
    try {
      out.println();
      prepareCollection(source);
      insert(source);
      awaitSame(source, target, task, "inserted");
      upsert(source);
      awaitSame(source, target, task, "upserted");
      delete(source);
      awaitSame(source, target, task, "deleted");
    } finally {
      source.close();
      target.close();
    }
  }

  private String ensureTask() throws IOException, InterruptedException {
    Optional<String> existing = existingTask();
    if (existing.isPresent()) {
      out.println();
      out.println("Task " + existing.get() + " replicates to this target already.");
      return existing.get();
    }
    String body =
        """
        {"request_type":"create","request_data":{"milvus_connect_param":{"uri":"http://localhost:%d",\
        "token":"root:Milvus","connect_timeout":10},"collection_infos":[{"name":"*"}]}}"""
            .formatted(playground.ports().targetMilvus());
    String url = "http://localhost:" + playground.ports().server() + "/cdc";
    List<String> curl =
        List.of(
            "curl", "-sS", "-X", "POST", url, "-H", "Content-Type: application/json", "-d", body);
    out.println();
    out.println(
        "$ curl -X POST " + url + " -H 'Content-Type: application/json' \\\n    -d '" + body + "'");
    String answer = runCurl(curl).orElse("");
    if (answer.isEmpty()) {
      answer = post(body);
    }
    out.println(answer);
    JsonObject parsed = json(answer);
    if (!parsed.has("data")) {
      throw new PlaygroundException(
          "The control server did not create the task; its log: " + playground.log(Part.SERVER));
    }
    return parsed.getAsJsonObject("data").get("task_id").getAsString();
  }

  private Optional<String> existingTask() throws IOException, InterruptedException {
    JsonObject answer = json(post("{\"request_type\":\"list\",\"request_data\":{}}"));
    if (!answer.has("data")) {
      throw new PlaygroundException(
          "The control server does not list its tasks; its log: " + playground.log(Part.SERVER));
    }
    for (JsonElement element : answer.getAsJsonObject("data").getAsJsonArray("tasks")) {
      JsonObject task = element.getAsJsonObject();
      if (isToTarget(task)) {
        String id = task.get("task_id").getAsString();
        if (!task.get("state").getAsString().equals("Running")
            && !task.get("state").getAsString().equals("Initial")) {
          out.println("Task " + id + " is " + task.get("state").getAsString() + "; resuming it.");
          out.println(
              post("{\"request_type\":\"resume\",\"request_data\":{\"task_id\":\"" + id + "\"}}"));
        }
        return Optional.of(id);
      }
    }
    return Optional.empty();
  }

  private boolean isToTarget(JsonObject task) {
    return task.has("milvus_connect_param")
        && task.getAsJsonObject("milvus_connect_param")
            .toString()
            .contains(":" + playground.ports().targetMilvus());
  }

  private void prepareCollection(MilvusClientV2 source) {
    if (source.hasCollection(HasCollectionReq.builder().collectionName(COLLECTION).build())) {
      source.delete(DeleteReq.builder().collectionName(COLLECTION).filter("id >= 0").build());
      out.println("source: emptied " + COLLECTION + ", which an earlier demo left");
      return;
    }
    CreateCollectionReq.CollectionSchema schema = source.createSchema();
    schema.addField(
        AddFieldReq.builder()
            .fieldName("id")
            .dataType(DataType.Int64)
            .isPrimaryKey(true)
            .autoID(false)
            .build());
    schema.addField(
        AddFieldReq.builder().fieldName("text").dataType(DataType.VarChar).maxLength(64).build());
    schema.addField(
        AddFieldReq.builder()
            .fieldName("vector")
            .dataType(DataType.FloatVector)
            .dimension(DIMENSION)
            .build());
    // With index parameters the SDK also creates the index and loads the collection.
    source.createCollection(
        CreateCollectionReq.builder()
            .collectionName(COLLECTION)
            .collectionSchema(schema)
            .consistencyLevel(ConsistencyLevel.STRONG)
            .indexParams(
                List.of(
                    IndexParam.builder()
                        .fieldName("vector")
                        .indexType(IndexParam.IndexType.HNSW)
                        .metricType(IndexParam.MetricType.L2)
                        .extraParams(Map.of("M", 16, "efConstruction", 100))
                        .build()))
            .build());
    out.println("source: created " + COLLECTION + " with an HNSW index, and loaded it");
  }

  private void insert(MilvusClientV2 source) {
    List<JsonObject> rows =
        LongStream.range(0, ROWS).mapToObj(id -> row(id, "inserted " + id)).toList();
    source.insert(InsertReq.builder().collectionName(COLLECTION).data(rows).build());
    out.println("source: inserted " + ROWS + " rows of " + DIMENSION + " dimensions");
  }

  private void upsert(MilvusClientV2 source) {
    List<JsonObject> rows =
        LongStream.range(0, UPSERTED).mapToObj(id -> row(id, "upserted " + id)).toList();
    source.upsert(UpsertReq.builder().collectionName(COLLECTION).data(rows).build());
    out.println("source: upserted " + UPSERTED + " of them");
  }

  private void delete(MilvusClientV2 source) {
    List<Object> ids = LongStream.range(ROWS - DELETED, ROWS).mapToObj(id -> (Object) id).toList();
    source.delete(DeleteReq.builder().collectionName(COLLECTION).ids(ids).build());
    out.println("source: deleted " + DELETED + " of them");
  }

  private JsonObject row(long id, String text) {
    JsonObject row = new JsonObject();
    row.addProperty("id", id);
    row.addProperty("text", text);
    JsonArray vector = new JsonArray(DIMENSION);
    for (int i = 0; i < DIMENSION; i++) {
      vector.add(random.nextFloat());
    }
    row.add("vector", vector);
    return row;
  }

  private void awaitSame(MilvusClientV2 source, MilvusClientV2 target, String task, String what)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    Map<Object, Map<String, Object>> wanted = rows(source);
    Optional<Map<Object, Map<String, Object>>> seen = rowsIfReadable(target);
    while (!seen.equals(Optional.of(wanted))) {
      if (System.nanoTime() - start > TIMEOUT.toNanos()) {
        out.println(
            post("{\"request_type\":\"get\",\"request_data\":{\"task_id\":\"" + task + "\"}}"));
        throw new PlaygroundException(
            "The target does not hold the "
                + what
                + " rows after "
                + TIMEOUT.toSeconds()
                + " s: "
                + seen.map(rows -> rows.size() + " rows of " + wanted.size())
                    .orElse(COLLECTION + " cannot be read there")
                + ". The task is above; the log of the control server: "
                + playground.log(Part.SERVER));
      }
      Thread.sleep(POLL_INTERVAL.toMillis());
      seen = rowsIfReadable(target);
    }
    out.println(
        String.format(
            Locale.ROOT,
            "target: the same %d rows, compared field by field, %.2f s later",
            wanted.size(),
            (System.nanoTime() - start) / 1e9));
  }

  /** Empty while the collection is not there or not loaded. */
  private static Optional<Map<Object, Map<String, Object>>> rowsIfReadable(MilvusClientV2 client) {
    try {
      return Optional.of(rows(client));
    } catch (MilvusClientException e) {
      return Optional.empty();
    }
  }

  private static Map<Object, Map<String, Object>> rows(MilvusClientV2 client) {
    Map<Object, Map<String, Object>> rows = new TreeMap<>();
    client
        .query(
            QueryReq.builder()
                .collectionName(COLLECTION)
                .filter("id >= 0")
                .outputFields(List.of("id", "text", "vector"))
                .consistencyLevel(ConsistencyLevel.STRONG)
                .build())
        .getQueryResults()
        .forEach(result -> rows.put(result.getEntity().get("id"), result.getEntity()));
    return rows;
  }

  private static MilvusClientV2 connect(String uri) {
    return new MilvusClientV2(ConnectConfig.builder().uri(uri).build());
  }

  /** Curl's output; empty when curl is not installed. */
  private static Optional<String> runCurl(List<String> command)
      throws IOException, InterruptedException {
    Process process;
    try {
      process = ChildProcess.start(new ProcessBuilder(command).redirectErrorStream(true));
    } catch (IOException e) {
      return Optional.empty();
    }
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0) {
      throw new PlaygroundException("curl cannot reach the control server: " + output);
    }
    return Optional.of(output);
  }

  private String post(String body) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(playground.serverUrl() + "/cdc"))
            .header("Content-Type", "application/json")
            .timeout(TIMEOUT)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  private static JsonObject json(String text) {
    try {
      return JsonParser.parseString(text).getAsJsonObject();
    } catch (RuntimeException e) {
      throw new PlaygroundException("The control server did not answer in JSON: " + text, e);
    }
  }
}
