package io.milvus.cdc.task;

import com.google.protobuf.ByteString;
import io.milvus.cdc.etcd.EtcdChange;
import io.milvus.cdc.etcd.EtcdConnection;
import io.milvus.cdc.etcd.EtcdConnection.RunningWatch;
import io.milvus.cdc.etcd.EtcdConnection.WatchListener;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.security.SealingKey;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The task store in etcd. Every method throws {@link UncheckedIOException} with an {@link
 * EtcdUnavailableException} when etcd does not answer, and {@link UnreadableTaskException} when it
 * finds a document that it cannot read, for want of the key as well. Safe for use by several
 * threads.
 */
public final class EtcdTaskStore implements TaskStore {

  private static final String DEFINITION = "/definition";
  private static final String POSITIONS = "/positions/";
  private static final String STOPPED = "/stopped/";
  private static final String QUARANTINED = "/quarantined/";
  private static final String DATABASES = "/databases/";
  private static final String READINGS = "/readings/";
  private static final ByteString DATABASE_NOTE = ByteString.copyFromUtf8("{\"version\":1}");

  /** Start positions per transaction; etcd takes 128 operations unless configured otherwise. */
  private static final int POSITIONS_PER_TRANSACTION = 100;

  private final EtcdConnection etcd;
  private final String tasks;
  private final Optional<SealingKey> key;

  private EtcdTaskStore(EtcdConnection etcd, String tasks, Optional<SealingKey> key) {
    this.etcd = etcd;
    this.tasks = tasks;
    this.key = key;
  }

  static EtcdTaskStore open(TaskStoreAddress address, StoreAccess access) {
    return new EtcdTaskStore(
        EtcdConnection.open(address.etcd(access)), address.root() + "/v1/tasks/", access.key());
  }

  @Override
  public Optional<TaskDefinition> definition(String taskId) {
    String key = task(taskId) + DEFINITION;
    return call(() -> etcd.get(key)).map(json -> TaskJson.definition(key, json, this.key));
  }

  @Override
  public StartPositions startPositions(String taskId) {
    String prefix = task(taskId) + POSITIONS;
    Map<String, StartPositions.TopicStart> topics = new HashMap<>();
    for (EtcdChange entry : list(prefix)) {
      topics.put(
          entry.key().substring(prefix.length()),
          TaskJson.start(entry.key(), entry.value().orElseThrow()));
    }
    return new StartPositions(topics);
  }

  @Override
  public void addStart(String taskId, String pchannel, StartPositions.TopicStart start) {
    String key = task(taskId) + POSITIONS + pchannel;
    boolean unused = call(() -> etcd.putIfAbsent(key, Map.of(key, TaskJson.write(start))));
  }

  @Override
  public void watchStarts(String taskId, StartsListener listener) {
    String prefix = task(taskId) + POSITIONS;
    long revision = call(() -> etcd.revision(prefix));
    RunningWatch unused =
        etcd.watch(
            prefix,
            revision + 1,
            new WatchListener() {
              @Override
              public void changed(List<EtcdChange> changes) {
                listener.added();
              }

              @Override
              public void progressed(long told) {}

              @Override
              public void ended(String reason) {
                listener.ended();
              }
            });
  }

  @Override
  public List<StoppedCollection> stopped(String taskId) {
    List<StoppedCollection> stopped = new ArrayList<>();
    for (EtcdChange entry : list(task(taskId) + STOPPED)) {
      stopped.add(TaskJson.stopped(entry.key(), entry.value().orElseThrow()));
    }
    return stopped;
  }

  @Override
  public void changeStopped(
      String taskId, long collectionId, UnaryOperator<Optional<StoppedCollection>> change) {
    String key = task(taskId) + STOPPED + collectionId;
    boolean unused =
        change(
            key,
            value -> {
              Optional<StoppedCollection> before = value.map(json -> TaskJson.stopped(key, json));
              Optional<StoppedCollection> after = change.apply(before);
              return after.equals(before) ? value : after.map(TaskJson::write);
            });
  }

  /**
   * Changes a value, all at once: when somebody else changes it at the same time, the change is
   * computed anew.
   *
   * @return whether there was anything to change
   */
  private boolean change(String key, UnaryOperator<Optional<ByteString>> change) {
    while (true) {
      Optional<EtcdChange> found = call(() -> etcd.find(key));
      Optional<ByteString> before = found.flatMap(EtcdChange::value);
      Optional<ByteString> after = change.apply(before);
      if (after.equals(before)) {
        return false;
      }
      long revision = found.map(EtcdChange::revision).orElse(0L);
      if (call(() -> etcd.replace(key, revision, after)).isPresent()) {
        return true;
      }
    }
  }

  @Override
  public Set<String> databases(String taskId) {
    String prefix = task(taskId) + DATABASES;
    Set<String> names = new HashSet<>();
    list(prefix).forEach(entry -> names.add(entry.key().substring(prefix.length())));
    return names;
  }

