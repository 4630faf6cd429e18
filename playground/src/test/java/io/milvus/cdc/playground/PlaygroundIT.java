package io.milvus.cdc.playground;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.milvus.v2.client.ConnectConfig;
import io.milvus.v2.client.MilvusClientV2;
import io.milvus.v2.service.collection.request.CreateCollectionReq;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The real parts on free ports. The cases build on each other, since starting takes its time. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PlaygroundIT {

  private static Playground playground;

  @BeforeAll
  static void start() {
    playground = TestingPlayground.separate();
    playground.start(Part.SOURCE, Part.TARGET);
  }

  @AfterAll
  static void stop() {
    playground.close();
  }

  @Test
  @Order(1)
  void whatAPartNeedsIsStartedWithIt() {
    assertThat(Arrays.stream(Part.values()).filter(playground::running))
        .containsExactlyInAnyOrder(Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET);
  }

  @Test
  @Order(2)
  void bothMilvusServersTakeACollection() {
    assertThat(createCollection(playground.sourceUri(), "on_source")).contains("on_source");
    assertThat(createCollection(playground.targetUri(), "on_target"))
        .contains("on_target")
        .doesNotContain("on_source");
  }

  @Test
  @Order(3)
  void temporaryFilesOfAJvmLieInItsPartsOwnDirectory() {
    // The library that checks Pulsar's messages unpacks itself.
    assertThat(playground.directory().resolve("pulsar/tmp")).isNotEmptyDirectory();
  }

  @Test
  @Order(3)
  void aRunningPartIsNotStartedAgain() {
    long pid = playground.pid(Part.ETCD);

    playground.start(Part.ETCD);

    assertThat(playground.pid(Part.ETCD)).isEqualTo(pid);
  }

  @Test
  @Order(4)
  void killedServersStartAgainOnTheirData() {
    playground.kill(Part.SOURCE);
    playground.kill(Part.TARGET);
    playground.kill(Part.PULSAR);
    playground.kill(Part.ETCD);
    assertThat(Arrays.stream(Part.values()).filter(playground::running)).isEmpty();

    playground.start(Part.SOURCE, Part.TARGET);

    assertThat(collections(playground.sourceUri())).contains("on_source");
    assertThat(collections(playground.targetUri())).contains("on_target");
    assertThat(createCollection(playground.sourceUri(), "after_kill")).contains("after_kill");
  }

  @Test
  @Order(5)
  void aStoppedPartStartsAgainOnItsData() {
    playground.stop(Part.TARGET);
    assertThat(playground.running(Part.TARGET)).isFalse();

    playground.start(Part.TARGET);

    assertThat(collections(playground.targetUri())).contains("on_target");
  }

  @Test
  @Order(6)
  void aSuspendedPartRunsButDoesNotAnswerUntilItIsResumed() throws Exception {
    String health = playground.etcdEndpoint() + "/health";

    playground.suspend(Part.ETCD);
    assertThat(playground.running(Part.ETCD)).isTrue();
    assertThat(Probe.get(health)).isEmpty();

    playground.resume(Part.ETCD);
    await().atMost(Duration.ofSeconds(20)).until(() -> Probe.answers(health));
  }

  @Test
  @Order(7)
  void aFlinkClusterTakesANewTaskManagerForAKilledOne() throws Exception {
    playground.start(Part.TASK_MANAGER);
    playground.kill(Part.TASK_MANAGER);

    playground.start(Part.TASK_MANAGER);

    assertThat(Probe.get(playground.flinkUrl() + "/overview")).isPresent();
  }

  @Test
  @Order(8)
  void aPortThatIsTakenIsNamed() {
    // The same ports in another directory, as if another program used them.
    try (Playground second =
        Playground.create(playground.directory().resolve("second"), playground.ports())) {
      assertThatThrownBy(() -> second.start(Part.ETCD))
          .isInstanceOf(PlaygroundException.class)
          .hasMessageContaining("Port " + playground.ports().etcd() + ",")
          .hasMessageContaining("etcd");
    }
    assertThat(playground.running(Part.ETCD)).isTrue();
  }

  @Test
  @Order(9)
  void nothingStaysAfterClose() {
    List<ProcessHandle> processes =
        Arrays.stream(Part.values())
            .filter(playground::running)
            .map(part -> ProcessHandle.of(playground.pid(part)).orElseThrow())
            .toList();
    assertThat(processes).hasSize(6);

    playground.close();

    assertThat(processes).noneMatch(ProcessHandle::isAlive);
    assertThat(playground.ports().all()).allMatch(FreePorts::isFree);
  }

  private static List<String> createCollection(String uri, String name) {
    return withClient(
        uri,
        client -> {
          client.createCollection(
              CreateCollectionReq.builder().collectionName(name).dimension(4).build());
          return client.listCollections().getCollectionNames();
        });
  }

  private static List<String> collections(String uri) {
    return withClient(uri, client -> client.listCollections().getCollectionNames());
  }

  private static <T> T withClient(String uri, Function<MilvusClientV2, T> call) {
    MilvusClientV2 client = new MilvusClientV2(ConnectConfig.builder().uri(uri).build());
    try {
      return call.apply(client);
    } finally {
      client.close();
    }
  }
}
