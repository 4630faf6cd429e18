package io.milvus.cdc.server.flink;

/**
 * A job in the cluster's overview.
 *
 * @param id 32 hexadecimal digits
 * @param name the name that the job gave itself
 * @param state Flink's word for what it does
 * @param startTime when it was submitted, in milliseconds since the epoch
 * @param allTasksRunning whether every subtask of the job runs
 */
public record Job(String id, String name, State state, long startTime, boolean allTasksRunning) {

  /** Flink's job states. */
  public enum State {
    INITIALIZING,
    CREATED,
    RUNNING,
    FAILING,
    FAILED,
    CANCELLING,
    CANCELED,
    FINISHED,
    RESTARTING,
    SUSPENDED,
    RECONCILING;

    /** Whether the job has ended for good. */
    public boolean isTerminal() {
      return this == FAILED || this == CANCELED || this == FINISHED;
    }
  }

  /** Whether the job exists and has not ended. */
  public boolean isLive() {
    return !state.isTerminal();
  }

  /** Whether the whole job does its work. */
  public boolean isRunning() {
    return state == State.RUNNING && allTasksRunning;
  }
}
