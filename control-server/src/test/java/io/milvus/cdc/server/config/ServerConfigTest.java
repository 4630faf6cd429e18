package io.milvus.cdc.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.server.config.ServerConfig.Embedded;
import io.milvus.cdc.server.config.ServerConfig.Remote;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerConfigTest {

  private static final Map<String, String> NEEDED =
      Map.of(
          "metaStore.endpoints", "http://127.0.0.1:2379",
          "source.etcd.endpoints", "http://127.0.0.1:2379",
          "source.pulsar.serviceUrl", "pulsar://127.0.0.1:6650",
          "source.pulsar.adminUrl", "http://127.0.0.1:8080");

  @TempDir Path directory;

  private static ServerConfig with(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(NEEDED);
    all.putAll(more);
    return ServerConfig.from(Settings.load(Optional.empty(), Map.of(), all));
  }

  @Test
  void defaults() {
    ServerConfig config = with(Map.of());
    assertThat(config.http())
        .isEqualTo(
            new ServerConfig.Http(
                "127.0.0.1",
                8444,
                Optional.empty(),
                Duration.ofSeconds(60),
                Duration.ofSeconds(120)));
    assertThat(config.metaStore().rootPath()).isEqualTo("milvus-cdc");
    assertThat(config.source().metaPrefix()).isEqualTo("by-dev/meta");
    assertThat(config.source().topic("x")).isEqualTo("persistent://public/default/x");
    assertThat(config.source().topicPrefix()).isEqualTo("by-dev");
    assertThat(config.flink().cluster()).isEqualTo(new Embedded(8081));
    assertThat(config.flink().parallelism()).isEqualTo(1);
    assertThat(config.flink().checkpointInterval()).isEqualTo(Duration.ofSeconds(10));
    assertThat(config.flink().checkpointDirectory().toString())
        .startsWith("file:///")
        .contains("/data/checkpoints");
    assertThat(config.flink().jobJar()).isEmpty();
    assertThat(config.maxTasks()).isEqualTo(100);
  }

  @Test
  void aFileSetsEverything() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("server.yaml"),
            """
            server: {host: 0.0.0.0, port: 1, token: abc, idleTimeout: 5s, requestTimeout: 1min}
            metaStore:
              endpoints: [http://a:1, http://b:2]
              rootPath: /tasks/
            source:
              etcd: {endpoints: "http://c:3", rootPath: r, metaPath: m}
              pulsar: {serviceUrl: "pulsar://d:4", adminUrl: "http://e:5/", tenant: t, namespace: n}
              topicPrefix: p
            flink:
              mode: remote
              restUrl: http://f:6
              parallelism: 2
              checkpointInterval: 500ms
              checkpointDirectory: s3://bucket/cdc
              jobJar: job.jar
            limits: {maxTasks: 7}
            """);
    ServerConfig config = ServerConfig.from(Settings.load(Optional.of(file), Map.of(), Map.of()));
    assertThat(config.http())
        .isEqualTo(
            new ServerConfig.Http(
                "0.0.0.0",
                1,
                Optional.of(new Secret("abc")),
                Duration.ofSeconds(5),
                Duration.ofMinutes(1)));
    assertThat(config.metaStore())
        .isEqualTo(new ServerConfig.MetaStore(List.of("http://a:1", "http://b:2"), "tasks"));
    assertThat(config.source().metaPrefix()).isEqualTo("r/m");
    assertThat(config.source().topic("x")).isEqualTo("persistent://t/n/x");
    assertThat(config.source().pulsarAdminUrl()).isEqualTo("http://e:5");
    assertThat(config.flink())
        .isEqualTo(
            new ServerConfig.Flink(
                new Remote(URI.create("http://f:6")),
                2,
                Duration.ofMillis(500),
                URI.create("s3://bucket/cdc"),
                Optional.of(Path.of("job.jar"))));
    assertThat(config.maxTasks()).isEqualTo(7);
  }

  @Test
  void theEnvironmentBeatsTheFileAndTheCommandLineBeatsBoth() throws IOException {
    Path file = Files.writeString(directory.resolve("server.yaml"), "metaStore: {rootPath: file}");
    Map<String, String> environment = Map.of("CDC_META_STORE_ROOT_PATH", "environment");
    assertThat(
            ServerConfig.from(Settings.load(Optional.of(file), environment, NEEDED))
                .metaStore()
                .rootPath())
        .isEqualTo("environment");
    Map<String, String> commandLine = new HashMap<>(NEEDED);
    commandLine.put("metaStore.rootPath", "line");
    assertThat(
            ServerConfig.from(Settings.load(Optional.of(file), environment, commandLine))
                .metaStore()
                .rootPath())
        .isEqualTo("line");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "server.port | 70000 | a whole number from 0 to 65535",
        "server.port | x | a whole number from 0 to 65535",
        "metaStore.endpoints | localhost:2379 | a list of addresses",
        "metaStore.rootPath | / | a path with at least one name",
        "source.pulsar.serviceUrl | http://a:1 | pulsar://127.0.0.1:6650",
        "source.pulsar.adminUrl | a:1 | http://127.0.0.1:8080",
        "flink.mode | yarn | one of embedded, remote",
        "flink.restUrl | http://a:1 | left out unless flink.mode is remote",
        "flink.checkpointInterval | 10 | a time such as",
        "flink.checkpointInterval | 1ms | at least 100ms",
        "flink.parallelism | 0 | a whole number from 1",
        "limits.maxTasks | 0 | a whole number from 1",
        "flink.paralelism | 2 | is not a setting; the settings are",
      })
  void aWrongValueIsNamedWithItsOrigin(String key, String value, String words) {
    assertThatThrownBy(() -> with(Map.of(key, value)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining(key)
        .hasMessageContaining("--set")
        .hasMessageContaining(words);
  }

  @Test
  void whatIsMissingIsNamedWithAnExample() {
    assertThatThrownBy(() -> ServerConfig.from(Settings.load(Optional.empty(), Map.of(), Map.of())))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessage(
            "metaStore.endpoints is not set; set it, for example"
                + " metaStore.endpoints: [http://127.0.0.1:2379]");
    assertThatThrownBy(() -> with(Map.of("flink.mode", "remote")))
        .hasMessageContaining("flink.restUrl is not set");
  }

  @Test
  void aFileThatCannotBeReadIsNamed() throws IOException {
    Path missing = directory.resolve("missing.yaml");
    assertThatThrownBy(() -> Settings.load(Optional.of(missing), Map.of(), Map.of()))
        .hasMessageContaining("missing.yaml");
    Path broken = Files.writeString(directory.resolve("broken.yaml"), "a: [");
    assertThatThrownBy(() -> Settings.load(Optional.of(broken), Map.of(), Map.of()))
        .hasMessageContaining("broken.yaml")
        .hasMessageContaining("not YAML");
  }
}
