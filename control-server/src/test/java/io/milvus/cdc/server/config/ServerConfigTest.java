package io.milvus.cdc.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.security.Secret;
import io.milvus.cdc.server.config.ServerConfig.Embedded;
import io.milvus.cdc.server.config.ServerConfig.Remote;
import io.milvus.cdc.task.StoreAccess;
import io.milvus.cdc.task.TargetTuning;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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
    assertThat(config.source().isLogTopic("by-dev-rootcoord-dml_12")).isTrue();
    assertThat(config.source().isLogTopic("by-dev-replicate-msg")).isTrue();
    assertThat(config.source().isLogTopic("by-dev-rootcoord-dml_x")).isFalse();
    assertThat(config.source().isLogTopic("other-rootcoord-dml_12")).isFalse();
    assertThat(config.flink().cluster()).isEqualTo(new Embedded(8081));
    assertThat(config.flink().parallelism()).isEqualTo(1);
    assertThat(config.flink().checkpointInterval()).isEqualTo(Duration.ofSeconds(10));
    assertThat(config.flink().checkpointDirectory().toString())
        .startsWith("file:///")
        .contains("/data/checkpoints");
    assertThat(config.flink().jobJar()).isEmpty();
    assertThat(config.flink().pageUrl()).isEmpty();
    assertThat(config.target()).isEqualTo(TargetTuning.DEFAULT);
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
              replicateChannel: requests
            flink:
              mode: remote
              restUrl: http://f:6
              parallelism: 2
              checkpointInterval: 500ms
              checkpointDirectory: s3://bucket/cdc
              jobJar: job.jar
              pageUrl: https://g/flink/
            target: {calls: 3, bufferMegabytes: 4, batchRows: 5, batchMegabytes: 6, longestRetry: 7s, patience: 8min}
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
        .isEqualTo(
            new ServerConfig.MetaStore(
                List.of("http://a:1", "http://b:2"), "tasks", StoreAccess.NONE));
    assertThat(config.source().metaPrefix()).isEqualTo("r/m");
    assertThat(config.source().topic("x")).isEqualTo("persistent://t/n/x");
    assertThat(config.source().isLogTopic("p-rootcoord-dml_0")).isTrue();
    assertThat(config.source().isLogTopic("requests")).isTrue();
    assertThat(config.source().isLogTopic("p-replicate-msg")).isFalse();
    assertThat(config.source().pulsarAdminUrl()).isEqualTo("http://e:5");
    assertThat(config.target())
        .isEqualTo(
            new TargetTuning(3, 4 << 20, 5, 6 << 20, Duration.ofSeconds(7), Duration.ofMinutes(8)));
    assertThat(config.flink())
        .isEqualTo(
            new ServerConfig.Flink(
                new Remote(URI.create("http://f:6")),
                2,
                Duration.ofMillis(500),
                URI.create("s3://bucket/cdc"),
                Optional.of(Path.of("job.jar")),
                Optional.of(URI.create("https://g/flink"))));
    assertThat(config.maxTasks()).isEqualTo(7);
  }

  @Test
  void filesWithSecretsThatOthersMayReadAreNamed() throws IOException {
    Path withSecret =
        Files.writeString(directory.resolve("secret.yaml"), "server: {token: abc}\nmetaStore: {}");
    Path without = Files.writeString(directory.resolve("plain.yaml"), "server: {port: 7}");
    Path token = Files.writeString(directory.resolve("token"), "abc");
    for (Path file : List.of(withSecret, without, token)) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    }
    assertThat(exposed(Optional.of(withSecret), Map.of())).containsExactly(withSecret);
    assertThat(exposed(Optional.of(without), Map.of("server.tokenFile", token.toString())))
        .containsExactly(token);
    assertThat(exposed(Optional.of(without), Map.of("server.token", "abc"))).isEmpty();

    Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-------"));
    assertThat(exposed(Optional.of(without), Map.of("server.tokenFile", token.toString())))
        .isEmpty();
  }

  private static List<Path> exposed(Optional<Path> file, Map<String, String> more) {
    Map<String, String> all = new HashMap<>(NEEDED);
    all.putAll(more);
    Settings settings = Settings.load(file, Map.of(), all);
    ServerConfig unused = ServerConfig.from(settings);
    return settings.exposedFiles();
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
        "server.idleTimeout | 0s | more than 0 and at most 1h",
        "server.requestTimeout | 2h | more than 0 and at most 1h",
        "server.requestTimeout | 5 | a time such as",
        "source.etcd.endpoints | c:3 | a list of addresses",
        "source.etcd.rootPath | / | a path with at least one name",
        "limits.maxTasks | 10001 | a whole number from 1 to 10000",
        "limits.maxtasks | 5 | is not a setting; the settings are",
        "server.port | x | a whole number from 0 to 65535",
        "metaStore.endpoints | localhost:2379 | a list of addresses",
        "metaStore.rootPath | / | a path with at least one name",
        "source.pulsar.serviceUrl | http://a:1 | pulsar://127.0.0.1:6650",
        "source.pulsar.adminUrl | a:1 | http://127.0.0.1:8080",
        "flink.mode | yarn | one of embedded, remote",
        "flink.restUrl | http://a:1 | left out unless flink.mode is remote",
        "flink.pageUrl | flink:8081 | an address such as https://flink.example",
        "flink.pageUrl | javascript:alert(1) | an address such as https://flink.example",
        "flink.pageUrl | flink:8081 | an address such as https://flink.example",
        "flink.pageUrl | javascript:alert(1) | an address such as https://flink.example",
        "flink.checkpointInterval | 10 | a time such as",
        "flink.checkpointInterval | 1ms | at least 100ms",
        "flink.parallelism | 0 | a whole number from 1",
        "limits.maxTasks | 0 | a whole number from 1",
        "target.calls | 0 | a whole number from 1 to 256",
        "target.bufferMegabytes | 2048 | a whole number from 1 to 2047",
        "target.batchRows | 0 | a whole number from 1 to 100000",
        "target.batchMegabytes | 64 | a whole number from 1 to 63",
        "target.longestRetry | 1ms | from 50ms to 1min",
        "target.patience | 1s | at least target.longestRetry",
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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"password: @S3cret", "token: S3cret: b", "@S3cret: b", "{S3cret: a, S3cret: b}"})
  void whatIsNotYamlIsNotTold(String line) {
    assertThatThrownBy(() -> fromFile("# one\nmetaStore:\n  " + line + "\n", Map.of(), Map.of()))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("server.yaml is not YAML at line 3, column ")
        .hasMessageContaining("into quotes")
        .hasMessageNotContaining("S3cret");
  }

  private Settings fromFile(String yaml, Map<String, String> environment, Map<String, String> set)
      throws IOException {
    Path file = Files.writeString(directory.resolve("server.yaml"), yaml);
    return Settings.load(Optional.of(file), environment, set);
  }

  private static Settings.Effective effective(Settings settings, String key) {
    return settings.effective().stream()
        .filter(setting -> setting.key().equals(key))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void everySettingTellsWhereItComesFrom() throws IOException {
    Settings settings =
        fromFile(
            """
            # a comment
            server:
              port: 7
            metaStore: {endpoints: [http://a:1,
                http://b:2]}
            flink:
              parallelism: 3
            """,
            Map.of("CDC_FLINK_PARALLELISM", "4", "CDC_SOURCE_TOPIC_PREFIX", "p"),
            Map.of(
                "source.etcd.endpoints", "http://c:3",
                "flink.checkpointDirectory", "s3://user:hidden@bucket/cdc",
                "source.pulsar.serviceUrl", "pulsar://d:4",
                "source.pulsar.adminUrl", "http://e:5"));
    ServerConfig config = ServerConfig.from(settings);
    String file = directory.resolve("server.yaml").toString();
    assertThat(effective(settings, "server.port"))
        .isEqualTo(new Settings.Effective("server.port", Optional.of("7"), file + ":3"));
    assertThat(effective(settings, "metaStore.endpoints"))
        .isEqualTo(
            new Settings.Effective(
                "metaStore.endpoints", Optional.of("http://a:1,http://b:2"), file + ":4"));
    assertThat(effective(settings, "flink.parallelism"))
        .isEqualTo(
            new Settings.Effective(
                "flink.parallelism",
                Optional.of("4"),
                "environment variable CDC_FLINK_PARALLELISM"));
    assertThat(effective(settings, "flink.checkpointDirectory"))
        .isEqualTo(
            new Settings.Effective(
                "flink.checkpointDirectory", Optional.of("s3://********@bucket/cdc"), "--set"));
    assertThat(effective(settings, "limits.maxTasks"))
        .isEqualTo(new Settings.Effective("limits.maxTasks", Optional.of("100"), "default"));
    assertThat(effective(settings, "flink.checkpointInterval").value()).hasValue("10s");
    assertThat(effective(settings, "flink.jobJar"))
        .isEqualTo(new Settings.Effective("flink.jobJar", Optional.empty(), "default"));
    assertThat(settings.effective()).extracting(Settings.Effective::key).isSorted();
    assertThat(config.flink().parallelism()).isEqualTo(4);
  }

  @Test
  void theTokenComesFromAFileAndIsShownToNobody() throws IOException {
    Path secret = Files.writeString(directory.resolve("token"), "Hidden-1\n");
    Map<String, String> set = new HashMap<>(NEEDED);
    set.put("server.tokenFile", secret.toString());
    Settings settings = Settings.load(Optional.empty(), Map.of(), set);
    ServerConfig config = ServerConfig.from(settings);
    assertThat(config.http().token().orElseThrow().value()).isEqualTo("Hidden-1");
    assertThat(effective(settings, "server.token"))
        .isEqualTo(
            new Settings.Effective("server.token", Optional.of("********"), "file " + secret));
    assertThat(config.toString() + settings.effective()).doesNotContain("Hidden");

    Settings direct =
        Settings.load(Optional.empty(), Map.of("CDC_SERVER_TOKEN", "Hidden-2"), NEEDED);
    assertThat(ServerConfig.from(direct).http().token()).hasValue(new Secret("Hidden-2"));
    assertThat(direct.effective().toString()).doesNotContain("Hidden");
    assertThat(effective(direct, "server.token").origin())
        .isEqualTo("environment variable CDC_SERVER_TOKEN");
    assertThat(with(Map.of()).http().token()).isEmpty();
  }

  @Test
  void aTokenThatCannotBeUsedIsRefusedWithoutTellingIt() throws IOException {
    Path empty = Files.writeString(directory.resolve("empty"), " \n");
    assertThatThrownBy(() -> with(Map.of("server.tokenFile", empty.toString())))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("server.tokenFile")
        .hasMessageContaining("is empty");
    assertThatThrownBy(() -> with(Map.of("server.tokenFile", "/no/such/file")))
        .hasMessageContaining("/no/such/file, which cannot be read");
    Path good = Files.writeString(directory.resolve("good"), "Hidden");
    assertThatThrownBy(
            () -> with(Map.of("server.token", "Hidden", "server.tokenFile", good.toString())))
        .hasMessageContaining("both set")
        .hasMessageNotContaining("Hidden");
    assertThatThrownBy(() -> with(Map.of("server.token", "Hidden with spaces")))
        .hasMessageContaining("server.token must be letters")
        .hasMessageNotContaining("Hidden");
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1,,false",
    "localhost,,false",
    "::1,,false",
    "0.0.0.0,,true",
    "192.0.2.1,,true",
    "0.0.0.0,token,false",
  })
  void aServerThatEverybodyCanReachWithoutATokenIsOpen(String host, String token, boolean open) {
    Map<String, String> set = new HashMap<>(Map.of("server.host", host));
    Optional.ofNullable(token).ifPresent(given -> set.put("server.token", given));
    assertThat(with(set).http().isOpen()).isEqualTo(open);
  }

  @Test
  void aPasswordInAnAddressIsNotTold() {
    assertThatThrownBy(() -> with(Map.of("source.pulsar.serviceUrl", "http://user:hidden@h:1")))
        .hasMessageContaining("source.pulsar.serviceUrl must be an address without a user")
        .hasMessageNotContaining("hidden");
  }

  @Test
  void aFileOfAnotherFormIsRefused() {
    assertThatThrownBy(() -> fromFile("server: {port: 1}\nserver: {port: 2}", Map.of(), Map.of()))
        .hasMessageContaining("is not YAML at line 2")
        .hasMessageContaining("give no setting twice");
    assertThatThrownBy(() -> fromFile("just words", Map.of(), Map.of()))
        .hasMessageContaining("has no settings");
    assertThatThrownBy(() -> fromFile("metaStore: {endpoints: [{a: b}]}", Map.of(), Map.of()))
        .hasMessageContaining("metaStore.endpoints (" + directory)
        .hasMessageContaining(":1) must be a list of texts");
  }
}
