package io.milvus.cdc.server.tasks;

import io.milvus.cdc.task.TargetCluster;

/** Tries whether a target can be written to. */
@FunctionalInterface
public interface TargetProbe {

  /**
   * Connects and shows the credentials, within the target's connect timeout.
   *
   * @throws TaskException of kind {@link TaskException.Kind#TARGET_UNREACHABLE} or {@link
   *     TaskException.Kind#TARGET_REFUSED}
   */
  void check(TargetCluster target);
}
