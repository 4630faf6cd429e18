package io.milvus.cdc.server.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.milvus.cdc.playground.PlaygroundSettings;
import io.milvus.cdc.workload.SourceWriter;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.PulsarClientException;
import org.apache.pulsar.client.api.PulsarClientException.ProducerBlockedQuotaExceededException;
import org.junit.jupiter.api.Test;

/**
 * A source whose broker refuses writes as soon as somebody leaves too much unread, and that keeps
 * its log for a limited time.
 */
class RetentionIT {

  private static final int KEPT_MINUTES = 20;
  private static final int QUOTA_BYTES = 200_000;

  @Test
  void aPausedTaskHoldsNothingBackAndSaysWhatItHasMissed() throws Exception {
    PlaygroundSettings settings =
        PlaygroundSettings.defaults()
            .withFlinkMode(TaskScenario.FLINK)
            .withBrokerSettings(
                Map.of(
                    "defaultRetentionTimeInMinutes",
                    Integer.toString(KEPT_MINUTES),
                    "backlogQuotaDefaultRetentionPolicy",
                    "producer_exception",
                    "backlogQuotaDefaultLimitBytes",
                    Integer.toString(QUOTA_BYTES),
                    "backlogQuotaCheckIntervalInSeconds",
                    "2"));
    try (TaskScenario scenario = new TaskScenario(settings, UnaryOperator.identity())) {
      CdcClient client = scenario.client;
      String pulsar = scenario.playground.pulsarAdminUrl();
      SourceWriter writer = scenario.newCollection("kept");
      String task = client.create(scenario.playground.targetUri());
      writer.insert(0, 100, 1);
      scenario.awaitSame("kept");
      scenario.awaitReplicated(task);
      client.ask("pause", task).data();

      assertThat(client.subscriptions(pulsar))
          .as("Milvus' own are left")
          .isNotEmpty()
          .allMatch(name -> name.contains("/datanode-") || name.contains("/querynode-"));
      long left = retentionLeft(client, task);
      assertThat(left)
          .isPositive()
          .isLessThanOrEqualTo(Duration.ofMinutes(KEPT_MINUTES).toMillis());
      for (int i = 1; i <= 50; i++) {
        writer.insert(1000 * i, 1000 * (i + 1), i);
      }
      assertThat(client.logBytes(pulsar)).isGreaterThan(5 * QUOTA_BYTES);
      assertThat(retentionLeft(client, task)).isLessThan(left);
      assertThat(client.metrics())
          .contains("milvus_cdc_task_retention_left_seconds{task_id=\"" + task + "\"}");
      client.ask("resume", task).data();
      scenario.awaitSame("kept");
      scenario.awaitReplicated(task);

      client.ask("pause", task).data();
      writer.insert(0, 10, 7);
      client.deleteLog(pulsar);
      writer.insert(10, 20, 7);
      client.ask("resume", task).data();
      scenario.awaitState(task, "Failed");
      JsonNode failed = client.task(task);
      assertThat(failed.path("reason").asText())
          .contains("no longer retained", "rootcoord-dml_", "create it anew");

      assertSubscriptionsStopWriters(scenario.playground.pulsarServiceUrl());
    }
  }

  /** The broker is one on which a subscription that is left behind would have been noticed. */
  private static void assertSubscriptionsStopWriters(String pulsar) throws PulsarClientException {
    try (PulsarClient client =
            PulsarClient.builder()
                .serviceUrl(pulsar)
                .operationTimeout(5, TimeUnit.SECONDS)
                .build();
        Producer<byte[]> producer = client.newProducer().topic("control").create()) {
      client.newConsumer().topic("control").subscriptionName("left-behind").subscribe().close();
      producer.send(new byte[2 * QUOTA_BYTES]);
      await()
          .atMost(TaskScenario.PATIENCE)
          .untilAsserted(
              () ->
                  assertThatThrownBy(() -> client.newProducer().topic("control").create().close())
                      .isInstanceOf(ProducerBlockedQuotaExceededException.class));
    }
  }

  private static long retentionLeft(CdcClient client, String task) {
    await().atMost(TaskScenario.PATIENCE).until(() -> client.task(task).has("retention_left_ms"));
    return client.task(task).path("retention_left_ms").asLong();
  }
}
