package io.milvus.cdc.server.flink;

import java.io.UncheckedIOException;
import java.util.Optional;

/** The savepoints and checkpoints that jobs have kept. */
public interface Snapshots {

  /**
   * The newest completed snapshot of a job that can be seen from here; empty when there is none, or
   * when they are where this process cannot look.
   *
   * @throws UncheckedIOException when it cannot be found out right now
   */
  Optional<String> newest(String jobId);

  /**
   * Removes all snapshots of a job; nothing to remove is success.
   *
   * @throws UncheckedIOException when something cannot be removed; what is left can be removed by
   *     calling again
   */
  void delete(String jobId);
}
