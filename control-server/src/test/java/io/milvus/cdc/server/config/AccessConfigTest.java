package io.milvus.cdc.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.playground.TestingAuthority;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.UserPassword;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StoreAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccessConfigTest {

  private static final String KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

  @TempDir static Path directory;

  @BeforeAll
  static void makeFiles() throws IOException {
    TestingAuthority authority = TestingAuthority.create(directory, "ca");
    authority.issue("client");
    Files.writeString(directory.resolve("password"), "hidden\n");
    Files.writeString(directory.resolve("key"), KEY + "\n");
    Files.writeString(directory.resolve("empty"), "\n");
  }

  private static ServerConfig with(String... more) {
    return with(Map.of(), more);
  }

  private static ServerConfig with(Map<String, String> environment, String... more) {
    Map<String, String> all = new HashMap<>();
    all.put("metaStore.endpoints", "https://a:2379");
    all.put("source.etcd.endpoints", "https://b:2379,https://c:2379");
    all.put("source.pulsar.serviceUrl", "pulsar+ssl://d:6651");
    all.put("source.pulsar.adminUrl", "https://d:8443");
    for (String each : more) {
      int equals = each.indexOf('=');
      all.put(
          each.substring(0, equals),
          each.substring(equals + 1).replace("@", "" + directory).replace('#', '@'));
    }
    return ServerConfig.from(Settings.load(Optional.empty(), environment, all));
  }

  @Test
  void nothingIsNeeded() {
    ServerConfig config = with();
    assertThat(config.metaStore().access()).isEqualTo(StoreAccess.NONE);
    assertThat(config.source().etcdUser()).isEmpty();
    assertThat(config.source().etcdTls()).isEmpty();
    assertThat(config.source().pulsarToken()).isEmpty();
    assertThat(config.source().pulsarTls()).isEmpty();
  }

  @Test
  void theSourceHasCredentialsAndCertificates() throws IOException {
    SourceCluster source =
        with(
                "source.etcd.username=cdc",
                "source.etcd.passwordFile=@/password",
                "source.etcd.caFile=@/ca.pem",
                "source.etcd.certificateFile=@/client.pem",
                "source.etcd.keyFile=@/client.key",
                "source.etcd.serverName=etcd",
                "source.pulsar.tokenFile=@/password",
                "source.pulsar.caFile=@/ca.pem")
            .source();

    assertThat(source.etcdUser()).hasValue(new UserPassword("cdc", new Secret("hidden")));
    assertThat(source.etcdTls().orElseThrow().trusted()).hasValue(text("ca.pem"));
    assertThat(source.etcdTls().orElseThrow().client().orElseThrow().privateKey())
        .isEqualTo(new Secret(text("client.key")));
    assertThat(source.etcdTls().orElseThrow().serverName()).hasValue("etcd");
    assertThat(source.pulsarToken()).hasValue(new Secret("hidden"));
    assertThat(source.pulsarTls().orElseThrow().trusted()).hasValue(text("ca.pem"));
    assertThat(source.pulsarTls().orElseThrow().client()).isEmpty();
  }

  @Test
  void theStoreHasCredentialsAndAKey() {
    StoreAccess access =
        with(
                Map.of("CDC_META_STORE_PASSWORD", "hidden", "CDC_SECRET_KEY", KEY),
                "metaStore.username=cdc",
                "metaStore.caFile=@/ca.pem")
            .metaStore()
            .access();

    assertThat(access.user()).hasValue(new UserPassword("cdc", new Secret("hidden")));
    assertThat(access.tls()).isPresent();
    assertThat(access.key()).isPresent();
    assertThat(with("secretKeyFile=@/key").metaStore().access().key().orElseThrow().id())
        .isEqualTo(access.key().orElseThrow().id());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "secretKey=hidden | secretKey or secretKeyFile has 4 bytes; it must be 32 bytes in base64",
        "secretKeyFile=@/no | secretKeyFile names @/no, which cannot be read",
        "secretKeyFile=@/empty | secretKeyFile names @/empty, which is empty",
        "secretKey=hidden secretKeyFile=@/key | secretKey (--set) and secretKeyFile (--set) are both set",
        "metaStore.username=a | metaStore.username is set without metaStore.password; set both",
        "source.etcd.password=hidden | source.etcd.password is set without source.etcd.username",
        "source.etcd.keyFile=@/client.key |"
            + " source.etcd.keyFile is set without source.etcd.certificateFile; set both or none",
        "source.pulsar.certificateFile=@/client.pem |"
            + " source.pulsar.certificateFile is set without source.pulsar.keyFile",
        "source.etcd.caFile=@/client.key |"
            + " source.etcd.caFile: '@/client.key' holds no certificate in PEM",
        "metaStore.certificateFile=@/ca.pem metaStore.keyFile=@/client.key |"
            + " metaStore.keyFile: '@/client.key' does not belong to the first certificate",
        "metaStore.endpoints=http://a:1 metaStore.caFile=@/ca.pem |"
            + " metaStore has certificates (caFile, certificateFile or serverName), but"
            + " metaStore.endpoints is without TLS",
        "source.pulsar.adminUrl=http://d:1 source.pulsar.caFile=@/ca.pem |"
            + " source.pulsar.adminUrl is without TLS; write it with https:// or pulsar+ssl://",
        "metaStore.endpoints=http://a:1,https://b:1 | addresses of one kind, all http or all https",
        "metaStore.endpoints=https://u:hidden#b:1 | metaStore.endpoints must be an address without a",
        "source.pulsar.serverName=d | source.pulsar.serverName (--set) is not a setting",
      })
  void namesWhatIsWrongAndTellsNoSecret(String settings, String part) {
    assertThatThrownBy(() -> with(settings.split(" ", -1)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining(part.replace("@", directory.toString()))
        .message()
        .doesNotContain("hidden", "MII");
  }

  private static String text(String file) throws IOException {
    return Files.readString(directory.resolve(file));
  }
}
