package io.milvus.cdc.server.e2e;

import io.milvus.cdc.chaos.Chaos;
import io.milvus.cdc.playground.PlaygroundSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A short round of those faults that users meet most; {@code playground/run chaos} has them all.
 */
@Tag("long")
class ChaosIT {

  private static final String FAULTS = System.getProperty("chaos.faults", "server,connection");

  @Test
  void afterFaultsSourceAndTargetAreTheSame() throws Exception {
    long seed = Long.getLong("chaos.seed", System.currentTimeMillis() % 1_000_000);
    Path target = Files.createDirectories(Path.of("target").toAbsolutePath());
    new Chaos(
            PlaygroundSettings.defaults(),
            Files.createTempDirectory(target, "playground-"),
            Integer.getInteger("chaos.rounds", 1),
            Duration.ofSeconds(10),
            seed,
            System.out)
        .run(FAULTS);
  }
}
