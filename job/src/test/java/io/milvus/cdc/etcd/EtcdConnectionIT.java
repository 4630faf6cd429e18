package io.milvus.cdc.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.Client;
import io.milvus.cdc.etcd.EtcdConnection.RunningWatch;
import io.milvus.cdc.etcd.EtcdConnection.WatchListener;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EtcdConnectionIT {

  private final Playground playground = TestingPlayground.shared(Part.ETCD);
  private final EtcdConnection etcd = EtcdConnection.open(List.of(playground.etcdEndpoint()));
  private final String root = "etcd-connection-it/" + System.nanoTime() + "/";

  @AfterEach
  void close() throws EtcdUnavailableException {
    etcd.deletePrefix(root);
    etcd.close();
  }

  @Test
  void listsMoreThanAPageAtOneRevision() throws EtcdUnavailableException {
    for (int i = 0; i < 25; i++) {
      Map<String, ByteString> values = new LinkedHashMap<>();
      for (int j = 0; j < 100; j++) {
        values.put(root + "a/%05d".formatted(i * 100 + j), ByteString.copyFromUtf8("" + j));
      }
      assertThat(etcd.putIfAbsent(root + "none", values)).isTrue();
    }
    List<EtcdChange> found = new ArrayList<>();

    long revision = etcd.list(List.of(root + "a/", root + "b/"), found::add);

    assertThat(found).hasSize(2500).extracting(EtcdChange::key).isSorted().doesNotHaveDuplicates();
    assertThat(found)
        .allSatisfy(change -> assertThat(change.revision()).isLessThanOrEqualTo(revision));
    Map<String, Long> revisions = new LinkedHashMap<>();
    found.forEach(change -> revisions.put(change.key(), change.revision()));
    assertThat(etcd.revisions(root + "a/")).isEqualTo(revisions);
  }

  @Test
  void readsManyKeysAndAPrefixTogether() throws EtcdUnavailableException {
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 250; i++) {
      keys.add(root + "k" + i);
    }
    etcd.putIfAbsent(
        root + "none",
        Map.of(
            root + "k7", ByteString.copyFromUtf8("x"),
            root + "k249", ByteString.copyFromUtf8("y"),
            root + "p/1", ByteString.copyFromUtf8("z")));

    assertThat(etcd.get(keys, root + "p/"))
        .extracting(EtcdChange::key)
        .containsExactlyInAnyOrder(root + "k7", root + "k249", root + "p/1");
  }

  @Test
  void aWatchTellsChangesInOrderAndHowFarItIs() throws EtcdUnavailableException {
    Recorder recorder = new Recorder();
    long before = etcd.revision(root);
    try (RunningWatch watch = etcd.watch(root + "a", root + "b", before + 1, recorder)) {
      etcd.putIfAbsent(root + "none", Map.of(root + "a1", ByteString.copyFromUtf8("1")));
      etcd.deletePrefix(root + "a1");
      await().until(() -> recorder.changes.size() == 2);
      assertThat(recorder.changes)
          .extracting(EtcdChange::value)
          .containsExactly(Optional.of(ByteString.copyFromUtf8("1")), Optional.empty());

      etcd.putIfAbsent(root + "none", Map.of(root + "z", ByteString.copyFromUtf8("unwatched")));
      long now = etcd.revision(root);
      await()
          .untilAsserted(
              () -> {
                watch.requestProgress();
                assertThat(recorder.progress).anyMatch(revision -> revision >= now);
              });
    }
  }

  @Test
  void aWatchOfACompactedRevisionEnds() throws Exception {
    etcd.putIfAbsent(root + "none", Map.of(root + "a", ByteString.copyFromUtf8("1")));
    etcd.deletePrefix(root + "a");
    try (Client client = Client.builder().endpoints(playground.etcdEndpoint()).build()) {
      client.getKVClient().compact(etcd.revision(root)).get();
    }
    Recorder recorder = new Recorder();

    try (RunningWatch watch = etcd.watch(root + "a", root + "b", 1, recorder)) {
      await().untilAsserted(() -> assertThat(recorder.ends).isNotEmpty());
      assertThat(recorder.ends.get(0)).contains("compacted");
      watch.requestProgress();
    }
  }

  @Test
  void saysWhichEtcdDoesNotAnswer() {
    try (EtcdConnection nobody = EtcdConnection.open(List.of("127.0.0.1:1"))) {
      assertThatThrownBy(() -> nobody.get("a"))
          .isInstanceOf(EtcdUnavailableException.class)
          .hasMessageContaining("http://127.0.0.1:1");
    }
  }

  private static final class Recorder implements WatchListener {
    final List<EtcdChange> changes = new CopyOnWriteArrayList<>();
    final List<Long> progress = new CopyOnWriteArrayList<>();
    final List<String> ends = new CopyOnWriteArrayList<>();

    @Override
    public void changed(List<EtcdChange> told) {
      changes.addAll(told);
    }

    @Override
    public void progressed(long revision) {
      progress.add(revision);
    }

    @Override
    public void ended(String reason) {
      ends.add(reason);
    }
  }
}
