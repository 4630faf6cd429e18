package io.milvus.cdc;

import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.cdc.task.TaskStoreAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The job of a task in a JVM of its own, which ends when its heap does not suffice. */
public final class JobProcess implements AutoCloseable {

  static final int PARALLELISM = 2;

  private final Process process;

  private JobProcess(Process process) {
    this.process = process;
  }

  /** Runs the job of the task that the arguments name, until it is killed. */
  public static void main(String[] arguments) throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(3));
    configuration.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, arguments[3]);
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, configuration);
    ReplicationJob.build(
        environment,
        arguments[0],
        new TaskStoreAddress(List.of(arguments[1]), arguments[2]),
        TargetTuning.DEFAULT);
    environment.execute("test");
  }

  /**
   * Starts the job of a task.
   *
   * @param heapMegabytes what the job has for everything but network buffers and the like
   */
  static JobProcess start(Playground playground, TestingDefinition task, int heapMegabytes)
      throws IOException {
    Path log = playground.directory().resolve("logs").resolve("job-" + task.taskId() + ".log");
    return new JobProcess(
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heapMegabytes + "m",
                "-XX:+ExitOnOutOfMemoryError",
                "-XX:+UseSerialGC",
                "-Xlog:gc:file=" + log + ".gc",
                "-Djava.io.tmpdir=" + Files.createTempDirectory(playground.directory(), "tmp-"),
                "-cp",
                System.getProperty("java.class.path"),
                JobProcess.class.getName(),
                task.taskId(),
                playground.etcdEndpoint(),
                task.store().root(),
                playground.directory().resolve("checkpoints-" + task.taskId()).toUri().toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start());
  }

  /** Whether it still runs. */
  boolean isAlive() {
    return process.isAlive();
  }

  @Override
  public void close() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor(30, TimeUnit.SECONDS);
  }
}
