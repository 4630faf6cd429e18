package io.milvus.cdc.server.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.server.ListeningSockets;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
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

  @Test
  void aPageOfAnotherSiteCanNeitherUploadNorReadAnything() throws Exception {
    EmbeddedFlink flink = EmbeddedFlink.start(0, 1, directory);
    try {
      int port = flink.restAddress().getPort();
      String host = "127.0.0.1:" + port;
      for (String path : List.of("/jars/upload", "/jobs")) {
        for (String other : List.of("http://evil.example", "null", "http://" + host + "0")) {
          assertThat(upload(port, path, host, other)).as(other).startsWith("HTTP/1.1 403 ");
        }
        assertThat(upload(port, path, "evil.example:" + port, "http://evil.example:" + port))
            .as("a name that leads here")
            .startsWith("HTTP/1.1 403 ");
      }
      try (Stream<Path> files = Files.walk(directory)) {
        assertThat(files.filter(file -> file.toString().endsWith("some.jar"))).isEmpty();
      }

      assertThat(upload(port, "/jars/upload", host, "http://" + host))
          .as("Flink's own page")
          .startsWith("HTTP/1.1 200 ");
      String jars =
          send(port, "GET /jars HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
      assertThat(jars)
          .startsWith("HTTP/1.1 200 ")
          .contains("some.jar")
          .doesNotContainIgnoringCase("access-control-allow-origin: *");
    } finally {
      flink.close();
    }
  }

  /** As a page's form does it. */
  private static String upload(int port, String path, String host, String origin)
      throws IOException {
    String body =
        """
        --b
        Content-Disposition: form-data; name="jarfile"; filename="some.jar"
        Content-Type: application/x-java-archive

        PK
        --b--
        """
            .replace("\n", "\r\n");
    return send(
        port,
        """
        POST %s HTTP/1.1
        Host: %s
        Origin: %s
        Content-Type: multipart/form-data; boundary=b
        Content-Length: %d
        Connection: close

        """
                .formatted(path, host, origin, body.length())
                .replace("\n", "\r\n")
            + body);
  }

  private static String send(int port, String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(30_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }
}
