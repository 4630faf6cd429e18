package io.milvus.cdc.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.milvus.cdc.server.flink.JobMeasures;
import io.milvus.cdc.server.flink.SnapshotFiles;
import io.milvus.cdc.server.tasks.FakeFlink;
import io.milvus.cdc.server.tasks.FakeSourceLog;
import io.milvus.cdc.server.tasks.InMemoryDefinitions;
import io.milvus.cdc.server.tasks.InMemoryLifecycleStore;
import io.milvus.cdc.server.tasks.LagHistory;
import io.milvus.cdc.server.tasks.Parallelism;
import io.milvus.cdc.server.tasks.Reconciler;
import io.milvus.cdc.server.tasks.ReconcilerSettings;
import io.milvus.cdc.server.tasks.RetentionWatch;
import io.milvus.cdc.server.tasks.SettableClock;
import io.milvus.cdc.server.tasks.Steps;
import io.milvus.cdc.server.tasks.TargetProbe;
import io.milvus.cdc.server.tasks.TaskException;
import io.milvus.cdc.server.tasks.TaskService;
import io.milvus.cdc.task.CollectionTraffic;
import io.milvus.cdc.task.CollectionTraffic.Counts;
import io.milvus.cdc.task.CollectionTraffic.OfCollection;
import io.milvus.cdc.task.JobTraffic;
import io.milvus.cdc.task.JobWork;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The interface with a cluster and a store that are not real, asked over real HTTP. */
final class TestServer implements AutoCloseable {

  /** What a test can change while the server runs. */
  TargetProbe target = target -> {};

  boolean storeIsAway = false;

  final FakeSourceLog sourceLog = new FakeSourceLog();
  final SettableClock clock = new SettableClock();
  final FakeFlink flink;
  final Reconciler reconciler;
  final InMemoryDefinitions definitions;
  final int port;
  final RetentionWatch retention;
  final LagHistory lags;
  private final CdcApi api;
  private final HttpClient http = HttpClient.newHttpClient();
  private final ObjectMapper json = new ObjectMapper();

  TestServer(Path directory, Optional<String> token, Duration idle, Duration request) {
    this(directory, token, idle, request, 2);
  }

  TestServer(
      Path directory, Optional<String> token, Duration idle, Duration request, int maxTasks) {
    Steps store =
        new Steps() {
          @Override
          public void before(String step) {
            if (storeIsAway) {
              throw new TaskException(
                  TaskException.Kind.STORE_UNAVAILABLE, "The task store does not answer");
            }
          }
        };
    flink = new FakeFlink(directory, Steps.GO_ON);
    definitions = new InMemoryDefinitions(store);
    InMemoryLifecycleStore lifecycles = new InMemoryLifecycleStore(definitions, store);
    reconciler =
        new Reconciler(
            lifecycles,
            definitions,
            flink,
            new SnapshotFiles(directory.toUri()),
            ReconcilerSettings.remote(),
            clock);
    retention = new RetentionWatch(sourceLog, FakeSourceLog.SOURCE);
    TaskService tasks =
        new TaskService(
            lifecycles,
            definitions,
            reconciler,
            sourceLog,
            retention,
            cluster -> target.check(cluster),
            FakeSourceLog.SOURCE,
            new Parallelism(1, 4),
            maxTasks,
            clock);
    lags = new LagHistory(tasks::list, clock);
    api =
        new CdcApi(
            tasks,
            lags,
            List.of(new HealthCheck("flink", reconciler::checkCluster)),
            new ApiSettings(
                "127.0.0.1",
                0,
                token.map(BearerToken::new),
                idle,
                request,
                URI.create("http://flink.example")));
    port = api.start();
  }

  TestServer(Path directory) {
    this(directory, Optional.empty(), Duration.ofSeconds(30), Duration.ofSeconds(30));
  }

  HttpResponse<String> send(String method, String path, String body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Lets a job report something of each kind, and the source its retention. */
  void everythingIsReported(String jobId) {
    report(jobId, Duration.ZERO);
    sourceLog.retention = Optional.of(Duration.ofDays(7));
    retention.ask();
    clock.advance(Duration.ofSeconds(2));
  }

  /** Lets a job report its lag, and something of each other kind. */
  void report(String jobId, Duration lag) {
    flink.report(
        jobId,
        new JobMeasures(
            Optional.of(clock.instant().minus(lag)),
            Optional.of(lag),
            1,
            1,
            1,
            new JobWork(
                1,
                Map.of("insert", 1L),
                Map.of("outage", 1L),
                Map.of("gone", 1L),
                1,
                1,
                1,
                Map.of("0.5", 1.0),
                Map.of("0.5", 1.0))));
    flink.tellsTraffic(
        new JobTraffic(
            1,
            1,
            new CollectionTraffic(
                List.of(new OfCollection("default", "one", new Counts(1, 1, 1))),
                new Counts(1, 1, 1))));
  }

  HttpResponse<String> get(String path) {
    return send("GET", path, "");
  }

  /** Sends a request with single quotes for double ones. */
  HttpResponse<String> post(String body) {
    return send("POST", "/cdc", body.replace('\'', '"'));
  }

  HttpResponse<String> request(String type, String data) {
    return post("{'request_type':'" + type + "','request_data':" + data + "}");
  }

  /** Creates a task for one collection. */
  HttpResponse<String> create(String taskId, String collection) {
    return request(
        "create",
        "{'task_id':'"
            + taskId
            + "','milvus_connect_param':{'uri':'http://localhost:19530'},"
            + "'collection_infos':[{'name':'"
            + collection
            + "'}]}");
  }

  HttpResponse<String> ask(String type, String taskId) {
    return request(type, "{'task_id':'" + taskId + "'}");
  }

  JsonNode json(HttpResponse<String> response) {
    try {
      return json.readTree(response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    api.close();
    reconciler.close();
  }
}
