package io.milvus.cdc.replicate;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.KeptSavepoint;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KeptReplicasTest {

  @ParameterizedTest
  @MethodSource("io.milvus.cdc.KeptSavepoint#all")
  void waitingMessagesAreRead(KeptSavepoint savepoint) throws IOException {
    int waiting = 0;
    int partitions = 0;
    for (byte[] bytes : savepoint.list(CollectionReplicator.UID, "waiting-v1")) {
      ReplicaSnapshot snapshot = ReplicaSnapshot.fromBytes(bytes);
      assertThat(snapshot.collectionId()).isPositive();
      waiting += snapshot.waiting().size();
      partitions += snapshot.partitions().size();
      snapshot
          .waiting()
          .forEach(
              message ->
                  assertThat(message.header().pchannel()).startsWith("by-dev-rootcoord-dml_"));
    }
    assertThat(waiting).isPositive();
    assertThat(partitions).isPositive();
  }
}
