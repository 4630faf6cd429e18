package io.milvus.cdc.server.tasks;

import io.milvus.cdc.server.tasks.TaskException.Kind;

/**
 * How many subtasks the jobs of tasks have.
 *
 * @param standard of tasks that do not say it
 * @param largest that a task may say
 */
public record Parallelism(int standard, int largest) {

  /**
   * Checks what a client wants.
   *
   * @throws TaskException when it is out of range
   */
  void check(int wanted) {
    if (wanted < 1 || wanted > largest) {
      throw new TaskException(
          Kind.OUT_OF_RANGE,
          "parallelism is "
              + wanted
              + " but must be 1 to "
              + largest
              + (largest == standard ? ", the server's flink.parallelism" : ""));
    }
  }
}
