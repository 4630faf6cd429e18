package io.milvus.cdc.server.e2e;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.milvus.cdc.chaos.Chaos;
import io.milvus.cdc.playground.PlaygroundSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A short round of each fault; {@code playground/run chaos} runs more and longer ones. */
class ChaosIT {

  private static final Duration WORKLOAD = Duration.ofSeconds(5);

  @Test
  void afterFaultsSourceAndTargetAreTheSame() throws Exception {
    Path target = Files.createDirectories(Path.of("target").toAbsolutePath());
    Chaos chaos =
        new Chaos(
            PlaygroundSettings.defaults().withFlinkMode(TaskScenario.FLINK),
            Files.createTempDirectory(target, "playground-"),
            Integer.getInteger("chaos.rounds", 1),
            1,
            WORKLOAD,
            Long.getLong("chaos.seed", 41),
            System.out);
    assertThatCode(() -> chaos.run(System.getProperty("chaos.faults", "all")))
        .doesNotThrowAnyException();
  }
}
