package io.milvus.cdc.log;

import io.milvus.cdc.event.SourceEvent;
import java.util.Map;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.connector.base.source.reader.SingleThreadMultiplexSourceReaderBase;

/** The part of the log source in each parallel task: emits what its topics hold. */
final class LogSourceReader
    extends SingleThreadMultiplexSourceReaderBase<
        LogRecord, SourceEvent, TopicSplit, TopicSplitState> {

  LogSourceReader(
      LogSplitReader.Connector connector, LogTuning tuning, SourceReaderContext context) {
    super(
        () -> new LogSplitReader(connector, tuning, new SkippedKinds(context.metricGroup())),
        new LogRecordEmitter(),
        context.getConfiguration(),
        context);
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
