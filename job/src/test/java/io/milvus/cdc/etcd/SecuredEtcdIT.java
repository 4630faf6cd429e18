package io.milvus.cdc.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.Auth;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.auth.Permission;
import io.milvus.cdc.etcd.EtcdConnection.RunningWatch;
import io.milvus.cdc.etcd.EtcdConnection.WatchListener;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundSettings;
import io.milvus.cdc.playground.TestingAuthority;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.security.ClientCertificate;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.TlsSettings;
import io.milvus.cdc.security.UserPassword;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** etcd with certificates of clients, and with users. */
class SecuredEtcdIT {

  private static final ByteString VALUE = ByteString.copyFromUtf8("value");

  @TempDir Path directory;

  @Test
  void certificatesOnBothSides() throws Exception {
    TestingAuthority authority = TestingAuthority.create(directory, "ca");
    TestingAuthority.Issued server = authority.issue("server", "127.0.0.1", "etcd.test");
    TestingAuthority.Issued client = authority.issue("client");
    TestingAuthority stranger = TestingAuthority.create(directory, "stranger");
    PlaygroundSettings settings =
        PlaygroundSettings.defaults()
            .withPartSettings(
                Part.ETCD,
                Map.of(
                    "cert-file", server.certificate().toString(),
                    "key-file", server.key().toString(),
                    "trusted-ca-file", authority.certificate().toString(),
                    "client-cert-auth", "true"));
    try (Playground playground = TestingPlayground.separate(settings)) {
      playground.start(Part.ETCD);
      String port = ":" + playground.ports().etcd();
      Optional<ClientCertificate> shown =
          Optional.of(
              ClientCertificate.of(
                  Files.readString(client.certificate()), Files.readString(client.key())));
      TlsSettings right = new TlsSettings(text(authority), shown, Optional.empty());

      readWriteAndWatch(cluster("https://127.0.0.1" + port, right));
      readWriteAndWatch(
          cluster(
              "https://localhost" + port,
              new TlsSettings(text(authority), shown, Optional.of("etcd.test"))));
      assertFails(
          cluster("https://localhost" + port, right), "No subject alternative", "localhost");
      // A node's certificate need not have the names of the others.
      readWriteAndWatch(cluster(List.of("https://localhost:1", "https://127.0.0.1" + port), right));
      assertFails(
          cluster(List.of("https://127.0.0.1:1", "https://localhost" + port), right),
          "https://127.0.0.1:1: Connection refused",
          "https://localhost" + port + ": TLS fails: No subject alternative");
      assertFails(
          cluster(
              "https://127.0.0.1" + port, new TlsSettings(text(stranger), shown, Optional.empty())),
          "unable to find valid certification path");
      assertFails(
          cluster(
              "https://127.0.0.1" + port,
              new TlsSettings(text(authority), Optional.empty(), Optional.empty())),
          "check the client's certificate");
      assertFails(new EtcdCluster(List.of("http://127.0.0.1" + port)), "127.0.0.1" + port);
    }
  }

  @Test
  void usersAndPasswords() throws Exception {
    PlaygroundSettings settings =
        PlaygroundSettings.defaults().withPartSettings(Part.ETCD, Map.of("auth-token-ttl", "1"));
    try (Playground playground = TestingPlayground.separate(settings)) {
      playground.start(Part.ETCD);
      List<String> endpoints = List.of(playground.etcdEndpoint());
      addUsers(endpoints.get(0));

      readWriteAndWatch(cluster(endpoints, "cdc", "Secret1"));

      try (EtcdConnection etcd = EtcdConnection.open(cluster(endpoints, "cdc", "Secret1"))) {
        assertThat(etcd.get("secured/k")).hasValue(VALUE);
        // Longer than a token lives.
        TimeUnit.MILLISECONDS.sleep(2500);
        assertThat(etcd.get("secured/k")).hasValue(VALUE);
        TimeUnit.MILLISECONDS.sleep(2500);
        assertThat(etcd.putIfAbsent("secured/n", Map.of("secured/n", VALUE))).isTrue();
        assertThatThrownBy(() -> etcd.get("other/k"))
            .isInstanceOf(EtcdUnavailableException.class)
            .hasMessageContaining("permission denied");
      }
      assertFails(cluster(endpoints, "cdc", "SecretWrong"), "authentication failed");
      assertFails(new EtcdCluster(endpoints), "user name is empty");
    }
  }

  private static void addUsers(String endpoint) throws Exception {
    try (Client client = Client.builder().endpoints(endpoint).build()) {
      Auth auth = client.getAuthClient();
      for (String name : List.of("root", "cdc")) {
        auth.userAdd(bytes(name), bytes("Secret1")).get();
        auth.roleAdd(bytes(name)).get();
        auth.userGrantRole(bytes(name), bytes(name)).get();
      }
      auth.roleGrantPermission(
              bytes("cdc"), bytes("secured/"), bytes("secured0"), Permission.Type.READWRITE)
          .get();
      auth.authEnable().get();
    }
  }

  private static void readWriteAndWatch(EtcdCluster cluster) throws Exception {
    List<EtcdChange> told = new CopyOnWriteArrayList<>();
    List<Long> progress = new CopyOnWriteArrayList<>();
    try (EtcdConnection etcd = EtcdConnection.open(cluster)) {
      etcd.deletePrefix("secured/");
      long revision = etcd.revision("secured/");
      WatchListener listener =
          new WatchListener() {
            @Override
            public void changed(List<EtcdChange> changes) {
              told.addAll(changes);
            }

            @Override
            public void progressed(long upTo) {
              progress.add(upTo);
            }

            @Override
            public void ended(String reason) {}
          };
      try (RunningWatch watch = etcd.watch("secured/", "secured0", revision + 1, listener)) {
        assertThat(etcd.putIfAbsent("secured/k", Map.of("secured/k", VALUE))).isTrue();
        assertThat(etcd.get("secured/k")).hasValue(VALUE);
        List<EtcdChange> listed = new ArrayList<>();
        etcd.list(List.of("secured/"), listed::add);
        assertThat(listed).hasSize(1);
        await().untilAsserted(() -> assertThat(told).hasSize(1));
        await()
            .untilAsserted(
                () -> {
                  watch.requestProgress();
                  assertThat(progress).isNotEmpty();
                });
      }
    }
  }

  private static void assertFails(EtcdCluster cluster, String... parts) {
    long start = System.nanoTime();
    try (EtcdConnection etcd = EtcdConnection.open(cluster)) {
      assertThatThrownBy(() -> etcd.get("secured/k"))
          .isInstanceOf(EtcdUnavailableException.class)
          .hasMessageContainingAll(parts)
          .message()
          .doesNotContain("Secret", "\n");
    }
    assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start)).isLessThan(7);
  }

  private static EtcdCluster cluster(String endpoint, TlsSettings tls) {
    return cluster(List.of(endpoint), tls);
  }

  private static EtcdCluster cluster(List<String> endpoints, TlsSettings tls) {
    return new EtcdCluster(endpoints, Optional.empty(), Optional.of(tls));
  }

  private static EtcdCluster cluster(List<String> endpoints, String user, String password) {
    return new EtcdCluster(
        endpoints, Optional.of(new UserPassword(user, new Secret(password))), Optional.empty());
  }

  private static Optional<String> text(TestingAuthority authority) throws Exception {
    return Optional.of(Files.readString(authority.certificate()));
  }

  private static ByteSequence bytes(String text) {
    return ByteSequence.from(text, StandardCharsets.UTF_8);
  }
}
