package io.milvus.cdc.server.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import io.milvus.cdc.task.JobTraffic;
import io.milvus.cdc.task.JobWork;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A task as it is at this moment. What is not known is absent.
 *
 * @param taskId its id
 * @param request the request as it was given, without anything secret
 * @param state what it does
 * @param reason why it does not run, or what it waits for
 * @param jobId its newest job
 * @param lag how long ago that was
 * @param replicatedUntil everything up to this time of the source is applied
 * @param retentionLeft how long until the source may delete what it still needs
 * @param counts what was applied since it was created
 * @param work what its newest job has done since its last start
 * @param traffic what its newest job has read and written since its last start, as it was asked
 *     some seconds ago
 * @param parallelism how many subtasks its next job has; absent when an older server created it
 * @param createdAt when it was accepted
 */
public record TaskView(
    String taskId,
    JsonNode request,
    State state,
    Optional<String> reason,
    Optional<String> jobId,
    Optional<Duration> lag,
    Optional<Instant> replicatedUntil,
    Optional<Duration> retentionLeft,
    Optional<Lifecycle.Counts> counts,
    Optional<JobWork> work,
    Optional<JobTraffic> traffic,
    Optional<Integer> parallelism,
    Instant createdAt) {

  /** What a task does. */
  public enum State {
    INITIAL("Initial"),
    RUNNING("Running"),
    PAUSED("Paused"),
    FAILED("Failed");

    private final String word;

    State(String word) {
      this.word = word;
    }

    /** The word for it in answers. */
    public String word() {
      return word;
    }
  }
}
