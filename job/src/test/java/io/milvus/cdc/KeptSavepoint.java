package io.milvus.cdc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.hash.Hashing;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.core.io.SimpleVersionedSerialization;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputViewStreamWrapper;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.state.OperatorStateHandle;

/**
 * A state of the job as an earlier version of it has written it, kept in {@code
 * src/test/resources/savepoints}: one for each set of layouts.
 *
 * @param name the number of the set
 * @param metadata what Flink finds in it
 */
public record KeptSavepoint(String name, CheckpointMetadata metadata) {

  /** All that are kept. */
  public static List<KeptSavepoint> all() throws IOException, URISyntaxException {
    List<KeptSavepoint> all = new ArrayList<>();
    Path directory = Path.of(KeptSavepoint.class.getResource("/savepoints").toURI());
    try (Stream<Path> savepoints = Files.list(directory)) {
      for (Path savepoint : savepoints.sorted().toList()) {
        try (InputStream in = Files.newInputStream(savepoint.resolve("_metadata"))) {
          all.add(
              new KeptSavepoint(
                  savepoint.getFileName().toString(),
                  Checkpoints.loadCheckpointMetadata(
                      new DataInputStream(in),
                      KeptSavepoint.class.getClassLoader(),
                      savepoint.toString())));
        }
      }
    }
    return all;
  }

  /** The elements of a list state of an operator, from all its subtasks. */
  public List<byte[]> list(String uid, String state) throws IOException {
    List<byte[]> elements = new ArrayList<>();
    for (OperatorSubtaskState subtask : operator(uid).getStates()) {
      for (OperatorStateHandle handle : subtask.getManagedOperatorState()) {
        OperatorStateHandle.StateMetaInfo info = handle.getStateNameToPartitionOffsets().get(state);
        try (FSDataInputStream in = handle.openInputStream()) {
          for (long offset : info.getOffsets()) {
            in.seek(offset);
            elements.add(
                BytePrimitiveArraySerializer.INSTANCE.deserialize(
                    new DataInputViewStreamWrapper(in)));
          }
        }
      }
    }
    return elements;
  }

  /** The splits of a source's readers. */
  public <T> List<T> splits(String uid, SimpleVersionedSerializer<T> serializer)
      throws IOException {
    List<T> splits = new ArrayList<>();
    for (byte[] split : list(uid, "SourceReaderState")) {
      splits.add(SimpleVersionedSerialization.readVersionAndDeSerialize(serializer, split));
    }
    return splits;
  }

  /** The state of a source's enumerator. */
  public <T> T enumerator(String uid, SimpleVersionedSerializer<T> serializer) throws IOException {
    try (DataInputStream in =
        new DataInputStream(operator(uid).getCoordinatorState().openInputStream())) {
      int layoutOfFlink = in.readInt();
      if (layoutOfFlink > 1) {
        throw new IOException("Flink writes the state of enumerators in another way now");
      }
      int version = in.readInt();
      return serializer.deserialize(version, in.readNBytes(in.readInt()));
    }
  }

  private OperatorState operator(String uid) {
    OperatorID id = id(uid);
    return metadata.getOperatorStates().stream()
        .filter(state -> state.getOperatorID().equals(id))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no state of an operator with uid " + uid));
  }

  /** What Flink makes of a uid. */
  private static OperatorID id(String uid) {
    return new OperatorID(Hashing.murmur3_128(0).hashString(uid, UTF_8).asBytes());
  }

  @Override
  public String toString() {
    return "savepoint " + name;
  }
}
