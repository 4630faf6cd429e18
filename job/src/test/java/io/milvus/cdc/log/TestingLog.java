package io.milvus.cdc.log;

import com.google.protobuf.ByteString;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StartPositions.TopicStart;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskStore;
import io.milvus.cdc.task.TaskStoreFactory;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.PulsarClientException;
import org.awaitility.Awaitility;

/**
 * A source's log in a namespace of its own on a real broker, and a task that reads it. The task is
 * registered in this JVM, where the mini cluster's tasks find it.
 */
final class TestingLog implements AutoCloseable {

  private static final Map<String, TestingLog> BY_TASK = new ConcurrentHashMap<>();
  private static final String TENANT = "public";

  private final String serviceUrl;
  private final String adminUrl;
  private final String taskId = UUID.randomUUID().toString().replace("-", "");
  private final String namespace = "log-" + taskId.substring(0, 8);
  private final HttpClient http = HttpClient.newHttpClient();
  private final PulsarClient client;
  private final Map<String, Producer<byte[]>> producers = new HashMap<>();
  private final Map<String, TopicStart> starts = new ConcurrentHashMap<>();
  private final List<TaskStore.StartsListener> startsListeners = new CopyOnWriteArrayList<>();
  private final Map<String, List<ByteString>> liveStarts = new ConcurrentHashMap<>();

  /** How often it cannot be asked whether the metadata can be read. */
  final AtomicInteger unansweredQuestions = new AtomicInteger();

  private Optional<String> exactStart = Optional.empty();
  private final Set<String> readings = ConcurrentHashMap.newKeySet();

  /** The task's stopped collections, by id. */
  final Map<Long, StoppedCollection> stopped = new ConcurrentHashMap<>();

  private TestingLog(String serviceUrl, String adminUrl) throws PulsarClientException {
    this.serviceUrl = serviceUrl;
    this.adminUrl = adminUrl;
    this.client = PulsarClient.builder().serviceUrl(serviceUrl).build();
    BY_TASK.put(taskId, this);
  }

  /** A new, empty namespace. */
  static TestingLog create() throws Exception {
    Playground playground = TestingPlayground.shared(Part.PULSAR);
    TestingLog log = new TestingLog(playground.pulsarServiceUrl(), playground.pulsarAdminUrl());
    log.admin("PUT", "/admin/v2/namespaces/" + TENANT + "/" + log.namespace, "{}");
    return log;
  }

  String taskId() {
    return taskId;
  }

  static String pchannel(int n) {
    return "by-dev-rootcoord-dml_" + n;
  }

  SourceCluster source() {
    return new SourceCluster(
        List.of("http://127.0.0.1:1"),
        "by-dev",
        "meta",
        serviceUrl,
        adminUrl,
        TENANT,
        namespace,
        "by-dev");
  }

  String topic(String pchannel) {
    return source().topic(pchannel);
  }

  /**
   * Publishes payloads to a topic, in order; returns when the broker has them. The task reads the
   * topic, from its first message unless it is said otherwise.
   */
  List<MessageId> publish(String pchannel, List<byte[]> payloads) throws Exception {
    List<MessageId> ids = publishUnread(pchannel, payloads);
    if (!starts.containsKey(pchannel)) {
      startAt(pchannel, Optional.empty(), false);
    }
    return ids;
  }

  /** The same, to a topic that the task does not read unless it is said where from. */
  List<MessageId> publishUnread(String pchannel, List<byte[]> payloads) throws Exception {
    Producer<byte[]> producer = producers.get(pchannel);
    if (producer == null) {
      producer =
          client
              .newProducer()
              .topic(topic(pchannel))
              .enableBatching(false)
              .maxPendingMessages(10_000)
              .blockIfQueueFull(true)
              .create();
      producers.put(pchannel, producer);
    }
    List<CompletableFuture<MessageId>> sent = new ArrayList<>();
    for (byte[] payload : payloads) {
      sent.add(producer.sendAsync(payload));
    }
    List<MessageId> ids = new ArrayList<>();
    for (CompletableFuture<MessageId> id : sent) {
      ids.add(id.get());
    }
    return ids;
  }

  MessageId publish(String pchannel, byte[] payload) throws Exception {
    return publish(pchannel, List.of(payload)).get(0);
  }

  /** Closes the producer of a topic. */
  void stopPublishing(String pchannel) throws PulsarClientException {
    producers.remove(pchannel).close();
  }

  void startAt(String pchannel, Optional<MessageId> id, boolean inclusive) {
    starts.put(
        pchannel,
        new TopicStart(
            id.map(present -> ByteString.copyFrom(present.toByteArray())), inclusive, Map.of()));
    startsListeners.forEach(TaskStore.StartsListener::added);
  }

  void liveCollectionStartsAt(String pchannel, MessageId id) {
    liveStarts
        .computeIfAbsent(pchannel, unused -> new ArrayList<>())
        .add(ByteString.copyFrom(id.toByteArray()));
  }

  /** Jobs from now on continue exactly where the one before them was stopped. */
  void continueExactly(String start) {
    exactStart = Optional.of(start);
  }

  LogSource logSource(LogTuning tuning) {
    LogSource source =
        new LogSource(
            taskId, new RegisteredTaskStore(taskId), new RegisteredLiveStarts(taskId), tuning);
    return exactStart.map(source::continuingExactly).orElse(source);
  }

  LogEnumerator.SourceDiscovery discovery() {
    return new LogEnumerator.SourceDiscovery(taskId, new RegisteredTaskStore(taskId));
  }

  /** Whoever watches the task's start positions is told nothing any more. */
  void endWatches() {
    startsListeners.forEach(TaskStore.StartsListener::ended);
    startsListeners.clear();
  }

