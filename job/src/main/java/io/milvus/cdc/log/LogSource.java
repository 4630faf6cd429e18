package io.milvus.cdc.log;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEventTypeInfo;
import io.milvus.cdc.task.LogContext;
import io.milvus.cdc.task.SharedJvm;
import io.milvus.cdc.task.SourceTraffic;
import io.milvus.cdc.task.TaskStoreFactory;
import java.util.Optional;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * The source Milvus' log: every message of its dml topics, each topic in its order. What waits for
 * order downstream stays small while a backlog is read: each reader reads that of its topics next
 * which is known least far, and watermarks align several readers.
 *
 * <pre>{@code
 * environment
 *     .fromSource(
 *         new LogSource(taskId, storeFactory, liveStartsFactory, LogTuning.DEFAULT),
 *         LogWatermarks.strategy(maxDrift, updateInterval, idleness),
 *         "log")
 *     .uid("log");
 * }</pre>
 *
 * <p>It emits {@link SourceEvent.LogMessage} and {@link SourceEvent.TimeTick}. Nothing is lost and,
 * with checkpoints, nothing is emitted twice into one state: the position of a topic moves with
 * what was emitted from it. Reading leaves nothing on the broker, neither while it goes on nor
 * afterwards. A position that the broker does not hold any more and a topic that vanished fail the
 * job with a {@link io.milvus.cdc.task.PermanentFailure}; a broker or a task store that is away is
 * waited for.
 *
 * <p>A message that cannot be read is emitted as {@link SourceEvent.UnreadableMessage}. When the
 * job starts, a topic goes back to the first message that a collection lacks because an earlier run
 * had to stop it; what other collections have had is not emitted to them again.
 */
public final class LogSource
    implements Source<SourceEvent, TopicSplit, LogEnumeratorState>,
        ResultTypeQueryable<SourceEvent> {

  private static final long serialVersionUID = 1L;

  private final String taskId;
  private final TaskStoreFactory storeFactory;
  private final LiveStartPositions.Factory liveStartsFactory;
  private final LogTuning tuning;

  /** Empty when the start is not an exact one. */
  private final String exactStart;

  /**
   * A source that reads what a task says, from where it says.
   *
   * @param taskId the task; its definition and start positions are loaded where the job runs
   * @param storeFactory opens the task store
   * @param liveStartsFactory tells where existing collections begin when a position is gone
   * @param tuning how the log is read
   */
  public LogSource(
      String taskId,
      TaskStoreFactory storeFactory,
      LiveStartPositions.Factory liveStartsFactory,
      LogTuning tuning) {
    this(taskId, storeFactory, liveStartsFactory, tuning, "");
  }

  private LogSource(
      String taskId,
      TaskStoreFactory storeFactory,
      LiveStartPositions.Factory liveStartsFactory,
      LogTuning tuning,
      String exactStart) {
    this.exactStart = exactStart;
    this.taskId = taskId;
    this.storeFactory = storeFactory;
    this.liveStartsFactory = liveStartsFactory;
    this.tuning = tuning;
  }

  /**
   * The same for a job that continues from a savepoint with which the job before it was stopped:
   * nothing that comes after it has been applied. That holds until the job, or another one, is
   * restarted from there; so each topic is asked in the task store whether somebody has read it by
   * this start.
   *
   * @param start a name that no other start of the task has
   */
  public LogSource continuingExactly(String start) {
    return new LogSource(taskId, storeFactory, liveStartsFactory, tuning, start);
  }

  @Override
  public Boundedness getBoundedness() {
    return Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SplitEnumerator<TopicSplit, LogEnumeratorState> createEnumerator(
      SplitEnumeratorContext<TopicSplit> context) {
    return enumerator(context, Optional.empty());
  }

  @Override
  public SplitEnumerator<TopicSplit, LogEnumeratorState> restoreEnumerator(
      SplitEnumeratorContext<TopicSplit> context, LogEnumeratorState state) {
    return enumerator(context, Optional.of(state));
  }

  private LogEnumerator enumerator(
      SplitEnumeratorContext<TopicSplit> context, Optional<LogEnumeratorState> restored) {
    return new LogEnumerator(
        context, new LogEnumerator.SourceDiscovery(taskId, storeFactory), tuning, restored);
  }

  @Override
  public SourceReader<SourceEvent, TopicSplit> createReader(SourceReaderContext context) {
    SharedJvm.keepNoJarsOpen();
    LogContext.ofTask(taskId).enter();
    return new LogSourceReader(
        () ->
            SourceConnection.open(
                taskId,
                storeFactory,
                liveStartsFactory,
                exactStart.isEmpty() ? Optional.empty() : Optional.of(exactStart)),
        new StoppedTopics(taskId, storeFactory),
        tuning,
        SourceTraffic.of(taskId),
        context);
  }

  @Override
  public SimpleVersionedSerializer<TopicSplit> getSplitSerializer() {
    return new TopicSplitSerializer();
  }

  @Override
  public SimpleVersionedSerializer<LogEnumeratorState> getEnumeratorCheckpointSerializer() {
    return new LogEnumeratorStateSerializer();
  }

  @Override
  public TypeInformation<SourceEvent> getProducedType() {
    return new SourceEventTypeInfo();
  }
}
