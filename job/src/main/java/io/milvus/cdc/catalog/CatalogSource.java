package io.milvus.cdc.catalog;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.LogContext;
import io.milvus.cdc.task.SharedJvm;
import io.milvus.cdc.task.SourceTraffic;
import io.milvus.cdc.task.TaskStoreAddress;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Tells what databases and collections a task's source has, and every change of them. To be used
 * with parallelism 1:
 *
 * <pre>{@code
 * env.fromSource(
 *         new CatalogSource(taskId, store),
 *         WatermarkStrategy.noWatermarks(),
 *         "catalog",
 *         new SourceEventTypeInfo())
 *     .setParallelism(1)
 *     .uid("catalog");
 * }</pre>
 *
 * <p>After every start, from state or not, all that is selected is told once, then what an earlier
 * run has told and does not exist any more, then {@link SourceEvent.CatalogProgress}; from then on
 * each change. A collection is told whole, when it has been created, never half made; several
 * changes of it may come as one event. A collection is followed or not by the name that it had when
 * it came into sight; one that is not is told as {@link SourceEvent.CollectionOutside}.
 *
 * <p>While the source's etcd is away nothing is told and the job goes on. The job fails when the
 * task is not in the store, or when a metadata key cannot be read.
 */
public final class CatalogSource
    implements Source<SourceEvent, CatalogSplit, CatalogEnumerator.State> {

  private static final long serialVersionUID = 1L;

  private final String taskId;
  private final TaskStoreAddress store;

  /**
   * A source of a task's metadata events.
   *
   * @param taskId the task, which is read from the store when the job starts
   * @param store where the task is kept
   */
  public CatalogSource(String taskId, TaskStoreAddress store) {
    this.taskId = taskId;
    this.store = store;
  }

  @Override
  public Boundedness getBoundedness() {
    return Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SourceReader<SourceEvent, CatalogSplit> createReader(SourceReaderContext context) {
    SharedJvm.keepNoJarsOpen();
    LogContext.ofTask(taskId).enter();
    return new CatalogReader(
        (known, queue) ->
            new CatalogFeed(
                new StoredTask(taskId, store),
                task -> MilvusMetadata.open(task.source()),
                known,
                queue,
                System::currentTimeMillis,
                SourceTraffic.of(taskId)::isRecent,
                CatalogFeed.Pace.DEFAULT));
  }

  @Override
  public SplitEnumerator<CatalogSplit, CatalogEnumerator.State> createEnumerator(
      SplitEnumeratorContext<CatalogSplit> context) {
    return new CatalogEnumerator(context, CatalogEnumerator.State.UNASSIGNED);
  }

  @Override
  public SplitEnumerator<CatalogSplit, CatalogEnumerator.State> restoreEnumerator(
      SplitEnumeratorContext<CatalogSplit> context, CatalogEnumerator.State state) {
    return new CatalogEnumerator(context, state);
  }

  @Override
  public SimpleVersionedSerializer<CatalogSplit> getSplitSerializer() {
    return new CatalogSplitSerializer();
  }

  @Override
  public SimpleVersionedSerializer<CatalogEnumerator.State> getEnumeratorCheckpointSerializer() {
    return new CatalogEnumerator.StateSerializer();
  }
}
