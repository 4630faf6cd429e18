package io.milvus.cdc.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundSettings;
import io.milvus.cdc.playground.TestingAuthority;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.server.tasks.MilvusTargetProbe;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code create} answers about targets that want a password and TLS, one-way and mutual. */
class SecuredTargetIT {

  /** The requests' connect_timeout of 5 s, and what the first connection of a busy JVM takes. */
  private static final Duration AT_MOST = Duration.ofSeconds(25);

  @TempDir static Path directory;

  private static TestingAuthority authority;
  private static Playground oneWay;
  private static Playground mutual;

  @BeforeAll
  static void start() {
    authority = TestingAuthority.create(directory, "ca");
    TestingAuthority.Issued server = authority.issue("server", "milvus.test", "127.0.0.1");
    authority.issue("client");
    TestingAuthority.create(directory, "stranger").issue("stranger-client");
    oneWay = playground(1, server);
    mutual = playground(2, server);
    CompletableFuture<Void> other = CompletableFuture.runAsync(() -> oneWay.start(Part.TARGET));
    mutual.start(Part.TARGET);
    other.join();
  }

  private static Playground playground(int tlsMode, TestingAuthority.Issued server) {
    return TestingPlayground.separate(
        PlaygroundSettings.defaults()
            .withPartSettings(
                Part.TARGET,
                Map.of(
                    "common.security.authorizationEnabled",
                    "true",
                    "common.security.tlsMode",
                    Integer.toString(tlsMode),
                    "tls.serverPemPath",
                    server.certificate().toString(),
                    "tls.serverKeyPath",
                    server.key().toString(),
                    "tls.caPemPath",
                    authority.certificate().toString())));
  }

  @AfterAll
  static void stop() {
    oneWay.close();
    mutual.close();
  }

  /**
   * A request to create a task, and what is to come of it.
   *
   * @param mode the target's {@code tlsMode}
   * @param param the rest of {@code milvus_connect_param}; @ stands for the target's port
   * @param dialConfig with names of files in the tests' directory
   * @param status the answer's
   * @param words what its message says; empty when a task is created
   */
  private record Row(int mode, String param, String dialConfig, int status, String words) {}

  private static List<Row> rows() {
    String root = "'uri':'https://127.0.0.1:@','token':'root:Milvus'";
    String byName = "'uri':'https://localhost:@','token':'root:Milvus'";
    String ca = "'server_pem_path':'ca.pem'";
    String client =
        "'ca_pem_path':'ca.pem','client_pem_path':'client.pem','client_key_path':'client.key'";
    String notTrusted = "shows a certificate that is not trusted";
    String notShown = "the client's certificate in milvus_connect_param.dial_config";
    return List.of(
        // What is let in.
        new Row(1, root, ca, 200, ""),
        new Row(1, byName, "'server_pem_path':'server.pem','server_name':'milvus.test'", 200, ""),
        new Row(
            1,
            "'host':'127.0.0.1','port':@,'enable_tls':true,'username':'root','password':'Milvus'",
            ca,
            200,
            ""),
        new Row(2, root, client, 200, ""),
        new Row(2, byName, client + ",'server_name':'milvus.test'", 200, ""),
        // Credentials.
        new Row(
            1,
            "'uri':'https://127.0.0.1:@','token':'root:SecretWrong'",
            ca,
            400,
            "refuses the credentials; check token"),
        new Row(
            2,
            "'host':'127.0.0.1','port':@,'enable_tls':true,'username':'root','password':'SecretWrong'",
            client,
            400,
            "refuses the credentials; check token, or username and password"),
        new Row(1, "'uri':'https://127.0.0.1:@'", ca, 400, "wants credentials; give token"),
        new Row(2, "'uri':'https://127.0.0.1:@'", client, 400, "wants credentials; give token"),
        // Another authority.
        new Row(1, root, "'server_pem_path':'stranger.pem'", 400, notTrusted),
        new Row(1, root, "", 400, notTrusted),
        new Row(2, root, client.replace("ca.pem", "stranger.pem"), 400, notTrusted),
        // Another name.
        new Row(
            1, root, ca + ",'server_name':'other.test'", 400, "a certificate of another server"),
        new Row(1, byName, ca, 400, "a certificate of another server"),
        new Row(2, byName, client, 400, "a certificate of another server"),
        // No certificate of a client, or a stranger's.
        new Row(2, root, ca, 400, notShown),
        new Row(2, root, client.replace("client.", "stranger-client."), 400, notShown),
        // No TLS.
        new Row(
            1,
            "'uri':'http://127.0.0.1:@','token':'root:Milvus'",
            "",
            502,
            "whether it wants TLS (https://, or enable_tls)"),
        // Nobody there.
        new Row(
            1, "'uri':'https://127.0.0.1:1','token':'root:Milvus'", ca, 502, "cannot be reached"),
        new Row(
            1,
            "'uri':'https://no-such.invalid:1','token':'root:Milvus'",
            ca,
            502,
            "no-such.invalid"));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void aTaskIsCreatedOrRefusedWithWords(Row row, @TempDir Path tasks) {
    int port = (row.mode() == 1 ? oneWay : mutual).ports().targetMilvus();
    assertAnswer(
        tasks,
        row.param().replace("@", Integer.toString(port)),
        row.dialConfig(),
        row.status(),
        row.words());
  }

  @Test
  void aHostThatTakesConnectionsAndDoesNotAnswer(@TempDir Path tasks) throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertAnswer(
          tasks,
          "'uri':'https://127.0.0.1:" + silent.getLocalPort() + "','token':'root:Milvus'",
          "'server_pem_path':'ca.pem'",
          502,
          "does not answer within connect_timeout (5.0 s)");
    }
  }

  private static void assertAnswer(
      Path tasks, String param, String dialConfig, int status, String words) {
    String request =
        "{'milvus_connect_param':{%s,'connect_timeout':5,'dial_config':{%s}},'collection_infos':[{'name':'*'}]}"
            .formatted(param, dialConfig.replaceAll("_path':'", "_path':'" + directory + "/"));
    try (TestServer server = new TestServer(tasks)) {
      server.target = new MilvusTargetProbe();
      long start = System.nanoTime();
      HttpResponse<String> answer = server.request("create", request);

      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(AT_MOST);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
      assertThat(server.json(answer).path("message").asText())
          .contains(words)
          .doesNotContain("root", "Secret", "\n");
    }
  }
}
