package io.milvus.cdc.workload;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Runs it on a real source. */
class RandomWorkloadIT {

  @Test
  void doesEveryKindOfOperationAndIsNeverRefused() {
    Playground playground = TestingPlayground.shared(Part.ETCD, Part.PULSAR, Part.SOURCE);
    long seed = System.currentTimeMillis() % 1_000_000;
    System.out.println("workload: seed " + seed);
    try (MilvusCluster source =
        MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus())) {
      RandomWorkload.Report report =
          RandomWorkload.on(source, seed)
              .withWriters(3)
              .withDatabases(List.of("default", "workload"))
              .forDuration(Duration.ofSeconds(20))
              .run();
      System.out.println("workload: " + report.operations());
      assertThat(report.operations()).containsOnlyKeys(Operation.values());
      assertThat(report.rowsWritten()).isGreaterThan(500);
    }
  }
}
