package io.milvus.cdc.catalog;

import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StartPositions.TopicStart;
import io.milvus.cdc.task.TaskDefinition;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;

/** A task's record that does not answer as often as it is told. */
final class InMemoryTask implements CatalogFeed.TaskRecord {

  /** How many of the next calls fail. */
  final AtomicInteger failures = new AtomicInteger();

  /** Names of the databases that are noted. */
  final Set<String> databases = new ConcurrentSkipListSet<>();

  /** Topics that the task reads. */
  final Map<String, TopicStart> starts = new ConcurrentSkipListMap<>();

  private final TaskDefinition definition;

  InMemoryTask(TaskDefinition definition) {
    this.definition = definition;
  }

  private void fail() throws EtcdUnavailableException {
    if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      throw new EtcdUnavailableException("away", new IllegalStateException());
    }
  }

  @Override
  public CatalogFeed.LoadedTask load() throws EtcdUnavailableException {
    fail();
    return new CatalogFeed.LoadedTask(
        definition, new StartPositions(starts), Set.copyOf(databases));
  }

  @Override
  public void addStart(String pchannel, TopicStart start) throws EtcdUnavailableException {
    fail();
    TopicStart unused = starts.putIfAbsent(pchannel, start);
  }

  @Override
  public void note(String database) throws EtcdUnavailableException {
    fail();
    databases.add(database);
  }

  @Override
  public void forget(String database) throws EtcdUnavailableException {
    fail();
    databases.remove(database);
  }
}
