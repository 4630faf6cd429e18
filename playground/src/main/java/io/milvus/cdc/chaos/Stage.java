package io.milvus.cdc.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonObject;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.milvus.cdc.compare.AcknowledgedRows;
import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.compare.SourceLog;
import io.milvus.cdc.playground.ControlApi;
import io.milvus.cdc.playground.JsonPost;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundException;
import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import io.milvus.cdc.tap.TargetTap;
import io.milvus.grpc.DescribeCollectionResponse;
import java.io.PrintStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;

/** Real servers with one task between them that replicates everything, through a proxy. */
final class Stage implements AutoCloseable {

  /** Subtasks of the task's job, unless a fault has changed it. */
  static final int LARGEST_PARALLELISM = 2;

  /** Whatever else breaks, these go on. */
  private static final Set<Part> PRODUCT =
      Set.of(Part.SERVER, Part.JOB_MANAGER, Part.TASK_MANAGER, Part.SECOND_TASK_MANAGER);

  private static final Duration POLL_INTERVAL = Duration.ofMillis(100);

  private static final int PARTITION_ID = 1;
  private static final int PARTITION_STATE = 5;
  private static final long DROPPING = 2;

  /** What Milvus writes over a value instead of removing its key. */
  private static final byte[] REMOVED = {(byte) 0xE2, (byte) 0x9B, (byte) 0xBC};

  private final Playground playground;
  private final Part[] parts;
  private final AcknowledgedRows acknowledged = new AcknowledgedRows();
  private final TargetTap tap;
  private final TcpProxy proxy;
  private final ControlApi api;
  private final MilvusCluster source;
  private final MilvusCluster target;
  private final String task;
  private final PrintStream out;
  private volatile boolean targetWasStartedAnew;

