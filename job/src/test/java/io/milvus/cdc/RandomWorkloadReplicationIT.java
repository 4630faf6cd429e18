package io.milvus.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.compare.AcknowledgedRows;
import io.milvus.cdc.compare.ClusterComparison;
import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.compare.SourceLog;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.tap.TargetTap;
import io.milvus.cdc.workload.RandomWorkload;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * The job between two real Milvus servers, while everything that a client can do is done to the
 * source.
 *
 * <p>The system properties {@code workload.seed} and {@code workload.seconds} choose another run.
 */
class RandomWorkloadReplicationIT {

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Of each collection that differs. */
  private static final int SHOWN_OPERATIONS = 60;

  @Test
  void everythingOfARandomWorkloadArrives() throws Exception {
    Playground playground = TestingPlayground.separate();
    playground.start(Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET);
    long seed = Long.getLong("workload.seed", System.currentTimeMillis() % 1_000_000);
    int seconds = Integer.getInteger("workload.seconds", 120);
    System.out.println("workload: seed " + seed);
    try (playground;
        MilvusCluster source =
            MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus());
        MilvusCluster target =
            MilvusCluster.connect("127.0.0.1", playground.ports().targetMilvus());
        TargetTap tap = new TargetTap(playground.ports().targetMilvus());
        TestingTask task = new TestingTask(playground, tap.port())) {
      AcknowledgedRows acknowledged = new AcknowledgedRows();
      tap.tell(acknowledged);
      task.start();
      CompletableFuture<RandomWorkload.Report> workload =
          CompletableFuture.supplyAsync(
              () ->
                  RandomWorkload.on(source, seed)
                      .withWriters(4)
                      .withDatabases(List.of("default", "shop", "archive"))
                      // A source that has too much to do refuses a call now and then.
                      .survivingFaults()
                      .forDuration(Duration.ofSeconds(seconds))
                      .run());
      TimeUnit.SECONDS.sleep(seconds / 4);
      task.stop();
      TimeUnit.SECONDS.sleep(seconds / 20);
      task.compactSource();
      task.start();
      TimeUnit.SECONDS.sleep(seconds / 4);
      task.crash();
      task.start();
      TimeUnit.SECONDS.sleep(seconds / 8);
      task.stop();
      task.start();
      RandomWorkload.Report done = workload.get(seconds + 60, TimeUnit.SECONDS);
      System.out.println("workload: " + done.operations());

      long ended = System.nanoTime();
      task.awaitReplicated(PATIENCE);
      System.out.println(
          "workload: replicated " + (System.nanoTime() - ended) / 1_000_000 + " ms later");
      assertThat(task.definition().stopped()).isEmpty();
      // The comparison loads collections of the source, which would be replicated.
      task.stop();

      ClusterComparison.Report report =
          ClusterComparison.of(source, target)
              .loadingTemporarily()
              .knowing(new SourceLog(playground.pulsarServiceUrl()))
              .knowing(acknowledged)
              .compare();
      System.out.println(
          "workload: compared "
              + report.collections()
              + " collections with "
              + report.rows()
              + " rows in "
              + (System.nanoTime() - ended) / 1_000_000
              + " ms");
      System.out.println("workload: shown only when loaded anew: " + report.shownLate());
      System.out.println("workload: taken by the source and not shown: " + report.notShown());
      System.out.println("workload: taken by the target and not shown: " + report.forgotten());
      assertThat(report.differences())
          .as("seed " + seed + "\n" + done.journal().about(report.differences(), SHOWN_OPERATIONS))
          .isEmpty();
      assertThat(report.notCompared()).as("seed " + seed).isEmpty();
      assertThat(report.rows()).isGreaterThan(seconds);
    }
  }
}
