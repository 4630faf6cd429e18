package io.milvus.cdc.replicate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.SourceEventCodec;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReplicaSnapshotTest {

  private static final LogMessage MESSAGE =
      new LogMessage(
          new LogMessageHeader(Kind.INSERT, "t", 1, 2, 7, "t_7v0", 99, true),
          ByteString.copyFromUtf8("rows"));

  @Test
  void nothingIsLostOnTheWay() throws Exception {
    ReplicaSnapshot snapshot =
        new ReplicaSnapshot(
            7,
            List.of("u"),
            List.of(MESSAGE),
            Map.of(
                "p", new PartitionHistory.Held(5, true, 6),
                "q", new PartitionHistory.Held(8, false, 9)));
    assertThat(ReplicaSnapshot.fromBytes(snapshot.toBytes())).isEqualTo(snapshot);
  }

  @Test
  void theFirstLayoutIsRead() throws Exception {
    assertThat(ReplicaSnapshot.fromBytes(layout(1)))
        .isEqualTo(new ReplicaSnapshot(7, List.of("u"), List.of(MESSAGE), Map.of()));
  }

  @Test
  void aNewerLayoutIsRefusedWithWhatToDo() {
    assertThatThrownBy(() -> ReplicaSnapshot.fromBytes(layout(3)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("layout 3, this release reads layouts up to 2: resume it with");
  }

  /** As the first release wrote it. */
  private static byte[] layout(int version) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(version);
    out.writeLong(7);
    out.writeInt(1);
    out.writeUTF("u");
    out.writeInt(1);
    SourceEventCodec.write(MESSAGE, out);
    return bytes.toByteArray();
  }
}
