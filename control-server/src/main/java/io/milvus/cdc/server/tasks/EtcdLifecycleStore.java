package io.milvus.cdc.server.tasks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.milvus.cdc.server.tasks.TaskException.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The life cycle records in etcd, at {@code <root>/v1/tasks/<task_id>/lifecycle}. A revision is
 * etcd's modification revision of the key.
 */
public final class EtcdLifecycleStore implements LifecycleStore {

  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final String KEY = "/lifecycle";

  private final KV kv;
  private final String prefix;
  private final String endpoints;
  private final ObjectMapper json =
      JsonMapper.builder()
          .addModule(new Jdk8Module())
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          // A newer release may have written more than this one knows.
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  /** The newest known record of each key, so that only what has changed is read again. */
  private final Map<String, Stored> known = new ConcurrentHashMap<>();

  /**
   * Does not connect yet; the client stays the caller's.
   *
   * @param rootPath prefix of all keys, without slashes at its ends
   * @param endpoints the client's endpoints, for messages to people
   */
  public EtcdLifecycleStore(Client client, String rootPath, List<String> endpoints) {
    this.kv = client.getKVClient();
    this.prefix = rootPath + "/v1/tasks/";
    this.endpoints = String.join(",", endpoints);
  }

  @Override
  public List<Stored> all() {
    List<KeyValue> keys =
        await(kv.get(bytes(prefix), GetOption.builder().isPrefix(true).withKeysOnly(true).build()))
            .getKvs();
    Map<String, Stored> found = new HashMap<>();
    for (KeyValue key : keys) {
      String name = key.getKey().toString(StandardCharsets.UTF_8);
      if (isRecord(name)) {
        Optional.ofNullable(known.get(name))
            .filter(stored -> stored.revision() == key.getModRevision())
            .or(() -> read(name))
            .ifPresent(stored -> found.put(name, stored));
      }
    }
    known.keySet().retainAll(found.keySet());
    return found.values().stream()
        .sorted(
            Comparator.comparing((Stored stored) -> stored.lifecycle().createdAt())
                .thenComparing(stored -> stored.lifecycle().taskId()))
        .toList();
  }

  /** What else is kept of a task may be named by the source's users, databases for example. */
  private boolean isRecord(String key) {
    return key.endsWith(KEY) && key.indexOf('/', prefix.length()) == key.length() - KEY.length();
  }

  @Override
  public Optional<Stored> find(String taskId) {
    return read(key(taskId));
  }

  private Optional<Stored> read(String key) {
    Optional<Stored> stored =
        await(kv.get(bytes(key))).getKvs().stream()
            .findFirst()
            .map(value -> new Stored(decoded(value), value.getModRevision()));
    stored.ifPresent(present -> known.put(key, present));
    return stored;
  }

  @Override
  public boolean create(Lifecycle lifecycle) {
    ByteSequence key = bytes(key(lifecycle.taskId()));
    return await(
            kv.txn()
                .If(new Cmp(key, Cmp.Op.EQUAL, CmpTarget.version(0)))
                .Then(Op.put(key, encoded(lifecycle), PutOption.DEFAULT))
                .commit())
        .isSucceeded();
  }

  @Override
  public Optional<Stored> replace(Stored old, Lifecycle lifecycle) {
    ByteSequence key = bytes(key(lifecycle.taskId()));
    TxnResponse response =
        await(
            kv.txn()
                .If(new Cmp(key, Cmp.Op.EQUAL, CmpTarget.modRevision(old.revision())))
                .Then(Op.put(key, encoded(lifecycle), PutOption.DEFAULT))
                .commit());
    return response.isSucceeded()
        ? Optional.of(new Stored(lifecycle, response.getHeader().getRevision()))
        : Optional.empty();
  }

  @Override
  public boolean delete(Stored old) {
    String taskId = old.lifecycle().taskId();
    return await(
            kv.txn()
                .If(
                    new Cmp(
                        bytes(key(taskId)), Cmp.Op.EQUAL, CmpTarget.modRevision(old.revision())))
                .Then(
                    Op.delete(
                        bytes(prefix + taskId + "/"),
                        DeleteOption.builder().isPrefix(true).build()))
                .commit())
        .isSucceeded();
  }

  /**
   * Asks etcd once.
   *
   * @throws TaskException of kind {@link Kind#STORE_UNAVAILABLE} when it does not answer
   */
  public void check() {
    var unused = await(kv.get(bytes(prefix), GetOption.builder().withCountOnly(true).build()));
  }

  private String key(String taskId) {
    return prefix + taskId + KEY;
  }

  private static ByteSequence bytes(String text) {
    return ByteSequence.from(text, StandardCharsets.UTF_8);
  }

  private ByteSequence encoded(Lifecycle lifecycle) {
    try {
      return ByteSequence.from(json.writeValueAsBytes(lifecycle));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Every life cycle can be written as JSON", e);
    }
  }

  private Lifecycle decoded(KeyValue value) {
    String key = value.getKey().toString(StandardCharsets.UTF_8);
    try {
      JsonNode record = json.readTree(value.getValue().toString(StandardCharsets.UTF_8));
      int version = record.path("version").asInt();
      if (record.isObject() && version != Lifecycle.VERSION) {
        throw new TaskException(
            Kind.STORE_UNAVAILABLE,
            "The key "
                + key
                + " in the task store at "
                + endpoints
                + " is of version "
                + version
                + ", and this release of the server knows version "
                + Lifecycle.VERSION
                + " only; run the release that wrote it");
      }
      return json.treeToValue(record, Lifecycle.class);
    } catch (JsonProcessingException e) {
      throw new TaskException(
          Kind.STORE_UNAVAILABLE,
          "The key "
              + key
              + " in the task store is not a record of this server; remove it or change"
              + " metaStore.rootPath");
    }
  }

  private <T> T await(CompletableFuture<T> future) {
    try {
      return future.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unavailable(e);
    } catch (ExecutionException | TimeoutException e) {
      throw unavailable(e);
    } finally {
      future.cancel(true);
    }
  }

  private TaskException unavailable(Exception e) {
    return new TaskException(
        Kind.STORE_UNAVAILABLE,
        "The task store, etcd at "
            + endpoints
            + ", does not answer; see that it runs and that metaStore.endpoints is right",
        e);
  }
}