  SourceConnection connect() throws IOException {
    return SourceConnection.open(
        taskId,
        new RegisteredTaskStore(taskId),
        new RegisteredLiveStarts(taskId),
        Optional.empty());
  }

  String admin(String method, String path, String body) throws IOException, InterruptedException {
    HttpResponse<String> response =
        http.send(
            HttpRequest.newBuilder(URI.create(adminUrl + path))
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() >= 300) {
      throw new IOException(method + " " + path + ": " + response.statusCode() + response.body());
    }
    return response.body();
  }

  /** From now on a reader is sent about so many bytes of a topic, and at least one message. */
  void limitBytesOfReaders(int bytes) throws IOException, InterruptedException {
    admin(
        "POST",
        dispatchRatePath(),
        """
        {"dispatchThrottlingRateInMsg": -1, "dispatchThrottlingRateInByte": %d,
         "ratePeriodInSecond": 3600}
        """
            .formatted(bytes));
  }

  void liftLimitOfReaders() throws IOException, InterruptedException {
    admin("DELETE", dispatchRatePath(), "");
  }

  private String dispatchRatePath() {
    return "/admin/v2/namespaces/" + TENANT + "/" + namespace + "/subscriptionDispatchRate";
  }

  String topicPath(String pchannel) {
    return "/admin/v2/persistent/" + TENANT + "/" + namespace + "/" + pchannel;
  }

  List<String> subscriptions(String pchannel) throws IOException, InterruptedException {
    String list = admin("GET", topicPath(pchannel) + "/subscriptions", "");
    return list.equals("[]") ? List.of() : List.of(list);
  }

  TopicContents contents(String pchannel) throws IOException {
    return new TopicDirectory(source()).contents(pchannel).orElseThrow();
  }

  /** Makes the broker forget all of a topic but what is published afterwards. */
  void forget(String pchannel) throws Exception {
    stopPublishing(pchannel);
    admin(
        "POST",
        "/admin/v2/namespaces/" + TENANT + "/" + namespace + "/retention",
        "{\"retentionTimeInMinutes\":0,\"retentionSizeInMB\":0}");
    admin("PUT", topicPath(pchannel) + "/unload", "");
    admin("GET", topicPath(pchannel) + "/internalStats", "");
    admin("POST", topicPath(pchannel) + "/trim", "");
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> contents(pchannel).earliest().isEmpty());
  }

  @Override
  public void close() throws Exception {
    BY_TASK.remove(taskId);
    client.close();
    for (String pchannel : new TopicDirectory(source()).pchannels()) {
      admin("DELETE", topicPath(pchannel) + "?force=true", "");
    }
    admin("DELETE", "/admin/v2/namespaces/" + TENANT + "/" + namespace, "");
  }

  private TaskDefinition task() {
    return new TaskDefinition(
        TaskDefinition.VERSION,
        taskId,
        Instant.EPOCH,
        source(),
        new TargetCluster("127.0.0.1", 1, false, Optional.empty(), 1),
        Selection.everything(),
        1,
        false);
  }

  private record RegisteredTaskStore(String id) implements TaskStoreFactory {
    @Override
    public TaskStore open() {
      return new TaskStore() {
        @Override
        public Optional<TaskDefinition> definition(String taskId) {
          return Optional.ofNullable(BY_TASK.get(taskId)).map(TestingLog::task);
        }

        @Override
        public StartPositions startPositions(String taskId) {
          return new StartPositions(BY_TASK.get(taskId).starts);
        }

        @Override
        public void addStart(String taskId, String pchannel, TopicStart start) {
          throw new UnsupportedOperationException();
        }

        @Override
        public void watchStarts(String taskId, StartsListener listener) {
          BY_TASK.get(taskId).startsListeners.add(listener);
        }

        @Override
        public List<StoppedCollection> stopped(String taskId) {
          return List.copyOf(BY_TASK.get(taskId).stopped.values());
        }

        @Override
        public void changeStopped(
            String taskId, long collectionId, UnaryOperator<Optional<StoppedCollection>> change) {
          BY_TASK
              .get(taskId)
              .stopped
              .compute(
                  collectionId,
                  (id, before) -> change.apply(Optional.ofNullable(before)).orElse(null));
        }

        @Override
        public boolean isFirstReading(String taskId, String pchannel, String start) {
          return BY_TASK.get(taskId).readings.add(pchannel + " " + start);
        }

        @Override
        public Set<String> databases(String taskId) {
          return Set.of();
        }

        @Override
        public void noteDatabase(String taskId, String name) {}

        @Override
        public void forgetDatabase(String taskId, String name) {}

        @Override
        public List<QuarantinedMessage> quarantined(String taskId) {
          return List.of();
        }

        @Override
        public void quarantine(String taskId, QuarantinedMessage message) {
          throw new UnsupportedOperationException();
        }

        @Override
        public void forgetQuarantined(String taskId, long collectionId) {}

        @Override
        public void close() {}
      };
    }
  }

  private record RegisteredLiveStarts(String id) implements LiveStartPositions.Factory {
    @Override
    public LiveStartPositions open(TaskDefinition task) {
      return new LiveStartPositions() {
        @Override
        public List<ByteString> of(String pchannel) {
          return BY_TASK.get(id).liveStarts.getOrDefault(pchannel, List.of());
        }

        @Override
        public void verifyReadable() throws IOException {
          if (BY_TASK.get(id).unansweredQuestions.getAndDecrement() > 0) {
            throw new IOException("the metadata is away");
          }
        }

        @Override
        public void close() {}
      };
    }
  }
}
