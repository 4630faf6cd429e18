package io.milvus.cdc.server.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.PlaygroundSettings;
import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import io.milvus.cdc.workload.SourceWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The job's jar on a Flink cluster whose JobManager and TaskManager are processes of their own. */
class FlinkClusterIT {

  @Test
  void theSameTaskRunsOnARealCluster() {
    // Each process needs the key: the target's password is sealed in the task store.
    Map<String, String> key = Map.of("CDC_SECRET_KEY", "A".repeat(43) + "=");
    PlaygroundSettings settings =
        PlaygroundSettings.defaults()
            .withFlinkMode(FlinkMode.REMOTE)
            .withPartSettings(Part.SERVER, key)
            .withPartSettings(Part.JOB_MANAGER, key)
            .withPartSettings(Part.TASK_MANAGER, key)
            .withPartSettings(Part.TARGET, Map.of("common.security.authorizationEnabled", "true"));
    try (TaskScenario scenario =
        new TaskScenario(settings, target -> target.withAuthorization("root", "Milvus"))) {
      String task =
          scenario.client.createWith(
              "\"uri\":\"" + scenario.playground.targetUri() + "\",\"token\":\"root:Milvus\"");
      scenario.awaitState(task, "Running");
      SourceWriter writer = scenario.newCollection("clustered");
      writer.insert(0, 500, 1);
      scenario.awaitSame("clustered");

      scenario.client.ask("pause", task).data();
      writer.upsert(100, 200, 2);
      writer.delete("id in [1, 2, 3]");
      scenario.client.ask("resume", task).data();
      scenario.awaitSame("clustered");

      // The cluster's jobs are not the server's to stop.
      scenario.playground.stop(Part.SERVER);
      writer.insert(500, 600, 3);
      scenario.awaitSame("clustered");

      scenario.playground.start(Part.SERVER);
      scenario.awaitState(task, "Running");
      String job = scenario.client.task(task).get("job_id").asText();
      assertThat(scenario.client.ask("delete", task).status()).isEqualTo(200);
      assertThat(job).hasSize(32);
    }
  }
}
