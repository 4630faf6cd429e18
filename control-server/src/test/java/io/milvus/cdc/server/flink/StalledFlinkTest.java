package io.milvus.cdc.server.flink;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.task.TargetTuning;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A cluster that begins to answer and does not go on. */
class StalledFlinkTest {

  private ServerSocket listener;
  private Thread server;

  @BeforeEach
  void listen() throws IOException {
    listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    server = new Thread(this::answerHalf, "stalled-flink");
    server.start();
  }

  @AfterEach
  void stop() throws Exception {
    listener.close();
    server.interrupt();
    server.join();
  }

  /** Sends the headers and the beginning of the body, and waits for the client to hang up. */
  private void answerHalf() {
    try (Socket client = listener.accept();
        BufferedReader request =
            new BufferedReader(
                new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII))) {
      String line = request.readLine();
      while (line != null && !line.isEmpty()) {
        line = request.readLine();
      }
      client
          .getOutputStream()
          .write(
              "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"jobs\":"
                  .getBytes(StandardCharsets.US_ASCII));
      client.getOutputStream().flush();
      String unused = request.readLine();
    } catch (IOException e) {
      // The client or the test has ended it.
    }
  }

  @Test
  @Timeout(60)
  void aClusterWhoseAnswerStallsDoesNotAnswer() {
    URI address = URI.create("http://127.0.0.1:" + listener.getLocalPort());
    FlinkRest flink =
        new FlinkRest(
            address,
            new JobTemplate(
                Path.of("job.jar"),
                "Main",
                List.of("http://127.0.0.1:1"),
                "root",
                Duration.ofSeconds(10),
                URI.create("file:///checkpoints"),
                TargetTuning.DEFAULT),
            Duration.ofMillis(300));
    assertThatThrownBy(flink::jobs)
        .isInstanceOf(FlinkException.Unreachable.class)
        .hasMessageContaining(address + " does not answer");
  }
}
