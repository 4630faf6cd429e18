package io.milvus.cdc;

import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.TargetTuning;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** A task from the source of a playground to its target, run by Flink in this JVM. */
final class TestingReplication implements AutoCloseable {

  private static final int PARALLELISM = 2;
  private static final long STOP_SECONDS = 60;

  /** So small that what a test writes is more than one call takes, as a large backlog is. */
  private static final int ROWS_OF_CALL = 100;

  private static final TargetTuning TUNING =
      TargetTuning.of(Map.of("target-batch-rows", Integer.toString(ROWS_OF_CALL))::get);

  private final TestingDefinition task;
  private Optional<JobClient> job = Optional.empty();
  private Optional<String> savepoint = Optional.empty();

  /** Creates the task: whatever is written from now on is replicated. Nothing runs yet. */
  TestingReplication(Playground playground, Selection selection) throws IOException {
    task = TestingDefinition.write(playground, selection, PARALLELISM);
  }

  /** Runs the job, from where it was stopped. */
  void start() throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(1));
    savepoint.ifPresent(path -> configuration.set(StateRecoveryOptions.SAVEPOINT_PATH, path));
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, configuration);
    ReplicationJob.build(environment, task.taskId(), task.store(), TUNING);
    job = Optional.of(environment.executeAsync("test"));
  }

  /** Stops the job with a savepoint. */
  void stop(Path savepoints) throws Exception {
    savepoint =
        Optional.of(
            job.orElseThrow()
                .stopWithSavepoint(
                    false, savepoints.toUri().toString(), SavepointFormatType.CANONICAL)
                .get(STOP_SECONDS, TimeUnit.SECONDS));
    job = Optional.empty();
  }

  @Override
  public void close() throws Exception {
    if (job.isPresent()) {
      job.get().cancel().get(STOP_SECONDS, TimeUnit.SECONDS);
    }
  }
}
