package io.milvus.cdc.server.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.workload.SourceWriter;
import io.milvus.cdc.workload.SourceWriter.Kind;
import io.milvus.grpc.ConsistencyLevel;
import io.milvus.grpc.QueryRequest;
import io.milvus.grpc.QueryResults;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** The steps of "Failover" in {@code docs/operating.md}, in their order. */
class FailoverIT {

  private static final String COLLECTION = "drill";
  private static final int ROWS_PER_CALL = 10;

  @Test
  void theTargetTakesOver() {
    try (TaskScenario scenario = new TaskScenario()) {
      CdcClient client = scenario.client;
      SourceWriter writer = scenario.newCollection(COLLECTION);
      String task = client.create(scenario.playground.targetUri());
      AtomicBoolean stopped = new AtomicBoolean();
      CompletableFuture<Integer> writes =
          CompletableFuture.supplyAsync(() -> writeUntil(stopped, writer));
      scenario.awaitReplicated(task);

      stopped.set(true);
      int rows = writes.join();
      scenario.awaitReplicated(task);
      client.ask("pause", task).data();
      assertThat(scenario.differences(COLLECTION)).isEmpty();
      scenario.playground.kill(Part.SOURCE);
      scenario.playground.kill(Part.PULSAR);

      SourceWriter clients = new SourceWriter(scenario.target, "default", COLLECTION, Kind.INT64);
      assertThat(count(scenario.target)).isEqualTo(rows);
      clients.insert(1_000_000, 1_000_100, 2);
      clients.delete("id in [0, 1, 1000000]");
      assertThat(count(scenario.target)).isEqualTo(rows + 97);
      assertThat(client.ask("delete", task).status()).isEqualTo(200);
      assertThat(count(scenario.target)).isEqualTo(rows + 97);
    }
  }

  private static int writeUntil(AtomicBoolean stopped, SourceWriter writer) {
    int rows = 0;
    while (!stopped.get()) {
      writer.insert(rows, rows + ROWS_PER_CALL, 1);
      rows += ROWS_PER_CALL;
    }
    return rows;
  }

  private static long count(MilvusCluster target) {
    QueryRequest request =
        QueryRequest.newBuilder()
            .setCollectionName(COLLECTION)
            .addOutputFields("count(*)")
            .setConsistencyLevel(ConsistencyLevel.Strong)
            .build();
    return target
        .call(stub -> stub.query(request), QueryResults::getStatus)
        .getFieldsData(0)
        .getScalars()
        .getLongData()
        .getData(0);
  }
}
