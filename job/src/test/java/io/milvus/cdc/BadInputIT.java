package io.milvus.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.compare.RowComparison;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.task.EtcdTaskStore;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.StoppedCollection.FirstMessage;
import io.milvus.cdc.task.StoppedCollection.UnreadableMessage;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.cdc.workload.SourceWriter;
import io.milvus.cdc.workload.SourceWriter.Kind;
import io.milvus.grpc.DescribeCollectionRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.MessageIdAdv;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.Reader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a real source's log holds and a real target cannot take. */
class BadInputIT {

  private static final int PARALLELISM = 2;
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final String DATABASE = "bad_input";

  /** An Insert of Milvus' log that ends too early. */
  private static final byte[] GARBAGE = {10, 3, 8, (byte) 144, 3, 106, 100, 1, 2, 3};

  /** A message of kind 12345: no release has it yet. */
  private static final byte[] OF_A_LATER_RELEASE = {10, 3, 8, (byte) 0xb9, 0x60};

  @TempDir Path savepoints;

  private final Map<String, SourceWriter> writers = new LinkedHashMap<>();
  private Playground playground;
  private MilvusCluster source;
  private MilvusCluster target;
  private TestingDefinition task;
  private Optional<JobClient> job = Optional.empty();

  @BeforeEach
  void connect() {
    playground = TestingPlayground.shared(Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET);
    source = MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus());
    target = MilvusCluster.connect("127.0.0.1", playground.ports().targetMilvus());
    SourceWriter.createDatabase(source, DATABASE);
    SourceWriter.createDatabase(target, DATABASE);
  }

  @AfterEach
  void disconnect() throws Exception {
    if (job.isPresent()) {
      job.get().cancel().get(60, TimeUnit.SECONDS);
    }
    // Other tests' tasks read the same topics: what is gone cannot be stopped by the garbage.
    writers.values().forEach(SourceWriter::drop);
    source.close();
    target.close();
  }

  @Test
  void eachStopsItsOwnCollectionAndAfterTheCureAllIsTheSame() throws Exception {
    unfit("other_dimension", new SourceWriter(target, DATABASE, "other_dimension", Kind.INT64, 4));
    unfit("missing_field", new SourceWriter(target, DATABASE, "missing_field", Kind.INT64));
    unfit("other_key", new SourceWriter(target, DATABASE, "other_key", Kind.VARCHAR));
    writer("missing_field", Kind.DYNAMIC);
    writer("other_dimension", Kind.INT64);
    writer("other_key", Kind.INT64);
    writer("victim", Kind.INT64);
    writer("bystander", Kind.INT64);
    task = TestingDefinition.write(playground, wholeDatabase(), PARALLELISM);
    start(Optional.empty());
    writers.values().forEach(writer -> writer.insert(0, 100, 1));
    awaitSame("victim");

    UnreadableMessage garbage = publish("victim", GARBAGE);
    publish("bystander", OF_A_LATER_RELEASE);
    writers.values().forEach(writer -> writer.insert(100, 200, 1));
    writers.values().forEach(writer -> writer.delete("id in [1, 101]"));

    awaitSame("bystander");
    awaitStopped("victim", "other_dimension", "missing_field", "other_key");
    assertThat(stopped().get("victim"))
        .satisfies(
            stop -> {
              assertThat(stop.reason())
                  .contains(
                      garbage.pchannel(),
                      garbage.ledgerId() + ":" + garbage.entryId(),
                      "not a message of Milvus' log",
                      "skip_unreadable");
              assertThat(stop.unreadable()).containsExactly(garbage);
              assertThat(stop.topics())
                  .containsEntry(
                      garbage.pchannel(), new FirstMessage(garbage.ledgerId(), garbage.entryId()));
            });
    assertNames("other_dimension", "field v", "dim");
    assertNames("missing_field", "the dynamic field is off");
    assertNames("other_key", "field id", "VarChar", "Int64");

    String savepoint = stop();
    for (String unfit : List.of("other_dimension", "missing_field", "other_key")) {
      new SourceWriter(target, DATABASE, unfit, Kind.INT64).drop();
    }
    writers.values().forEach(writer -> writer.insert(200, 300, 2));
    start(Optional.of(savepoint));
    awaitSame("bystander", "other_dimension", "missing_field", "other_key");
    awaitStopped("victim");
    assertThat(stopped().get("victim").unreadable()).containsExactly(garbage);

    savepoint = stop();
    try (EtcdTaskStore opened = task.store().open()) {
      for (StoppedCollection each : opened.stopped(task.taskId())) {
        opened.changeStopped(
            task.taskId(),
            each.collectionId(),
            now -> now.map(StoppedCollection::skippingUnreadable));
      }
    }
    writers.values().forEach(writer -> writer.upsert(150, 350, 3));
    start(Optional.of(savepoint));
    awaitSame(writers.keySet().toArray(String[]::new));
    awaitStopped();
  }

  @Test
  void whatIsQuarantinedStopsNothingAndCanBePutBack() throws Exception {
    writer("poisoned", Kind.INT64);
    writer("replaced", Kind.INT64);
    task = TestingDefinition.quarantining(playground, wholeDatabase(), PARALLELISM);
    start(Optional.empty());
    writers.get("poisoned").insert(0, 100, 1);
    awaitSame("poisoned");
    await().atMost(PATIENCE).until(() -> SourceWriter.exists(target, DATABASE, "replaced"));

    UnreadableMessage garbage = publish("poisoned", GARBAGE);
    writers.get("poisoned").insert(100, 200, 1);
    awaitSame("poisoned");
    SourceWriter other = new SourceWriter(target, DATABASE, "replaced", Kind.INT64, 4);
    other.drop();
    other.create(1);
    writers.get("replaced").insert(0, 100, 1);
    writers.get("replaced").delete("id in [1, 2]");
    awaitQuarantined("poisoned", "replaced");
    assertThat(stopped()).isEmpty();
    assertDeadLetter(garbage, GARBAGE);

    String savepoint = stop();
    other.drop();
    try (EtcdTaskStore opened = task.store().open()) {
      opened.putBackQuarantined(task.taskId());
      assertThat(opened.quarantined(task.taskId())).isEmpty();
    }
    writers.get("poisoned").upsert(50, 150, 2);
    start(Optional.of(savepoint));
    awaitSame("poisoned", "replaced");
    awaitQuarantined("poisoned");
    awaitStopped();
  }

  private static Selection wholeDatabase() {
    return new Selection(List.of(new Selection.Entry(DATABASE, Selection.ALL)));
  }

  private void awaitQuarantined(String... collections) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              try (EtcdTaskStore opened = task.store().open()) {
                assertThat(opened.quarantined(task.taskId()))
                    .extracting(message -> message.name().orElseThrow().collection())
                    .contains(collections);
              }
            });
  }

  /** Its place is in the properties, and the value is what was published. */
  private void assertDeadLetter(UnreadableMessage message, byte[] payload) throws Exception {
    String topic = "persistent://public/default/milvus-cdc-dead-letters-" + task.taskId();
    try (PulsarClient client =
            PulsarClient.builder().serviceUrl(playground.pulsarServiceUrl()).build();
        Reader<byte[]> reader =
            client.newReader().topic(topic).startMessageId(MessageId.earliest).create()) {
      Message<byte[]> letter = reader.readNext(30, TimeUnit.SECONDS);
      assertThat(letter.getValue()).isEqualTo(payload);
      assertThat(letter.getProperties())
          .containsEntry("topic", "persistent://public/default/" + message.pchannel())
          .containsEntry("message_id", message.ledgerId() + ":" + message.entryId())
          .containsEntry("task_id", task.taskId())
          .hasEntrySatisfying(
              "error", error -> assertThat(error).contains("not a message of Milvus' log"));
    }
  }

  private void assertNames(String collection, String... words) {
    assertThat(stopped().get(collection))
        .satisfies(
            stop -> {
              assertThat(stop.reason()).contains(DATABASE + "." + collection).contains(words);
              assertThat(stop.topics()).hasSize(1);
            });
  }

  private void unfit(String name, SourceWriter onTarget) {
    onTarget.create(1);
    assertThat(SourceWriter.exists(target, DATABASE, name)).isTrue();
  }

  private void writer(String name, Kind kind) {
    SourceWriter writer = new SourceWriter(source, DATABASE, name, kind);
    writer.create(1);
    writer.load();
    writers.put(name, writer);
  }

  private UnreadableMessage publish(String collection, byte[] payload) throws Exception {
    DescribeCollectionRequest request =
        DescribeCollectionRequest.newBuilder()
            .setDbName(DATABASE)
            .setCollectionName(collection)
            .build();
    String pchannel = source.stub().describeCollection(request).getPhysicalChannelNames(0);
    try (PulsarClient client =
            PulsarClient.builder().serviceUrl(playground.pulsarServiceUrl()).build();
        Producer<byte[]> producer =
            client
                .newProducer()
                .topic("persistent://public/default/" + pchannel)
                .enableBatching(false)
                .create()) {
      MessageIdAdv id = (MessageIdAdv) producer.send(payload);
      return new UnreadableMessage(pchannel, id.getLedgerId(), id.getEntryId(), false);
    }
  }

  private void start(Optional<String> savepoint) throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(1));
    savepoint.ifPresent(path -> configuration.set(StateRecoveryOptions.SAVEPOINT_PATH, path));
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, configuration);
    ReplicationJob.build(environment, task.taskId(), task.store(), TargetTuning.DEFAULT);
    job = Optional.of(environment.executeAsync("bad input"));
  }

  private String stop() throws Exception {
    String savepoint =
        job.orElseThrow()
            .stopWithSavepoint(false, savepoints.toUri().toString(), SavepointFormatType.CANONICAL)
            .get(90, TimeUnit.SECONDS);
    job = Optional.empty();
    return savepoint;
  }

  /** By name. */
  private Map<String, StoppedCollection> stopped() {
    try (EtcdTaskStore opened = task.store().open()) {
      return opened.stopped(task.taskId()).stream()
          .collect(Collectors.toMap(stop -> stop.name().orElseThrow().collection(), stop -> stop));
    }
  }

  private void awaitStopped(String... collections) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(stopped().keySet()).containsExactlyInAnyOrder(collections));
  }

  private void awaitSame(String... collections) {
    for (String collection : collections) {
      await()
          .atMost(PATIENCE)
          .ignoreExceptions()
          .untilAsserted(
              () ->
                  assertThat(RowComparison.differences(source, target, DATABASE, collection))
                      .isEmpty());
    }
  }
}
