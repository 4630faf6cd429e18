package io.milvus.cdc.playground;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlaygroundCommandTest {

  @TempDir private Path directory;
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  @Test
  void helpNamesEveryVerb() {
    assertThat(run("--help")).isZero();

    assertThat(output()).contains("demo", "up", "status", "logs", "down");
  }

  @Test
  void anUnknownPartIsRefusedWithTheKnownOnes() {
    assertThat(run("up", "--parts", "kafka", "--work-directory", directory.toString()))
        .isEqualTo(2);

    assertThat(output()).contains("no part 'kafka'").contains("etcd, pulsar, milvus");
  }

  @Test
  void portsThatCollideAreRefusedBeforeAnythingStarts() {
    assertThat(run("up", "--etcd-port", "6649", "--work-directory", directory.toString())).isOne();

    assertThat(output()).contains("Port 6650 would be used twice");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void statusOfNothingSaysSoAndCreatesNothing() {
    assertThat(run("status", "--work-directory", directory.toString())).isOne();

    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void downOfNothingIsNoErrorAndPurgesNothing() throws Exception {
    Path own = Files.writeString(directory.resolve("mine"), "");

    assertThat(run("down", "--purge", "--work-directory", directory.toString())).isZero();

    assertThat(own).exists();
  }

  @Test
  void purgeDeletesOnlyWhatThePlaygroundWrote() throws Exception {
    Path own = Files.writeString(directory.resolve("mine"), "");
    new PortsFile(directory).write(Ports.documented());
    Files.createDirectories(directory.resolve("etcd/data"));

    assertThat(run("down", "--purge", "--work-directory", directory.toString())).isZero();

    assertThat(directory.toFile().listFiles()).containsExactly(own.toFile());
  }

  @Test
  void portsAreRememberedForLaterVerbs() {
    Ports ports = new Ports(14530, 15530, 12379, 16650, 18080, 18444, 18081);

    new PortsFile(directory).write(ports);

    assertThat(new PortsFile(directory).read()).contains(ports);
  }

  private int run(String... arguments) {
    PrintStream stream = new PrintStream(written, true, StandardCharsets.UTF_8);
    return PlaygroundCommand.run(stream, stream, arguments);
  }

  private String output() {
    return written.toString(StandardCharsets.UTF_8);
  }
}
