package io.milvus.cdc.server.flink;

import io.milvus.cdc.task.TargetTuning;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What all jobs of a server have in common.
 *
 * @param jar the jar that holds the job
 * @param entryClass the class whose {@code main} builds the job
 * @param metaEndpoints client addresses of the etcd that holds the tasks
 * @param metaRoot prefix of the tasks' keys
 * @param checkpointInterval time between two checkpoints
 * @param snapshotDirectory URI below which checkpoints and savepoints are kept
 * @param tuning how targets are written
 */
public record JobTemplate(
    Path jar,
    String entryClass,
    List<String> metaEndpoints,
    String metaRoot,
    Duration checkpointInterval,
    URI snapshotDirectory,
    TargetTuning tuning) {

  /** A recorded checkpoint may be this old: one is recorded every 30 seconds, or somewhat later. */
  private static final Duration RECORDED_FOR = Duration.ofSeconds(60);

  public JobTemplate {
    metaEndpoints = List.copyOf(metaEndpoints);
  }

  /**
   * How many checkpoints a job keeps: one that is whole while the next is made, or, where the
   * server cannot list them, as many as it takes for the last recorded one to be still there.
   */
  int retainedCheckpoints() {
    if ("file".equals(snapshotDirectory.getScheme())) {
      return 2;
    }
    long made = RECORDED_FOR.toMillis() / Math.max(1, checkpointInterval.toMillis());
    return 2 + Math.toIntExact(made);
  }
}
