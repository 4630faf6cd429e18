package io.milvus.cdc.server.flink;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedFlinkTest {

  /** Columns of Linux' /proc/net/tcp. */
  private static final int LOCAL_ADDRESS = 2;

  private static final int STATE = 4;
  private static final int INODE = 10;
  private static final String LISTENING = "0A";

  @TempDir Path directory;

  @Test
  void itListensOnTheLoopbackOnlyOnTheRestPortAndForItsOwnFiles() throws Exception {
    Set<String> before = listening();
    EmbeddedFlink flink = EmbeddedFlink.start(0, 1, directory);
    try {
      Set<String> opened = new HashSet<>(listening());
      opened.removeAll(before);

      assertThat(opened)
          .hasSize(2)
          .anyMatch(
              address ->
                  address.endsWith(
                      String.format(Locale.ROOT, ":%04X", flink.restAddress().getPort())))
          .allMatch(EmbeddedFlinkTest::isLoopback);
    } finally {
      flink.close();
    }
    assertThat(listening()).isEqualTo(before);
  }

  /** 127.0.0.1 as the kernel writes it, as IPv4 and mapped to IPv6. */
  private static boolean isLoopback(String address) {
    return address.startsWith("0100007F:")
        || address.startsWith("0000000000000000FFFF00000100007F:");
  }

  /** Addresses and ports that this process listens on, in hexadecimal digits. */
  private static Set<String> listening() throws IOException {
    Set<String> own = new HashSet<>();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        if (Files.isSymbolicLink(descriptor)) {
          own.add(Files.readSymbolicLink(descriptor).toString());
        }
      }
    }
    Set<String> addresses = new HashSet<>();
    for (String table : List.of("tcp", "tcp6")) {
      for (String line : Files.readAllLines(Path.of("/proc/self/net", table))) {
        String[] columns = line.split("\\s+", -1);
        if (columns[STATE].equals(LISTENING) && own.contains("socket:[" + columns[INODE] + "]")) {
          addresses.add(columns[LOCAL_ADDRESS]);
        }
      }
    }
    return addresses;
  }
}
