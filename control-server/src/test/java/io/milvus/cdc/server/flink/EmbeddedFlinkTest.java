package io.milvus.cdc.server.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.server.ListeningSockets;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedFlinkTest {

  @TempDir Path directory;

  @Test
  void itListensOnTheLoopbackOnlyOnTheRestPortAndForItsOwnFiles() throws Exception {
    Set<String> before = ListeningSockets.of(ProcessHandle.current().pid());
    EmbeddedFlink flink = EmbeddedFlink.start(0, 1, directory);
    try {
      Set<String> opened = ListeningSockets.of(ProcessHandle.current().pid());
      opened.removeAll(before);

      assertThat(opened)
          .hasSize(2)
          .contains(ListeningSockets.onLoopback(flink.restAddress().getPort()))
          .allMatch(ListeningSockets::isOnLoopback);
    } finally {
      flink.close();
    }
    assertThat(ListeningSockets.of(ProcessHandle.current().pid())).isEqualTo(before);
  }
}
