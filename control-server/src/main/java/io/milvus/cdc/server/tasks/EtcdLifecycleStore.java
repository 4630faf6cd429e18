package io.milvus.cdc.server.tasks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.google.protobuf.ByteString;
import io.milvus.cdc.etcd.EtcdConnection;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.server.tasks.TaskException.Kind;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The life cycle records in etcd, at {@code <root>/v1/tasks/<task_id>/lifecycle}. A revision is
 * etcd's modification revision of the key.
 */
public final class EtcdLifecycleStore implements LifecycleStore {

  private static final String KEY = "/lifecycle";

  private final EtcdConnection etcd;
  private final String prefix;
  private final String jobIdPrefix;
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
   * Does not connect yet; the connection stays the caller's.
   *
   * @param rootPath prefix of all keys, without slashes at its ends
   */
  public EtcdLifecycleStore(EtcdConnection etcd, String rootPath) {
    this.etcd = etcd;
    this.prefix = rootPath + "/v1/tasks/";
    this.jobIdPrefix =
        UUID.nameUUIDFromBytes(
                (prefix + " at " + etcd.endpoints()).getBytes(StandardCharsets.UTF_8))
            .toString()
            .replace("-", "")
            .substring(0, 12);
  }

  @Override
  public String jobIdPrefix() {
    return jobIdPrefix;
  }

  @Override
  public List<Stored> all() {
    Map<String, Stored> found = new HashMap<>();
    call(() -> etcd.revisions(prefix))
        .forEach(
            (key, revision) -> {
              if (isRecord(key)) {
                Optional.ofNullable(known.get(key))
                    .filter(stored -> stored.revision() == revision)
                    .or(() -> read(key))
                    .ifPresent(stored -> found.put(key, stored));
              }
            });
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
        call(() -> etcd.find(key))
            .map(entry -> new Stored(decoded(key, entry.value().orElseThrow()), entry.revision()));
    stored.ifPresent(present -> known.put(key, present));
    return stored;
  }

  @Override
  public boolean create(Lifecycle lifecycle) {
    return replaced(0, lifecycle).isPresent();
  }

  @Override
  public Optional<Stored> replace(Stored old, Lifecycle lifecycle) {
    return replaced(old.revision(), lifecycle);
  }

  private Optional<Stored> replaced(long revision, Lifecycle lifecycle) {
    OptionalLong done =
        call(
            () -> etcd.replace(key(lifecycle.taskId()), revision, Optional.of(encoded(lifecycle))));
    return done.isPresent()
        ? Optional.of(new Stored(lifecycle, done.getAsLong()))
        : Optional.empty();
  }

  @Override
  public boolean delete(Stored old) {
    String taskId = old.lifecycle().taskId();
    return call(() -> etcd.deletePrefix(prefix + taskId + "/", key(taskId), old.revision()));
  }

  /**
   * Asks etcd once.
   *
   * @throws TaskException of kind {@link Kind#STORE_UNAVAILABLE} when it does not answer
   */
  public void check() {
    long unused = call(() -> etcd.revision(prefix));
  }

  private String key(String taskId) {
    return prefix + taskId + KEY;
  }

  private ByteString encoded(Lifecycle lifecycle) {
    try {
      return ByteString.copyFrom(json.writeValueAsBytes(lifecycle));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Every life cycle can be written as JSON", e);
    }
  }

  private Lifecycle decoded(String key, ByteString value) {
    try {
      JsonNode record = json.readTree(value.toStringUtf8());
      int version = record.path("version").asInt();
      if (record.isObject() && version != Lifecycle.VERSION) {
        throw new TaskException(
            Kind.STORE_UNAVAILABLE,
            "The key "
                + key
                + " in the task store is of version "
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

  @FunctionalInterface
  private interface Call<T> {
    T run() throws EtcdUnavailableException;
  }

  private static <T> T call(Call<T> call) {
    try {
      return call.run();
    } catch (EtcdUnavailableException e) {
      throw new TaskException(
          Kind.STORE_UNAVAILABLE,
          "The task store cannot be used: "
              + e.getMessage()
              + "; see that it runs and that metaStore.endpoints and the other settings of metaStore"
              + " are right",
          e);
    }
  }
}
