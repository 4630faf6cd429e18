package io.milvus.cdc.log;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.Position;
import java.util.Optional;

/**
 * One message on its way from the fetcher to the reader's output.
 *
 * @param event what is emitted; empty for a message that only moves the position
 * @param timestamp TSO of the event, 0 without one
 * @param position the message's place
 */
record LogRecord(Optional<SourceEvent> event, long timestamp, Position position) {}
