package io.milvus.cdc.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may ask, how much and for how long. */
class HttpGuardsTest {

  private static final Duration LONG = Duration.ofSeconds(30);
  private static final String LIST = "{\"request_type\":\"list\"}";

  @TempDir Path directory;

  private TestServer withToken() {
    return new TestServer(directory, Optional.of("Secret.Token-1"), LONG, LONG);
  }

  private static void assertUnauthorized(HttpResponse<String> response) {
    assertThat(response.statusCode()).isEqualTo(401);
    assertThat(response.headers().firstValue("WWW-Authenticate").orElse(""))
        .startsWith("Bearer realm=");
    assertThat(response.body())
        .startsWith("{\"code\":401,\"message\":\"")
        .contains("server.token")
        .doesNotContain("Secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/cdc",
        "/cdc/metrics",
        "/cdc/lag",
        "/openapi.json",
        "/swagger",
        "/swagger/start.js",
        "/nothing",
        "/tasks.html",
        "//",
        "/healthz/",
        "/HEALTHZ",
        "//healthz",
        "/healthz/../cdc/metrics",
        "/%2e/openapi.json",
      })
  void nothingIsSaidWithoutTheToken(String path) {
    try (TestServer server = withToken()) {
      assertUnauthorized(server.get(path));
      assertUnauthorized(server.send("POST", path, LIST));
      assertUnauthorized(server.send("OPTIONS", path, ""));
    }
  }

  @Test
  void thePageOfTheTasksIsShownAndAsksForTheToken() {
    try (TestServer server = withToken()) {
      for (String path : List.of("/", "/tasks.js", "/tasks.css")) {
        HttpResponse<String> page = server.get(path);
        assertThat(page.statusCode()).as(path).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
            .startsWith("default-src 'self'");
        assertUnauthorized(server.send("POST", path, LIST));
      }
    }
  }

