package io.milvus.cdc.task;

import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/**
 * How a target is written; the same for all jobs of a server. It travels as arguments of the job.
 *
 * @param calls how many calls of a subtask may be under way at once: for several collections, or
 *     with rows of several shards of one
 * @param bufferBytes how much may wait in a subtask until the target has taken it
 * @param batchRows at most so many rows of one collection are written, or deleted, by one call
 * @param batchBytes no further message is added to a call once it carries so many bytes
 * @param longestRetry pauses between repeated calls grow up to this
 * @param patience a collection whose next operation goes on failing for so long, while the target
 *     works for others, is stopped
 */
public record TargetTuning(
    int calls,
    long bufferBytes,
    int batchRows,
    long batchBytes,
    Duration longestRetry,
    Duration patience)
    implements Serializable {

  /** What a job uses that is not told otherwise. */
  public static final TargetTuning DEFAULT =
      new TargetTuning(
          64, 64L << 20, 10_000, 8L << 20, Duration.ofSeconds(5), Duration.ofMinutes(10));

  private static final String CALLS = "target-calls";
  private static final String BUFFER_BYTES = "target-buffer-bytes";
  private static final String BATCH_ROWS = "target-batch-rows";
  private static final String BATCH_BYTES = "target-batch-bytes";
  private static final String LONGEST_RETRY = "target-longest-retry-ms";
  private static final String PATIENCE = "target-patience-ms";

  /**
   * Reads what {@link #arguments} wrote.
   *
   * @param argument the value of an argument by its name without dashes, null when it is not given
   */
  public static TargetTuning of(Function<String, String> argument) {
    return new TargetTuning(
        (int) number(argument, CALLS, DEFAULT.calls),
        number(argument, BUFFER_BYTES, DEFAULT.bufferBytes),
        (int) number(argument, BATCH_ROWS, DEFAULT.batchRows),
        number(argument, BATCH_BYTES, DEFAULT.batchBytes),
        Duration.ofMillis(number(argument, LONGEST_RETRY, DEFAULT.longestRetry.toMillis())),
        Duration.ofMillis(number(argument, PATIENCE, DEFAULT.patience.toMillis())));
  }

  private static long number(Function<String, String> argument, String name, long byDefault) {
    String value = argument.apply(name);
    return value == null ? byDefault : Long.parseLong(value);
  }

  /** As arguments of a job. */
  public List<String> arguments() {
    return List.of(
        "--" + CALLS,
        Integer.toString(calls),
        "--" + BUFFER_BYTES,
        Long.toString(bufferBytes),
        "--" + BATCH_ROWS,
        Integer.toString(batchRows),
        "--" + BATCH_BYTES,
        Long.toString(batchBytes),
        "--" + LONGEST_RETRY,
        Long.toString(longestRetry.toMillis()),
        "--" + PATIENCE,
        Long.toString(patience.toMillis()));
  }
}
