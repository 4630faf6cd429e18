package io.milvus.cdc.chaos;

import com.google.gson.JsonObject;
import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.playground.ControlApi;
import io.milvus.cdc.playground.JsonPost;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundException;
import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import java.io.PrintStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Real servers with one task between them that replicates everything, through a proxy. */
final class Stage implements AutoCloseable {

  /** Subtasks of the task's job, unless a fault has changed it. */
  static final int LARGEST_PARALLELISM = 2;

  private static final Duration POLL_INTERVAL = Duration.ofMillis(100);

  private final Playground playground;
  private final Part[] parts;
  private final TcpProxy proxy;
  private final ControlApi api;
  private final MilvusCluster source;
  private final MilvusCluster target;
  private final String task;
  private final PrintStream out;

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
    proxy = new TcpProxy(playground.ports().targetMilvus());
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

  MilvusCluster source() {
    return source;
  }

  MilvusCluster target() {
    return target;
  }

  /** Starts a part again that is killed now, and every other one that has ended because of it. */
  void killAndRestart(Part part) {
    playground.kill(part);
    playground.start(parts);
  }

  /** Stops a part in an orderly way, and starts it again. */
  void restart(Part part) {
    playground.stop(part);
    playground.start(parts);
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
                + seen.map(JsonObject::toString).orElse("the control server does not answer"));
      }
      if (brokerCare.isWanted()) {
        out.println("Pulsar cannot read its topics and is restarted, as the runbook says");
        restart(Part.PULSAR);
        brokerCare = new BrokerCare(playground);
      }
      sleep(POLL_INTERVAL);
    }
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
    playground.close();
  }
}