  @Override
  public void noteDatabase(String taskId, String name) {
    String key = task(taskId) + DATABASES + name;
    boolean unused = call(() -> etcd.putIfAbsent(key, Map.of(key, DATABASE_NOTE)));
  }

  @Override
  public void forgetDatabase(String taskId, String name) {
    String key = task(taskId) + DATABASES + name;
    call(
        () -> {
          Optional<EtcdChange> found = etcd.find(key);
          return found.isEmpty()
              || etcd.replace(key, found.get().revision(), Optional.empty()).isPresent();
        });
  }

  @Override
  public boolean isFirstReading(String taskId, String pchannel, String start) {
    String key = task(taskId) + READINGS + pchannel;
    return change(key, before -> Optional.of(TaskJson.reading(start)));
  }

  @Override
  public List<QuarantinedMessage> quarantined(String taskId) {
    List<QuarantinedMessage> messages = new ArrayList<>();
    for (EtcdChange entry : list(task(taskId) + QUARANTINED)) {
      messages.add(TaskJson.quarantined(entry.key(), entry.value().orElseThrow()));
    }
    return messages;
  }

  @Override
  public void quarantine(String taskId, QuarantinedMessage message) {
    String key = task(taskId) + QUARANTINED + message.collectionId() + "/" + message.position();
    boolean unused = call(() -> etcd.putIfAbsent(key, Map.of(key, TaskJson.write(message))));
  }

  @Override
  public void forgetQuarantined(String taskId, long collectionId) {
    deletePrefix(task(taskId) + QUARANTINED + collectionId + "/");
  }

  /**
   * Lets a task's job, when it starts next, read each collection again from the first message on
   * that was left out. That is noted before the messages are forgotten, so a crash between the two
   * loses nothing.
   */
  public void putBackQuarantined(String taskId) {
    quarantined(taskId).stream()
        .collect(Collectors.groupingBy(QuarantinedMessage::collectionId))
        .forEach(
            (collectionId, messages) -> {
              StoppedCollection again = QuarantinedMessage.putBack(messages, Instant.now());
              changeStopped(
                  taskId,
                  collectionId,
                  before -> Optional.of(before.map(again::goingBackFor).orElse(again)));
              forgetQuarantined(taskId, collectionId);
            });
  }

  /** The definitions of all tasks. */
  public List<TaskDefinition> list() {
    List<TaskDefinition> definitions = new ArrayList<>();
    for (EtcdChange entry : list(tasks)) {
      String rest = entry.key().substring(tasks.length());
      if (rest.endsWith(DEFINITION) && rest.indexOf('/') == rest.length() - DEFINITION.length()) {
        definitions.add(TaskJson.definition(entry.key(), entry.value().orElseThrow(), key));
      }
    }
    return definitions;
  }

  /**
   * Writes a new task. Its definition is written last, together with the last of its positions, so
   * that a task which can be seen is complete. What an earlier try with the same id has left behind
   * is overwritten.
   *
   * @return false when there is a task of this id already, which is left as it is
   */
  public boolean write(TaskDefinition definition, StartPositions positions) {
    String task = task(definition.taskId());
    String definitionKey = task + DEFINITION;
    Map<String, ByteString> values = new LinkedHashMap<>();
    for (Map.Entry<String, StartPositions.TopicStart> start : positions.topics().entrySet()) {
      values.put(task + POSITIONS + start.getKey(), TaskJson.write(start.getValue()));
      if (values.size() == POSITIONS_PER_TRANSACTION) {
        Map<String, ByteString> full = values;
        if (!call(() -> etcd.putIfAbsent(definitionKey, full))) {
          return false;
        }
        values = new LinkedHashMap<>();
      }
    }
    values.put(definitionKey, TaskJson.write(definition, key));
    Map<String, ByteString> last = values;
    return call(() -> etcd.putIfAbsent(definitionKey, last));
  }

  /** Removes everything of a task, at once. Does nothing when there is none. */
  public void delete(String taskId) {
    deletePrefix(task(taskId) + "/");
  }

  private void deletePrefix(String prefix) {
    call(
        () -> {
          etcd.deletePrefix(prefix);
          return prefix;
        });
  }

  @Override
  public void close() {
    etcd.close();
  }

  private String task(String taskId) {
    if (taskId.isEmpty() || taskId.indexOf('/') >= 0) {
      throw new IllegalArgumentException("a task id has no slash and is not empty: " + taskId);
    }
    return tasks + taskId;
  }

  private List<EtcdChange> list(String prefix) {
    List<EtcdChange> entries = new ArrayList<>();
    call(() -> etcd.list(List.of(prefix), entries::add));
    return entries;
  }

  @FunctionalInterface
  private interface Call<T> {
    T run() throws EtcdUnavailableException;
  }

  private static <T> T call(Call<T> call) {
    try {
      return call.run();
    } catch (EtcdUnavailableException e) {
      throw new UncheckedIOException(e);
    }
  }
}
