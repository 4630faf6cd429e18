package io.milvus.cdc.log;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.SourceTraffic;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.connector.base.source.reader.SingleThreadMultiplexSourceReaderBase;

/**
 * The part of the log source in each parallel task: emits what its topics hold. Topics that an
 * earlier run left with stopped collections are first set back for these.
 */
final class LogSourceReader
    extends SingleThreadMultiplexSourceReaderBase<
        LogRecord, SourceEvent, TopicSplit, TopicSplitState> {

  private final StoppedTopics stopped;

  /** For each checkpoint that is not complete yet, the stops that are made up for by it. */
  private final NavigableMap<Long, List<TopicSplit>> doneByCheckpoint = new TreeMap<>();

  LogSourceReader(
      LogSplitReader.Connector connector,
      StoppedTopics stopped,
      LogTuning tuning,
      SourceTraffic traffic,
      SourceReaderContext context) {
    super(
        () ->
            new LogSplitReader(
                connector,
                tuning,
                new ReadRows(context.metricGroup(), traffic),
                new SkippedKinds(context.metricGroup())),
        new LogRecordEmitter(),
        context.getConfiguration(),
        context);
    this.stopped = stopped;
  }

  @Override
  public void start() {
    // Topics may be added later, when this run has stopped collections of its own.
    var unused = stopped.ofEarlierRuns();
    super.start();
  }

  @Override
  public void addSplits(List<TopicSplit> splits) {
    super.addSplits(stopped.setBack(splits));
  }

  @Override
  public List<TopicSplit> snapshotState(long checkpointId) {
    List<TopicSplit> splits = super.snapshotState(checkpointId);
    List<TopicSplit> done =
        splits.stream().filter(split -> !split.revisit().done().isEmpty()).toList();
    if (!done.isEmpty()) {
      doneByCheckpoint.put(checkpointId, done);
    }
    return splits;
  }

  @Override
  public void notifyCheckpointComplete(long checkpointId) throws Exception {
    super.notifyCheckpointComplete(checkpointId);
    NavigableMap<Long, List<TopicSplit>> complete = doneByCheckpoint.headMap(checkpointId, true);
    complete.values().forEach(stopped::forget);
    complete.clear();
  }

  @Override
  public void close() throws Exception {
    stopped.close();
    super.close();
  }

  @Override
  protected void onSplitFinished(Map<String, TopicSplitState> finished) {
    throw new IllegalStateException("A topic of the log does not end: " + finished.keySet());
  }

  @Override
  protected TopicSplitState initializedState(TopicSplit split) {
    return new TopicSplitState(split);
  }

  @Override
  protected TopicSplit toSplitType(String splitId, TopicSplitState state) {
    return state.split();
  }
}
