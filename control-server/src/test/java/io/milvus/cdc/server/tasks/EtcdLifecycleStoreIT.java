package io.milvus.cdc.server.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.options.GetOption;
import io.milvus.cdc.etcd.EtcdCluster;
import io.milvus.cdc.etcd.EtcdConnection;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundSettings;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.UserPassword;
import io.milvus.cdc.server.tasks.Lifecycle.Counts;
import io.milvus.cdc.server.tasks.Lifecycle.Progress;
import io.milvus.cdc.server.tasks.Lifecycle.Wanted;
import io.milvus.cdc.server.tasks.LifecycleStore.Stored;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The records in a real etcd, as two servers see them. */
class EtcdLifecycleStoreIT {

  private static final Instant CREATED = Instant.parse("2025-01-01T00:00:00.123Z");

  private static Client client;
  private static EtcdConnection etcd;
  private static EtcdConnection otherEtcd;
  private String root;
  private EtcdLifecycleStore store;
  private EtcdLifecycleStore other;

  @BeforeAll
  static void connect() {
    String endpoint = TestingPlayground.shared(Part.ETCD).etcdEndpoint();
    client = Client.builder().endpoints(endpoint).build();
    etcd = EtcdConnection.open(List.of(endpoint));
    otherEtcd = EtcdConnection.open(List.of(endpoint));
  }

  @AfterAll
  static void disconnect() {
    client.close();
    etcd.close();
    otherEtcd.close();
  }

  @BeforeEach
  void open() {
    root = "lifecycle-" + UUID.randomUUID();
    store = new EtcdLifecycleStore(etcd, root);
    other = new EtcdLifecycleStore(otherEtcd, root);
  }

  private static Lifecycle task(String taskId, Instant createdAt) {
    return Lifecycle.preparing(
        taskId, createdAt, JsonNodeFactory.instance.objectNode().put("given", "this"), 1);
  }

  private static void put(String key, String value) throws Exception {
    client
        .getKVClient()
        .put(
            ByteSequence.from(key, StandardCharsets.UTF_8),
            ByteSequence.from(value, StandardCharsets.UTF_8))
        .get(10, TimeUnit.SECONDS);
  }

  @Test
  void aRecordIsReadAsItWasWritten() {
    Lifecycle full =
        task("t1", CREATED)
            .asked(Wanted.RUNNING)
            .withNewRun("a".repeat(32))
            .withSubmitted()
            .withReachedRunning()
            .withSnapshot(Optional.of("file:/state/chk-1"))
            .withNewRun("b".repeat(32))
            .withFailure("because")
            .withProgress(
                Optional.of(
                    new Progress(
                        "b".repeat(32),
                        Optional.of(CREATED),
                        new Counts(1, 2, 3),
                        new Counts(0, 1, 2))));
    assertThat(store.create(full)).isTrue();
    assertThat(other.find("t1").orElseThrow().lifecycle()).isEqualTo(full);
    assertThat(other.all()).containsExactly(store.find("t1").orElseThrow());
    assertThat(other.find("t2")).isEmpty();
  }

  @Test
  void aTaskIsCreatedOnce() {
    assertThat(store.create(task("t1", CREATED))).isTrue();
    assertThat(other.create(task("t1", CREATED.plusSeconds(1)))).isFalse();
    assertThat(other.find("t1").orElseThrow().lifecycle().createdAt()).isEqualTo(CREATED);
  }

  @Test
  void whatSomebodyElseHasChangedIsNeitherReplacedNorDeleted() {
    assertThat(store.create(task("t1", CREATED))).isTrue();
    Stored mine = store.find("t1").orElseThrow();
    Stored theirs = other.find("t1").orElseThrow();
    Stored changed = other.replace(theirs, theirs.lifecycle().asked(Wanted.RUNNING)).orElseThrow();
    assertThat(changed.revision()).isGreaterThan(theirs.revision());

    assertThat(store.replace(mine, mine.lifecycle().asked(Wanted.PAUSED))).isEmpty();
    assertThat(store.delete(mine)).isFalse();
    assertThat(store.find("t1")).hasValue(changed);
    assertThat(store.all()).as("not an older one that was known").containsExactly(changed);

    Stored again = store.replace(changed, changed.lifecycle().asked(Wanted.DELETED)).orElseThrow();
    assertThat(other.delete(changed)).isFalse();
    assertThat(other.delete(again)).isTrue();
    assertThat(store.find("t1")).isEmpty();
    assertThat(store.all()).isEmpty();
    assertThat(store.replace(again, again.lifecycle())).as("what is gone stays gone").isEmpty();
  }

