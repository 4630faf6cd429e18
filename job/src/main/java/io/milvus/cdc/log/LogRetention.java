package io.milvus.cdc.log;

import io.milvus.cdc.task.SourceCluster;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Tells for how long the source's Pulsar keeps the messages of the log. */
public final class LogRetention {

  private LogRetention() {}

  /**
   * The time that is set for the namespace of the log or, when none is, for the whole broker.
   *
   * @return empty when time deletes nothing, or the broker does not tell; a limit by size may
   *     delete earlier
   * @throws IOException when the broker cannot be asked
   */
  public static Optional<Duration> time(SourceCluster source) throws IOException {
    return new TopicDirectory(source).retentionTime();
  }
}
