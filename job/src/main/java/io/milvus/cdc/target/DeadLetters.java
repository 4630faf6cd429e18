package io.milvus.cdc.target;

import io.milvus.cdc.event.DeadLetter;
import io.milvus.cdc.task.TaskDefinition;
import java.io.IOException;
import java.io.Serializable;

/** Where messages go that are left out. Safe for use by many threads. */
public interface DeadLetters extends AutoCloseable {

  /** Opens it where the job runs; connections are made when there is something to send. */
  @FunctionalInterface
  interface Opener extends Serializable {
    DeadLetters open(TaskDefinition task);
  }

  /**
   * Sends a letter; when this returns it is kept.
   *
   * @throws IOException when it may not be; to be repeated
   */
  void send(DeadLetter letter) throws IOException;

  @Override
  void close();
}