  /** A job notes the source's databases below its task, and users name these. */
  @Test
  void aDatabaseNamedLifecycleIsNoRecord() throws Exception {
    assertThat(store.create(task("t1", CREATED))).isTrue();
    put(root + "/v1/tasks/t1/databases/lifecycle", "{\"version\":1}");
    assertThat(store.all()).extracting(stored -> stored.lifecycle().taskId()).containsExactly("t1");
  }

  @Test
  void aTaskEndsWithAllThatIsKeptOfItAndOfNoOther() throws Exception {
    assertThat(store.create(task("t1", CREATED))).isTrue();
    assertThat(store.create(task("t10", CREATED))).isTrue();
    List<String> kept =
        List.of("definition", "positions/dml_0", "databases/lifecycle", "stopped/7");
    for (String name : kept) {
      put(root + "/v1/tasks/t1/" + name, "something");
      put(root + "/v1/tasks/t10/" + name, "something");
    }
    Stored stale = store.find("t1").orElseThrow();
    Stored newest = other.replace(stale, stale.lifecycle().asked(Wanted.DELETED)).orElseThrow();

    assertThat(store.delete(stale)).isFalse();
    assertThat(keys("t1")).hasSize(1 + kept.size());
    assertThat(store.delete(newest)).isTrue();
    assertThat(keys("t1")).isEmpty();
    assertThat(keys("t10")).hasSize(1 + kept.size());

    assertThat(store.create(task("t1", CREATED.plusSeconds(1)))).isTrue();
    put(root + "/v1/tasks/t1/definition", "of the new one");
    assertThat(other.delete(newest)).as("the record of its predecessor").isFalse();
    assertThat(keys("t1")).hasSize(2);
  }

  private List<String> keys(String taskId) throws Exception {
    return client
        .getKVClient()
        .get(
            ByteSequence.from(root + "/v1/tasks/" + taskId + "/", StandardCharsets.UTF_8),
            GetOption.builder().isPrefix(true).withKeysOnly(true).build())
        .get(10, TimeUnit.SECONDS)
        .getKvs()
        .stream()
        .map(key -> key.getKey().toString(StandardCharsets.UTF_8))
        .toList();
  }

