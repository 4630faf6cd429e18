package io.milvus.cdc.playground;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class WatchdogTest {

  @Test
  void aWatchedProcessEndsWithAJvmThatIsKilled() throws Exception {
    Process jvm =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                WatchingJvm.class.getName())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader output = jvm.inputReader()) {
      ProcessHandle watched = ProcessHandle.of(Long.parseLong(output.readLine())).orElseThrow();

      jvm.destroyForcibly();

      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> ProcessIdentity.of(watched.pid()).isEmpty());
    }
  }

  @Test
  void aProcessThatWasNotGivenToItIsLeftAlone() throws Exception {
    Process process = new ProcessBuilder("sleep", "600").start();
    try {
      new Watchdog().close();

      assertThat(process.isAlive()).isTrue();
    } finally {
      process.destroyForcibly();
    }
  }

  /** Starts a process under a watchdog, says its number and waits to be killed. */
  static final class WatchingJvm {
    private WatchingJvm() {}

    public static void main(String[] arguments) throws Exception {
      Process process = new ProcessBuilder("sleep", "600").start();
      new Watchdog().watch(process);
      System.out.println(process.pid());
      process.waitFor();
    }
  }
}
