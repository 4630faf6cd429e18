package io.milvus.cdc.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ConfigCommandTest {

  private static final String FILE =
      """
      server: {token: Hidden}
      metaStore: {endpoints: [http://a:1]}
      source:
        etcd: {endpoints: [http://b:2]}
        pulsar: {serviceUrl: "pulsar://c:3", adminUrl: "http://d:4"}
      """;

  @TempDir Path directory;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    return new CommandLine(new ControlServer())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }

  @Test
  void showPrintsEverySettingWithItsOriginAndNoSecret() throws IOException {
    Path file = Files.writeString(directory.resolve("server.yaml"), FILE);
    int code = run("config", "show", "--config", file.toString(), "--set", "server.port=0");
    assertThat(err.toString()).isEmpty();
    assertThat(code).isZero();
    assertThat(out.toString().lines())
        .contains(
            "server.port: 0  # --set",
            "server.token: ********  # " + file + ":1",
            "metaStore.endpoints: http://a:1  # " + file + ":2",
            "metaStore.rootPath: milvus-cdc  # default",
            "source.pulsar.adminUrl: http://d:4  # " + file + ":5",
            "server.tokenFile:   # default");
    assertThat(out.toString()).doesNotContain("Hidden");
  }

  @Test
  void theOptionsMayComeFirst() throws IOException {
    Path file = Files.writeString(directory.resolve("server.yaml"), FILE);
    assertThat(run("--config", file.toString(), "config", "show")).isZero();
    assertThat(out.toString()).contains("server.host: 127.0.0.1  # default");
  }

  @Test
  void whatIsShownIsAConfigurationOfTheSameMeaning() throws IOException {
    Path file =
        Files.writeString(directory.resolve("server.yaml"), FILE.replace("token: Hidden", ""));
    assertThat(run("config", "show", "--config", file.toString())).isZero();
    Path shown = Files.writeString(directory.resolve("shown.yaml"), out.toString());
    String first = out.toString();
    out.getBuffer().setLength(0);
    assertThat(run("config", "show", "--config", shown.toString())).isZero();
    assertThat(out.toString().replaceAll("  #.*", "")).isEqualTo(first.replaceAll("  #.*", ""));
  }

  @Test
  void aWrongSettingIsNamed() {
    assertThat(run("config", "show", "--set", "server.port=x")).isEqualTo(1);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString()).contains("server.port is 'x' (--set)");
  }

  @Test
  void configAloneSaysWhatIsMissing() {
    assertThat(run("config")).isEqualTo(2);
    assertThat(err.toString()).contains("config show");
  }
}
