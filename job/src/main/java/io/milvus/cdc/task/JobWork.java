package io.milvus.cdc.task;

import java.util.Map;

/**
 * What a running job says of its work on the target, all of its subtasks together, by the metrics
 * of {@link TaskMetrics}. Counts are since the job was last started.
 *
 * @param bytesWritten payloads of the messages whose rows and keys the target has acknowledged
 * @param operations acknowledged calls and operations, by kind
 * @param retries steps that were repeated, by cause
 * @param skipped messages of the log that were skipped, by cause
 * @param messagesQuarantined messages left out because they cannot be applied
 * @param collectionsStopped collections stopped by what repeating does not cure
 * @param callsInFlight calls that the target has not answered yet
 * @param callMicros how many microseconds the last calls took at most, by quantile, for example
 *     {@code 0.95}; of the subtask where it is the most
 * @param rowsPerCall how many rows the last calls held at most, by quantile; likewise
 */
public record JobWork(
    long bytesWritten,
    Map<String, Long> operations,
    Map<String, Long> retries,
    Map<String, Long> skipped,
    long messagesQuarantined,
    long collectionsStopped,
    long callsInFlight,
    Map<String, Double> callMicros,
    Map<String, Double> rowsPerCall) {

  /** A job that has done nothing, and does not say what it has skipped. */
  public static final JobWork NONE =
      new JobWork(0, Map.of(), Map.of(), Map.of(), 0, 0, 0, Map.of(), Map.of());

  public JobWork {
    operations = Map.copyOf(operations);
    retries = Map.copyOf(retries);
    skipped = Map.copyOf(skipped);
    callMicros = Map.copyOf(callMicros);
    rowsPerCall = Map.copyOf(rowsPerCall);
  }

  /** How many steps were repeated, whatever the cause. */
  public long retriesInAll() {
    return retries.values().stream().mapToLong(Long::longValue).sum();
  }
}
