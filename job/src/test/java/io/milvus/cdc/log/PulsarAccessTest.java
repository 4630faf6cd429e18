package io.milvus.cdc.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.task.SourceCluster;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Questions to a broker's HTTP interface. */
class PulsarAccessTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private HttpServer broker;
  private URI base;

  @BeforeEach
  void start() throws IOException {
    broker = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    base = URI.create("http://127.0.0.1:" + broker.getAddress().getPort() + "/");
    broker.createContext(
        "/shown", exchange -> answer(exchange, 200, header(exchange, "Authorization")));
    broker.createContext("/missing", exchange -> answer(exchange, 404, "no such topic"));
    broker.createContext("/empty", exchange -> answer(exchange, 204, ""));
    broker.createContext("/owner", exchange -> redirect(exchange, base + "shown"));
    broker.createContext("/round", exchange -> redirect(exchange, "/round"));
    broker.start();
  }

  @AfterEach
  void stop() {
    broker.stop(0);
  }

  @Test
  void anAnswerHasItsStatusAndItsBody() throws IOException {
    assertThat(text(get("missing"))).isEqualTo("404 no such topic");
    assertThat(text(get("empty"))).isEqualTo("204 ");
  }

  @Test
  void theOwnerOfATopicIsShownTheTokenToo() throws IOException {
    assertThat(text(get("shown"))).isEqualTo("200 Bearer abc");
    assertThat(text(get("owner"))).isEqualTo("200 Bearer abc");
    assertThat(get("round").status()).isEqualTo(307);
  }

  @Test
  void nothingRunsOnAfterAnAnswer() throws IOException {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    for (int i = 0; i < 10; i++) {
      assertThat(get("owner").status()).isEqualTo(200);
    }
    Set<Thread> left = new HashSet<>(Thread.getAllStackTraces().keySet());
    left.removeAll(before);
    assertThat(left)
        .extracting(Thread::getName)
        // The JDK's own, which knows no class loader of a job.
        .filteredOn(name -> !name.equals("Keep-Alive-Timer"))
        .isEmpty();
  }

  @Test
  void nobodyAnswers() {
    broker.stop(0);
    assertThatThrownBy(() -> get("shown")).isInstanceOf(IOException.class);
  }

  private PulsarAccess.Answer get(String path) throws IOException {
    return new PulsarAccess(source()).get(base.resolve(path), TIMEOUT);
  }

  private SourceCluster source() {
    return new SourceCluster(
        List.of("http://127.0.0.1:1"),
        "by-dev",
        "meta",
        "pulsar://127.0.0.1:1",
        base.toString(),
        "public",
        "default",
        "by-dev",
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(new Secret("abc")),
        Optional.empty());
  }

  private static String text(PulsarAccess.Answer answer) {
    return answer.status() + " " + answer.body();
  }

  private static String header(HttpExchange exchange, String name) {
    return exchange.getRequestHeaders().getFirst(name);
  }

  private static void redirect(HttpExchange exchange, String location) throws IOException {
    exchange.getResponseHeaders().add("Location", location);
    answer(exchange, 307, "");
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }
}
