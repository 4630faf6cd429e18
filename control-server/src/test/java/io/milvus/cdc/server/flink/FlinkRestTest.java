package io.milvus.cdc.server.flink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.server.flink.FlinkCluster.JobSubmission;
import io.milvus.cdc.server.flink.FlinkCluster.SavepointPending;
import io.milvus.cdc.server.flink.FlinkCluster.SavepointProgress;
import io.milvus.cdc.server.flink.FlinkCluster.SavepointTaken;
import io.milvus.cdc.task.CollectionTraffic.Counts;
import io.milvus.cdc.task.CollectionTraffic.OfCollection;
import io.milvus.cdc.task.JobTraffic;
import io.milvus.cdc.task.JobWork;
import io.milvus.cdc.task.TargetTuning;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.UUID;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real cluster, the embedded one. */
class FlinkRestTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir static Path directory;
  private static EmbeddedFlink cluster;
  private static FlinkRest flink;
  private static SnapshotFiles snapshots;

  @BeforeAll
  static void startCluster() throws IOException {
    cluster = EmbeddedFlink.start(0, 4, Files.createDirectories(directory.resolve("work")));
    flink = flink(cluster.restAddress());
    snapshots = new SnapshotFiles(state().toUri());
  }

  /** With characters that a URI escapes. */
  private static Path state() {
    return directory.resolve("all state, 100%");
  }

  private static FlinkRest flink(URI address) throws IOException {
    Path jar = directory.resolve("empty.jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
      JarEntry entry = new JarEntry("classes-are-on-the-class-path");
      entry.setTime(0);
      out.putNextEntry(entry);
    }
    return new FlinkRest(
        address,
        new JobTemplate(
            jar,
            EndlessJob.class.getName(),
            List.of("http://127.0.0.1:1"),
            "root",
            Duration.ofMillis(300),
            state().toUri(),
            TargetTuning.DEFAULT));
  }

  @AfterAll
  static void stopCluster() {
    cluster.close();
  }

  private static String start(String taskId, Optional<String> restoreFrom) {
    String jobId = UUID.randomUUID().toString().replace("-", "");
    flink.submit(new JobSubmission(jobId, taskId, 1, restoreFrom, false));
    return jobId;
  }

  private static Job job(String jobId) {
    return flink.jobs().stream().filter(job -> job.id().equals(jobId)).findFirst().orElseThrow();
  }

  private static void awaitRunning(String jobId) {
    await().atMost(PATIENCE).until(() -> job(jobId).isRunning());
  }

  private static Instant awaitReplicated(String jobId) {
    return await()
        .atMost(PATIENCE)
        .until(
            () -> flink.measures(jobId).flatMap(JobMeasures::replicatedUntil), Optional::isPresent)
        .orElseThrow();
  }

  @Test
  void aJobRunsUnderTheIdAndNameThatWereChosenAndReportsItsProgress() {
    String jobId = start("one", Optional.empty());
    awaitRunning(jobId);
    assertThat(job(jobId).name()).isEqualTo("cdc-one");
    Instant first = awaitReplicated(jobId);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              JobMeasures measures = flink.measures(jobId).orElseThrow();
              assertThat(measures.replicatedUntil().orElseThrow()).isAfter(first);
              assertThat(measures.rowsInserted()).isPositive();
            });
    flink.cancel(jobId);
    await().atMost(PATIENCE).until(() -> job(jobId).state() == Job.State.CANCELED);
  }

  @Test
  void whatTheSubtasksTellIsPutTogether() {
    String jobId = UUID.randomUUID().toString().replace("-", "");
    flink.submit(new JobSubmission(jobId, "both", 2, Optional.empty(), false));
    awaitRunning(jobId);
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(NoSuchElementException.class)
        .untilAsserted(
            () -> {
              JobMeasures measures = flink.measures(jobId).orElseThrow();
              assertThat(measures.lag()).hasValue(Duration.ofMillis(2));
              assertThat(measures.rowsDeleted()).isEqualTo(3);
              assertThat(measures.work())
                  .isEqualTo(
                      new JobWork(
                          3_000,
                          Map.of("insert", 3L, "upsert", 3L, "delete", 3L, "ddl", 3L),
                          Map.of(
                              "outage",
                              6L,
                              "transient",
                              6L,
                              "not_found",
                              6L,
                              "unauthorized",
                              6L,
                              "lacking",
                              6L),
                          Map.of("gone", 9L, "not_selected", 9L, "before_start", 9L),
                          3,
                          3,
                          3,
                          Map.of("0.5", 1_000.0, "0.95", 1_000.0, "0.99", 1_000.0),
                          Map.of("0.5", 1_000.0, "0.95", 1_000.0, "0.99", 1_000.0)));
              JobTraffic traffic = flink.traffic(jobId).orElseThrow();
              assertThat(traffic.rowsRead()).isEqualTo(30);
              assertThat(traffic.bytesRead()).isEqualTo(3_000);
              assertThat(traffic.written().others()).isEqualTo(new Counts(3, 0, 30));
              assertThat(traffic.written().collections())
                  .containsExactlyInAnyOrder(
                      new OfCollection("default", "of_1", new Counts(1, 0, 10)),
                      new OfCollection("default", "of_2", new Counts(2, 0, 20)),
                      new OfCollection("default", "of_both", new Counts(3, 0, 30)));
              assertThat(flink.waitingFor(jobId)).hasValue("the second");
            });
    flink.cancel(jobId);
    await().atMost(PATIENCE).until(() -> !job(jobId).isLive());
  }

  @Test
  void aJobContinuesFromItsSavepoint() {
    String jobId = start("two", Optional.empty());
    awaitRunning(jobId);
    Instant before = awaitReplicated(jobId);
    String trigger = flink.stopWithSavepoint(jobId);
    SavepointProgress progress =
        await()
            .atMost(PATIENCE)
            .until(
                () -> flink.savepoint(jobId, trigger), seen -> !(seen instanceof SavepointPending));
    assertThat(progress).isInstanceOf(SavepointTaken.class);
    String path = ((SavepointTaken) progress).path();
    await().atMost(PATIENCE).until(() -> !job(jobId).isLive());
    assertThat(snapshots.newest(jobId)).hasValue(path);
    assertThat(state().resolve("savepoints").resolve(jobId)).isNotEmptyDirectory();
    assertThat(flink.newestSnapshot(jobId)).hasValue(path);

    String next = start("two", snapshots.newest(jobId));
    awaitRunning(next);
    assertThat(awaitReplicated(next)).isAfterOrEqualTo(before);
    flink.cancel(next);
    await().atMost(PATIENCE).until(() -> !job(next).isLive());
  }

  @Test
  void aCancelledJobLeavesACheckpointAndDeletingRemovesIt() {
    String jobId = start("three", Optional.empty());
    awaitRunning(jobId);
    await().atMost(PATIENCE).until(() -> snapshots.newest(jobId).isPresent());
    assertThat(flink.newestSnapshot(jobId).orElseThrow()).contains(jobId + "/chk-");
    flink.cancel(jobId);
    await().atMost(PATIENCE).until(() -> !job(jobId).isLive());
    assertThat(snapshots.newest(jobId).orElseThrow()).contains(jobId + "/chk-");

    assertThat(state().resolve(jobId)).isNotEmptyDirectory();

    snapshots.delete(jobId);
    snapshots.delete(jobId);
    assertThat(state().resolve(jobId)).doesNotExist();
  }

  @Test
  void aJobThatFailsForGoodTellsItsRootCauseInOneLine() {
    String jobId = start("broken", Optional.empty());
    await().atMost(PATIENCE).until(() -> job(jobId).state() == Job.State.FAILED);
    assertThat(flink.failure(jobId)).hasValue("collection a.b: broken for good");
  }

  @Test
  void aJobIdIsTakenOnce() {
    String jobId = start("four", Optional.empty());
    awaitRunning(jobId);
    assertThatThrownBy(
            () -> flink.submit(new JobSubmission(jobId, "four", 1, Optional.empty(), false)))
        .isInstanceOf(FlinkException.Refused.class)
        .hasMessageContaining("already been submitted");
    flink.cancel(jobId);
    await().atMost(PATIENCE).until(() -> !job(jobId).isLive());
  }

  @Test
  void aSnapshotThatDoesNotExistIsRefusedAndNamed() {
    String missing = directory.resolve("state/nowhere").toUri().toString();
    String jobId = UUID.randomUUID().toString().replace("-", "");
    try {
      flink.submit(new JobSubmission(jobId, "five", 1, Optional.of(missing), false));
      await().atMost(PATIENCE).until(() -> job(jobId).state() == Job.State.FAILED);
      assertThat(flink.failure(jobId).orElseThrow()).contains("nowhere");
    } catch (FlinkException.Refused e) {
      assertThat(e).hasMessageContaining("nowhere");
    }
  }

  @Test
  void theJarIsUploadedOnce() throws Exception {
    String one = start("six", Optional.empty());
    String two = start("seven", Optional.empty());
    String jars =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(cluster.restAddress().resolve("/jars")).build(),
                HttpResponse.BodyHandlers.ofString())
            .body();
    assertThat(jars.split("milvus-cdc-job-[0-9a-f]{16}\\.jar\",\"uploaded\"", -1)).hasSize(2);
    flink.cancel(one);
    flink.cancel(two);
    await().atMost(PATIENCE).until(() -> !job(one).isLive() && !job(two).isLive());
  }

  @Test
  void aClusterThatIsAwayIsNamed() throws IOException {
    FlinkRest away = flink(URI.create("http://127.0.0.1:1"));
    assertThatThrownBy(away::jobs)
        .isInstanceOf(FlinkException.Unreachable.class)
        .hasMessageContaining("http://127.0.0.1:1");
  }
}