  @Test
  void aPageOfAnotherSiteMayNotSendRequests() {
    try (TestServer server = new TestServer(directory)) {
      String own = "http://127.0.0.1:" + server.port;
      assertThat(server.send("POST", "/cdc", LIST, "Origin", own).statusCode()).isEqualTo(200);
      for (String other : List.of("http://evil.example", "null", own + "0", "http://localhost:1")) {
        HttpResponse<String> refused = server.send("POST", "/cdc", LIST, "Origin", other);
        assertThat(refused.statusCode()).as(other).isEqualTo(403);
        assertThat(refused.body()).contains(other);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Bearer Secret.Token-2", "Bearer Secret.Token-", "Bearer Secret.Token-11", "Bearer",
        "Secret.Token-1", "Basic Secret.Token-1", "Bearer secret.token-1", "BearerSecret.Token-1",
        "Bearer Secret.Token-1 Secret.Token-1",
      })
  void anotherTokenIsRefused(String header) {
    try (TestServer server = withToken()) {
      assertUnauthorized(server.send("POST", "/cdc", LIST, "Authorization", header));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Bearer Secret.Token-1", "bearer  Secret.Token-1"})
  void theTokenOpensEverything(String header) {
    try (TestServer server = withToken()) {
      assertThat(server.send("POST", "/cdc", LIST, "Authorization", header).statusCode())
          .isEqualTo(200);
      for (String path : new String[] {"/cdc/metrics", "/openapi.json", "/swagger"}) {
        assertThat(server.send("GET", path, "", "Authorization", header).statusCode())
            .as(path)
            .isEqualTo(200);
      }
    }
  }

  @Test
  void theHealthCheckNeedsNoToken() {
    try (TestServer server = withToken()) {
      assertThat(server.get("/healthz").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void withoutATokenNobodyIsAskedForOne() {
    try (TestServer server = new TestServer(directory)) {
      assertThat(server.send("POST", "/cdc", LIST).statusCode()).isEqualTo(200);
    }
  }

  /** Sends a text as it is and reads until the server ends the connection. */
  private static String raw(TestServer server, String text) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port)) {
      socket.setSoTimeout(20_000);
      OutputStream out = socket.getOutputStream();
      out.write(text.getBytes(StandardCharsets.US_ASCII));
      out.flush();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void aBodyThatStopsInTheMiddleIsGivenUp() throws IOException {
    try (TestServer server =
        new TestServer(directory, Optional.empty(), Duration.ofMillis(300), LONG)) {
      String answer =
          raw(server, "POST /cdc HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{\"reque");
      assertThat(answer).startsWith("HTTP/1.1 408").contains("{\"code\":408,\"message\":\"");
    }
  }

  @Test
  void aSilentConnectionIsClosed() throws IOException {
    try (TestServer server =
        new TestServer(directory, Optional.empty(), Duration.ofMillis(300), LONG)) {
      assertThat(raw(server, "")).isEmpty();
      assertThat(raw(server, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"))
          .as("kept for another request, which does not come")
          .startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void aBodyThatTricklesIsGivenUp() throws Exception {
    try (TestServer server =
            new TestServer(directory, Optional.empty(), LONG, Duration.ofMillis(500));
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port)) {
      socket.setSoTimeout(20_000);
      OutputStream out = socket.getOutputStream();
      out.write(
          "POST /cdc HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"
              .getBytes(StandardCharsets.US_ASCII));
      long begin = System.nanoTime();
      while (socket.getInputStream().available() == 0) {
        assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(20));
        out.write(' ');
        out.flush();
        TimeUnit.MILLISECONDS.sleep(50);
      }
      byte[] start = socket.getInputStream().readNBytes(12);
      assertThat(new String(start, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 408");
    }
  }

  @Test
  void aBodyOfUnknownLengthIsLimitedToo() throws IOException {
    try (TestServer server = new TestServer(directory)) {
      StringBuilder chunks = new StringBuilder();
      for (int i = 0; i < 17; i++) {
        chunks.append("10000\r\n").append(" ".repeat(1 << 16)).append("\r\n");
      }
      String answer =
          raw(
              server,
              "POST /cdc HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                  + chunks
                  + "0\r\n\r\n");
      assertThat(answer).startsWith("HTTP/1.1 413").contains("{\"code\":413,\"message\":\"");
    }
  }

  @Test
  void aBodyOfTheLargestSizeIsRead() {
    try (TestServer server = new TestServer(directory)) {
      String body = LIST + " ".repeat((1 << 20) - LIST.length());
      assertThat(server.send("POST", "/cdc", body).statusCode()).isEqualTo(200);
      assertThat(server.send("POST", "/cdc", body + " ").statusCode()).isEqualTo(413);
    }
  }

  @Test
  void whoWaitsTooLongIsToldSoAndTheServerGoesOn() throws InterruptedException {
    CountDownLatch targetAnswers = new CountDownLatch(1);
    try (TestServer server =
        new TestServer(directory, Optional.empty(), LONG, Duration.ofMillis(700))) {
      server.target = target -> awaitQuietly(targetAnswers);
      HttpResponse<String> slow = server.create("one", "a");
      assertThat(slow.statusCode()).isEqualTo(504);
      assertThat(server.json(slow).path("message").asText()).contains("server.requestTimeout");
      targetAnswers.countDown();
      org.awaitility.Awaitility.await()
          .until(() -> server.ask("get", "one").statusCode(), status -> status == 200);
    }
  }

  @Test
  void aRequestThatIsUnderWayIsAnsweredBeforeTheServerStops() {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch targetAnswers = new CountDownLatch(1);
    CompletableFuture<HttpResponse<String>> answer;
    try (TestServer server = new TestServer(directory)) {
      server.target =
          target -> {
            asked.countDown();
            awaitQuietly(targetAnswers);
          };
      answer = CompletableFuture.supplyAsync(() -> server.create("one", "a"));
      awaitQuietly(asked);
      CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS)
          .execute(targetAnswers::countDown);
    }
    assertThat(answer.join().statusCode()).isEqualTo(200);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void otherMethodsAreToldWhichOneIsRight() {
    try (TestServer server = new TestServer(directory)) {
      for (String method : new String[] {"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        HttpResponse<String> answer = server.send(method, "/cdc", "");
        assertThat(answer.statusCode()).as(method).isEqualTo(405);
        assertThat(answer.headers().firstValue("Allow")).hasValue("POST");
      }
    }
  }
}
