package io.milvus.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.compare.RowComparison;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.workload.SourceWriter;
import io.milvus.cdc.workload.SourceWriter.Kind;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A target that is away for longer than a checkpoint may take. */
class AbsentTargetIT {

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @Test
  void checkpointsAreGivenUpOneAfterTheOtherAndTheJobGoesOn() throws Exception {
    Playground playground =
        TestingPlayground.shared(Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET);
    try (MilvusCluster source =
            MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus());
        MilvusCluster target =
            MilvusCluster.connect("127.0.0.1", playground.ports().targetMilvus());
        TestingTask task = new TestingTask(playground)) {
      task.giveUpCheckpointsAfter(Duration.ofSeconds(1));
      task.start();
      SourceWriter writer = new SourceWriter(source, "default", "absent", Kind.INT64);
      writer.create(2);
      writer.load();
      writer.insert(0, 100, 1);
      task.awaitReplicated(PATIENCE);

      long failed = task.failedCheckpoints();
      playground.kill(Part.TARGET);
      try {
        writer.insert(100, 200, 1);
        writer.upsert(0, 50, 2);
        await().atMost(PATIENCE).until(() -> task.failedCheckpoints() >= failed + 3);
      } finally {
        playground.start(Part.TARGET);
      }

      task.awaitReplicated(PATIENCE);
      assertThat(task.neverRestarted()).isTrue();
      // The target loads its collections again by itself.
      await()
          .atMost(PATIENCE)
          .ignoreExceptions()
          .untilAsserted(
              () ->
                  assertThat(RowComparison.differences(source, target, "default", "absent"))
                      .isEmpty());
    }
  }
}
