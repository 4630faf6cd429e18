package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.task.TargetCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TargetChannelTest {

  private static final int TIMES = 20;

  @Test
  void anAddressThatIsRefusedLeavesNothingOpen() throws IOException {
    TargetCluster wrong = new TargetCluster("milvus_target", 19530, false, Optional.empty(), 10);
    assertThatThrownBy(() -> TargetChannel.open(wrong).close())
        .isInstanceOf(IllegalArgumentException.class);
    long before = descriptors();
    for (int i = 0; i < TIMES; i++) {
      assertThatThrownBy(() -> TargetChannel.open(wrong).close())
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(descriptors()).isLessThan(before + TIMES);
  }

  /** Files that this process has open. An event loop has three, on Linux. */
  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }
}
