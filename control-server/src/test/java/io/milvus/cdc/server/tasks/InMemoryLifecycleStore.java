package io.milvus.cdc.server.tasks;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Life cycle records in memory, with the conditions of the real store. */
public final class InMemoryLifecycleStore implements LifecycleStore {

  private final Map<String, Stored> records = new ConcurrentHashMap<>();
  private final AtomicLong revisions = new AtomicLong();
  private final InMemoryDefinitions definitions;
  private final Steps steps;

  /** With the definitions of its tasks, which end with their records. */
  public InMemoryLifecycleStore(InMemoryDefinitions definitions, Steps steps) {
    this.definitions = definitions;
    this.steps = steps;
  }

  @Override
  public String jobIdPrefix() {
    return "0c0c0c0c0c0c";
  }

  @Override
  public List<Stored> all() {
    steps.before("all");
    steps.after("all");
    return records.values().stream()
        .sorted(Comparator.comparing(stored -> stored.lifecycle().createdAt()))
        .toList();
  }

  @Override
  public Optional<Stored> find(String taskId) {
    steps.before("find");
    steps.after("find");
    return current(taskId);
  }

  @Override
  public synchronized boolean create(Lifecycle lifecycle) {
    steps.before("create");
    boolean added =
        records.putIfAbsent(lifecycle.taskId(), new Stored(lifecycle, revisions.incrementAndGet()))
            == null;
    steps.after("create");
    return added;
  }

  @Override
  public synchronized Optional<Stored> replace(Stored old, Lifecycle lifecycle) {
    steps.before("replace");
    if (!isCurrent(old)) {
      return Optional.empty();
    }
    Stored changed = new Stored(lifecycle, revisions.incrementAndGet());
    records.put(lifecycle.taskId(), changed);
    steps.after("replace");
    return Optional.of(changed);
  }

  @Override
  public synchronized boolean delete(Stored old) {
    steps.before("delete");
    if (!isCurrent(old)) {
      return false;
    }
    records.remove(old.lifecycle().taskId());
    definitions.remove(old.lifecycle().taskId());
    steps.after("delete");
    return true;
  }

  private Optional<Stored> current(String taskId) {
    return Optional.ofNullable(records.get(taskId));
  }

  private boolean isCurrent(Stored old) {
    return current(old.lifecycle().taskId())
        .filter(current -> current.revision() == old.revision())
        .isPresent();
  }
}
