package io.milvus.cdc.log;

import com.google.protobuf.ByteString;
import io.milvus.cdc.task.TaskDefinition;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;

/** Tells where the collections that exist now begin in the log. */
public interface LiveStartPositions extends AutoCloseable {

  /**
   * For each collection that exists on the source now and has a shard on a physical channel: its
   * start position there, a serialized Pulsar {@code MessageIdData}.
   *
   * @throws IOException when the source's metadata cannot be read now
   */
  List<ByteString> of(String pchannel) throws IOException;

  /**
   * Makes sure that the source's metadata can be read now.
   *
   * @throws IOException when it cannot
   */
  void verifyReadable() throws IOException;

  @Override
  void close();

  /** Opens the answer to this question where a job runs. */
  @FunctionalInterface
  interface Factory extends Serializable {

    /** Connects to the metadata of a task's source. */
    LiveStartPositions open(TaskDefinition task) throws IOException;
  }
}