  @Test
  void ofTwoServersThatChangeARecordAtOnceOneWins() throws Exception {
    assertThat(store.create(task("t1", CREATED))).isTrue();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      for (int round = 0; round < 50; round++) {
        Stored before = store.find("t1").orElseThrow();
        CyclicBarrier together = new CyclicBarrier(2);
        Future<Boolean> one = threads.submit(() -> change(store, before, "1", together));
        Future<Boolean> two = threads.submit(() -> change(other, before, "2", together));
        boolean first = one.get(30, TimeUnit.SECONDS);
        boolean second = two.get(30, TimeUnit.SECONDS);
        assertThat(first).isNotEqualTo(second);
        assertThat(store.find("t1").orElseThrow().lifecycle().failure())
            .hasValue(first ? "1" : "2");
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static boolean change(
      LifecycleStore through, Stored before, String reason, CyclicBarrier together)
      throws Exception {
    together.await(30, TimeUnit.SECONDS);
    return through.replace(before, before.lifecycle().withFailure(reason)).isPresent();
  }

  @Test
  void tasksAreListedOldestFirstAndThoseOfAnotherRootNotAtAll() throws Exception {
    assertThat(store.create(task("b", CREATED))).isTrue();
    assertThat(store.create(task("a", CREATED))).isTrue();
    assertThat(store.create(task("c", CREATED.minusSeconds(1)))).isTrue();
    assertThat(new EtcdLifecycleStore(etcd, root + "-other").create(task("d", CREATED))).isTrue();
    put(root + "/v1/tasks/a/definition", "not a life cycle");
    assertThat(other.all())
        .extracting(stored -> stored.lifecycle().taskId())
        .containsExactly("c", "a", "b");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"version\":2,\"something\":{}} | version 2",
        "{\"version\":0,\"taskId\":\"t1\"} | version 0",
        "{\"taskId\":\"t1\"} | version 0",
        "{\"version\":1,\"wanted\":\"DANCING\"} | is not a record of this server",
        "word | is not a record of this server",
        "[1] | is not a record of this server",
      })
  void whatIsNotARecordOfThisReleaseIsRefusedAndNamed(String value, String words) throws Exception {
    put(root + "/v1/tasks/t1/lifecycle", value);
    assertThatThrownBy(() -> store.find("t1"))
        .isInstanceOf(TaskException.class)
        .hasMessageContaining(root + "/v1/tasks/t1/lifecycle")
        .hasMessageContaining(words);
    assertThatThrownBy(() -> store.all()).hasMessageContaining(words);
  }

  @Test
  void whatANewerReleaseOfTheSameLayoutHasAddedIsLeftAlone() throws Exception {
    assertThat(store.create(task("t1", CREATED))).isTrue();
    String key = root + "/v1/tasks/t1/lifecycle";
    String written =
        client
            .getKVClient()
            .get(ByteSequence.from(key, StandardCharsets.UTF_8))
            .get(10, TimeUnit.SECONDS)
            .getKvs()
            .get(0)
            .getValue()
            .toString(StandardCharsets.UTF_8);
    put(key, written.replaceFirst("\\{", "{\"later\":1,"));
    assertThat(store.find("t1").orElseThrow().lifecycle()).isEqualTo(task("t1", CREATED));
  }

  /** Jobs keep their positions, databases and so on beside the records. */
  @Test
  void tasksAreListedHoweverMuchElseIsKept() throws Exception {
    assertThat(store.create(task("t1", CREATED))).isTrue();
    String longName = "x".repeat(20_000);
    for (int i = 0; i < 300; i++) {
      put(root + "/v1/tasks/t1/databases/" + longName + i, "{}");
    }
    assertThat(store.all()).extracting(stored -> stored.lifecycle().taskId()).containsExactly("t1");
  }

  @Test
  void anEtcdThatIsAwayIsNamed() {
    assertIsRefused(
        new EtcdCluster(List.of("http://127.0.0.1:1")),
        "http://127.0.0.1:1",
        "metaStore.endpoints");
  }

  @Test
  void anEtcdThatRefusesSaysWhy() throws Exception {
    try (Playground playground = TestingPlayground.separate(PlaygroundSettings.defaults())) {
      playground.start(Part.ETCD);
      List<String> endpoints = List.of(playground.etcdEndpoint());
      try (Client admin = Client.builder().endpoints(endpoints.get(0)).build()) {
        for (String name : List.of("root", "cdc")) {
          admin.getAuthClient().userAdd(bytes(name), bytes("Secret1")).get(10, TimeUnit.SECONDS);
        }
        admin.getAuthClient().userGrantRole(bytes("root"), bytes("root")).get(10, TimeUnit.SECONDS);
        admin.getAuthClient().authEnable().get(10, TimeUnit.SECONDS);
      }
      assertIsRefused(as("cdc", "SecretWrong", endpoints), "authentication failed", "metaStore");
      assertIsRefused(as("cdc", "Secret1", endpoints), "permission denied", "metaStore");
    }
  }

  private static EtcdCluster as(String user, String password, List<String> endpoints) {
    return new EtcdCluster(
        endpoints, Optional.of(new UserPassword(user, new Secret(password))), Optional.empty());
  }

  private void assertIsRefused(EtcdCluster cluster, String... words) {
    try (EtcdConnection refused = EtcdConnection.open(cluster)) {
      assertThatThrownBy(() -> new EtcdLifecycleStore(refused, root).check())
          .isInstanceOf(TaskException.class)
          .hasMessageContainingAll(words)
          .message()
          .doesNotContain("Secret");
    }
  }

  private static ByteSequence bytes(String text) {
    return ByteSequence.from(text, StandardCharsets.UTF_8);
  }
}
