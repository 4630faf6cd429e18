package io.milvus.cdc.playground;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ChildProcessTest {

  @Test
  void aFreePortIsFoundFreeWhileProcessesAreStarted() {
    int port = Ports.free().flink();
    AtomicBoolean stop = new AtomicBoolean();
    CompletableFuture<Void> starting =
        CompletableFuture.runAsync(
            () -> {
              while (!stop.get()) {
                try {
                  ChildProcess.start(new ProcessBuilder("true"));
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }
            });
    int taken = 0;
    for (int i = 0; i < 2_000; i++) {
      taken += FreePorts.isFree(port) ? 0 : 1;
    }
    stop.set(true);
    starting.join();
    assertThat(taken).isZero();
  }
}
