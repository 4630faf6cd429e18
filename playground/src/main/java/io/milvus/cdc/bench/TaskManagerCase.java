package io.milvus.cdc.bench;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** From {@code kill -9} of a TaskManager to the first row that is applied again. */
record TaskManagerCase(String id, Map<String, Goal> goals) implements BenchCase {

  static final String KILLED = "from the kill to the next row readable";

  @Override
  public FlinkMode flink() {
    return FlinkMode.CLUSTER;
  }

  @Override
  public void measure(Bed bed, Figures figures) {
    BenchTable table = BenchTable.vectors("killed", 8);
    table.create(bed.source(), 4);
    String task = bed.task(table.name());
    bed.awaitCopy(table);
    // One subtask on each of the two.
    bed.api().pause(task);
    bed.api().resume(task, 2);
    bed.awaitReplicated(task);
    AtomicLong written = new AtomicLong();
    AtomicBoolean enough = new AtomicBoolean();
    Thread client =
        new Thread(
            () -> {
              while (!enough.get()) {
                long unused = table.insert(bed.source(), written.get(), 1);
                written.incrementAndGet();
                Bed.sleep(20);
              }
            },
            "client");
    client.setDaemon(true);
    client.start();
    Bed.await("no row is applied", () -> table.count(bed.target()) > 50);
    bed.playground().kill(Part.TASK_MANAGER);
    long killed = System.nanoTime();
    // What is not on the target within a moment waits for the restart.
    long before = written.get();
    Bed.await("no row is applied", () -> table.count(bed.target()) > before);
    figures.add(KILLED, "s", Bed.secondsSince(killed));
    enough.set(true);
    bed.playground().start(Part.TASK_MANAGER);
    bed.awaitReplicated(task);
    bed.api().delete(task);
    bed.drop(table);
  }
}
