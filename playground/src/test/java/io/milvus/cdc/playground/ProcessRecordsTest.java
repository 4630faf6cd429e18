package io.milvus.cdc.playground;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessRecordsTest {

  @TempDir private Path directory;
  private Process process;
  private ProcessIdentity identity;
  private Playground playground;

  @BeforeEach
  void startAProcess() throws Exception {
    process = new ProcessBuilder("sleep", "600").start();
    identity = ProcessIdentity.of(process.pid()).orElseThrow();
    playground =
        Playground.create(
            directory,
            Ports.documented(),
            PlaygroundSettings.defaults().withLifetime(PlaygroundSettings.Lifetime.UNTIL_STOPPED));
  }

  @AfterEach
  void endIt() {
    process.destroyForcibly();
  }

  @Test
  void aRecordedProcessIsFoundByALaterPlaygroundAndStopped() {
    record(identity);

    assertThat(playground.running(Part.ETCD)).isTrue();
    assertThat(playground.pid(Part.ETCD)).isEqualTo(process.pid());
    playground.close();

    assertThat(process.isAlive()).isFalse();
    assertThat(playground.running(Part.ETCD)).isFalse();
  }

  @Test
  void aStrangerWithARecycledNumberIsNotTouched() {
    record(new ProcessIdentity(process.pid(), identity.startTicks() - 1, identity.boot()));

    assertThat(playground.running(Part.ETCD)).isFalse();
    playground.stop(Part.ETCD);
    playground.kill(Part.ETCD);
    playground.close();

    assertThat(process.isAlive()).isTrue();
  }

  @Test
  void aProcessOfAnEarlierBootIsAStranger() {
    record(new ProcessIdentity(process.pid(), identity.startTicks(), "another boot"));

    playground.close();

    assertThat(process.isAlive()).isTrue();
  }

  @Test
  void aSuspendedProcessRunsAndCanBeStopped() {
    record(identity);

    playground.suspend(Part.ETCD);
    assertThat(playground.running(Part.ETCD)).isTrue();
    playground.stop(Part.ETCD);

    assertThat(process.isAlive()).isFalse();
  }

  @Test
  void aPartThatDoesNotRunCannotBeSuspended() {
    assertThatThrownBy(() -> playground.suspend(Part.TARGET))
        .isInstanceOf(PlaygroundException.class)
        .hasMessageContaining("target Milvus does not run");
  }

  @Test
  void aRecordOfAnotherVersionIsRefused() throws Exception {
    record(identity);
    Path file = directory.resolve("processes/etcd.properties");
    Files.writeString(file, Files.readString(file).replace("version=1", "version=2"));

    assertThatThrownBy(() -> playground.running(Part.ETCD))
        .isInstanceOf(PlaygroundException.class)
        .hasMessageContaining("another version of the playground");
    assertThat(process.isAlive()).isTrue();
  }

  private void record(ProcessIdentity recorded) {
    new ProcessRecords(directory.resolve("processes"))
        .put(Part.ETCD, recorded, List.of("sleep", "600"));
  }
}