  /** Starts everything and creates the task. */
  Stage(Playground playground, FlinkMode flink, PrintStream out) {
    this.playground = playground;
    this.parts =
        flink == FlinkMode.CLUSTER
            ? new Part[] {
              Part.ETCD,
              Part.PULSAR,
              Part.SOURCE,
              Part.TARGET,
              Part.JOB_MANAGER,
              Part.TASK_MANAGER,
              Part.SECOND_TASK_MANAGER,
              Part.SERVER
            }
            : new Part[] {Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET, Part.SERVER};
    playground.start(parts);
    tap = new TargetTap(playground.ports().targetMilvus());
    tap.tell(acknowledged);
    proxy = new TcpProxy(tap.port());
    api = new ControlApi(playground.serverUrl());
    source = MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus());
    target = MilvusCluster.connect("127.0.0.1", playground.ports().targetMilvus());
    task = api.create(proxy.port(), "*");
    this.out = out;
  }

  Playground playground() {
    return playground;
  }

  TcpProxy proxy() {
    return proxy;
  }

  /** What the target has acknowledged to the task. */
  AcknowledgedRows acknowledged() {
    return acknowledged;
  }

  SourceLog sourceLog() {
    return new SourceLog(playground.pulsarServiceUrl());
  }

  MilvusCluster source() {
    return source;
  }

  MilvusCluster target() {
    return target;
  }

  /**
   * Starts a part again that is killed now, and every other one that has ended because of it.
   *
   * @throws PlaygroundException when a part of the product has ended by itself
   */
  void killAndRestart(Part part) {
    playground.kill(part);
    startAgain(part);
  }

  /** Stops a part in an orderly way, and starts it again. */
  private void restart(Part part) {
    playground.stop(part);
    startAgain(part);
  }

  private void startAgain(Part ended) {
    for (Part part : parts) {
      boolean isDown = part != ended && !playground.running(part);
      if (isDown && PRODUCT.contains(part)) {
        throw new PlaygroundException(
            part.title() + " has ended by itself, see " + playground.log(part));
      }
    }
    targetWasStartedAnew |= !playground.running(Part.TARGET);
    playground.start(parts);
  }

  /** Whether the target may have lost what it had acknowledged, as 2.3.5 may when it is killed. */
  boolean targetWasStartedAnew() {
    return targetWasStartedAnew;
  }

  void pause() {
    api.pause(task);
  }

  void resume() {
    api.resume(task);
  }

  void resume(int parallelism) {
    api.resume(task, parallelism);
  }

  /** What the task says of itself; empty while the server does not answer. */
  Optional<JsonObject> task() {
    return api.get(task);
  }

  /**
   * Waits until the lag is below a second.
   *
   * @throws PlaygroundException when the task fails, or it takes too long
   */
  void awaitSmallLag(Duration atMost) {
    await(
        atMost,
        "the lag is not below a second",
        () ->
            task()
                .filter(seen -> seen.has("lag_ms") && seen.get("lag_ms").getAsLong() < 1_000)
                .isPresent());
  }

  /**
   * Waits until the source has written into its log which partitions it has dropped: it answers
   * when that is in its metadata, and after a restart may take half a minute for the log.
   *
   * @throws PlaygroundException when it takes too long
   */
  void awaitDropsInLog(Duration atMost) {
    await(
        atMost,
        "partitions that the source has dropped are not in its log",
        () -> {
          Set<String> channels = new TreeSet<>();
          Set<Long> dropped = new HashSet<>();
          for (DescribeCollectionResponse collection : source.collections()) {
            channels.addAll(collection.getPhysicalChannelNamesList());
            dropped.addAll(droppedPartitions(collection.getCollectionID()));
          }
          return dropped.isEmpty() || sourceLog().droppedPartitions(channels).containsAll(dropped);
        });
  }

  /** Those that are still in the metadata: Milvus 2.3 forgets them some twenty minutes later. */
  private Set<Long> droppedPartitions(long collection) {
    String prefix = "by-dev/meta/root-coord/partitions/" + collection;
    String range =
        "{\"key\":\"%s\",\"range_end\":\"%s\"}"
            .formatted(base64(prefix + "/"), base64(prefix + "0"));
    Set<Long> dropped = new HashSet<>();
    Optional.ofNullable(etcd("range", range).getAsJsonArray("kvs"))
        .ifPresent(
            found ->
                found.forEach(
                    one -> {
                      String value = one.getAsJsonObject().get("value").getAsString();
                      droppedPartition(Base64.getDecoder().decode(value)).ifPresent(dropped::add);
                    }));
    return dropped;
  }

  private static Optional<Long> droppedPartition(byte[] value) {
    if (Arrays.equals(value, REMOVED)) {
      return Optional.empty();
    }
    try {
      UnknownFieldSet partition = UnknownFieldSet.parseFrom(value);
      return partition.getField(PARTITION_STATE).getVarintList().contains(DROPPING)
          ? Optional.of(partition.getField(PARTITION_ID).getVarintList().get(0))
          : Optional.empty();
    } catch (InvalidProtocolBufferException e) {
      throw new PlaygroundException("What the source's etcd has of a partition is none", e);
    }
  }

  private static String base64(String key) {
    return Base64.getEncoder().encodeToString(key.getBytes(UTF_8));
  }

  /**
   * Waits until everything up to now is on the target.
   *
   * @throws PlaygroundException when the task fails or stops a collection, or it takes too long
   */
  void awaitReplicated(Duration atMost) {
    Instant now = Instant.now();
    await(
        atMost,
        "not everything is replicated",
        () ->
            task()
                .filter(seen -> seen.has("replicated_until"))
                .map(seen -> Instant.parse(seen.get("replicated_until").getAsString()))
                .filter(until -> until.isAfter(now))
                .isPresent());
    task()
        .filter(seen -> seen.has("stopped_collections"))
        .ifPresent(
            seen -> {
              throw new PlaygroundException(
                  "Collections were stopped: " + seen.get("stopped_collections"));
            });
  }

  private void await(Duration atMost, String otherwise, BooleanSupplier condition) {
    long end = System.nanoTime() + atMost.toNanos();
    BrokerCare brokerCare = new BrokerCare(playground);
    while (!condition.getAsBoolean()) {
      Optional<JsonObject> seen = task();
      boolean failed =
          seen.filter(one -> one.get("state").getAsString().equals("Failed")).isPresent();
      if (failed || System.nanoTime() > end) {
        throw new PlaygroundException(
            (failed ? "The task has failed" : "After " + atMost.toSeconds() + " s " + otherwise)
                + ": "
                + seen.map(JsonObject::toString).orElse("the control server does not answer")
                + "; does not run: "
                + Arrays.stream(parts).filter(part -> !playground.running(part)).toList());
      }
      if (brokerCare.isWanted()) {
        out.println("Pulsar cannot read its topics and is restarted, as the runbook says");
        restart(Part.PULSAR);
        brokerCare = new BrokerCare(playground);
      }
      startAnewWhatHasEnded();
      sleep(POLL_INTERVAL);
    }
  }

  /**
   * Does what Kubernetes or systemd do for a Milvus that ends by itself, as 2.3.5 now and then does
   * with {@code panic: send on closed channel}.
   */
  private void startAnewWhatHasEnded() {
    for (Part part : List.of(Part.SOURCE, Part.TARGET)) {
      if (!playground.running(part)) {
        out.println(part.title() + " has ended by itself and is started anew: " + lastWords(part));
        targetWasStartedAnew |= part == Part.TARGET;
        playground.start(part);
      }
    }
  }

  /** Why a Milvus has ended: what its Go runtime said, or else where its log is. */
  private String lastWords(Part part) {
    String said =
        playground.endOfLog(
            part, 1, line -> line.startsWith("panic: ") || line.startsWith("fatal error: "));
    return said.isEmpty() ? "see " + playground.log(part) : said;
  }

  /** Makes the source's etcd forget everything but what is there now. */
  void compactEtcd() {
    String revision =
        etcd("range", "{\"key\":\"AA==\"}").getAsJsonObject("header").get("revision").getAsString();
    JsonObject unused = etcd("compaction", "{\"revision\":\"" + revision + "\"}");
  }

  /** etcd's HTTP interface to its key-value service (etcd 3.4 and later). */
  private JsonObject etcd(String call, String body) {
    return JsonPost.send("etcd", URI.create(playground.etcdEndpoint() + "/v3/kv/" + call), body);
  }

  static void sleep(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PlaygroundException("Interrupted", e);
    }
  }

  @Override
  public void close() {
    source.close();
    target.close();
    proxy.close();
    tap.close();
    playground.close();
  }
}
