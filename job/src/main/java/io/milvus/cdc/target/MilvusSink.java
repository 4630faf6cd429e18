package io.milvus.cdc.target;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.LogContext;
import io.milvus.cdc.task.SharedJvm;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskStoreFactory;
import java.io.IOException;
import java.io.Serializable;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/**
 * Applies ordered events to the target Milvus. At a checkpoint everything that came before it is
 * acknowledged by the target, or its collection is stopped and the task store knows what it lacks.
 */
public final class MilvusSink implements Sink<SourceEvent> {

  private static final long serialVersionUID = 1L;

  /** The operator's uid in savepoints. */
  public static final String UID = "milvus-sink";

  private final DefinitionFactory definitions;
  private final TaskStoreFactory stores;
  private final DeadLetters.Opener letters;
  private final TargetTuning tuning;

  /** Reads the task's definition where the sink runs, so that no secret travels with the job. */
  @FunctionalInterface
  public interface DefinitionFactory extends Serializable {
    TaskDefinition read();
  }

  /**
   * A sink for the target that the definition names.
   *
   * @param stores opens the task store, which is told of stopped collections and of messages that
   *     are left out
   * @param letters opens what gets the messages that are left out
   * @param tuning how the target is written
   */
  public MilvusSink(
      DefinitionFactory definitions,
      TaskStoreFactory stores,
      DeadLetters.Opener letters,
      TargetTuning tuning) {
    this.definitions = definitions;
    this.stores = stores;
    this.letters = letters;
    this.tuning = tuning;
  }

  @Override
  public SinkWriter<SourceEvent> createWriter(WriterInitContext context) {
    TaskDefinition task = definitions.read();
    SharedJvm.keepNoJarsOpen();
    LogContext.ofTask(task.taskId()).enter();
    return new MilvusWriter(task, stores, letters, tuning, context.metricGroup());
  }

  @Override
  @Deprecated
  public SinkWriter<SourceEvent> createWriter(InitContext context) throws IOException {
    throw new UnsupportedOperationException("Flink 1.20 calls the other method");
  }
}
