package io.milvus.cdc.server.tasks;

import io.milvus.cdc.log.ChannelPosition;
import io.milvus.cdc.log.UnusableStartException;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Asks the source about places in its log. */
public interface SourceLog {

  /**
   * Where a task with this selection starts if it is created now.
   *
   * @throws UnusableStartException when it cannot start where it is asked to
   * @throws RuntimeException when the source cannot be read; its message names what cannot
   */
  StartPositions starts(SourceCluster source, Selection selection, RequestedStarts requested);

  /**
   * From where each channel of the selected collections is to be read on.
   *
   * @param until everything up to this time of the source is applied
   * @throws RuntimeException when the source cannot be read; its message names what cannot
   */
  List<ChannelPosition> positions(SourceCluster source, Selection selection, Instant until);

  /**
   * For how long messages of the log are kept; empty when time deletes nothing, or nobody tells.
   *
   * @throws RuntimeException when the source cannot be read; its message names what cannot
   */
  Optional<Duration> retention(SourceCluster source);
}
