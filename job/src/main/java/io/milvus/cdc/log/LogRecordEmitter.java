package io.milvus.cdc.log;

import io.milvus.cdc.event.SourceEvent;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.connector.base.source.reader.RecordEmitter;

/** Emits an event and moves its topic's position past it, in one step of the task's thread. */
final class LogRecordEmitter implements RecordEmitter<LogRecord, SourceEvent, TopicSplitState> {

  @Override
  public void emitRecord(
      LogRecord message, SourceOutput<SourceEvent> output, TopicSplitState state) {
    if (message.event().isPresent()) {
      output.collect(message.event().get(), LogWatermarks.toMillis(message.timestamp()));
    }
    state.advance(message.position());
  }
}
