package io.milvus.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.compare.RowComparison;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.workload.SourceWriter;
import io.milvus.cdc.workload.SourceWriter.Kind;
import io.milvus.grpc.ConsistencyLevel;
import io.milvus.grpc.QueryRequest;
import io.milvus.grpc.QueryResults;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A job with a small heap of its own: with many collections that nobody writes to and a backlog
 * that is larger than the heap, most of it in one collection; and with a target that is away while
 * more is written to many topics than fits into the heap.
 *
 * <p>The system properties {@code memory.collections}, {@code memory.megabytes} and {@code
 * memory.heap} choose another size.
 */
@Tag("long")
class BoundedMemoryIT {

  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final int IDLE_COLLECTIONS = Integer.getInteger("memory.collections", 150);
  private static final int BACKLOG_MEGABYTES = Integer.getInteger("memory.megabytes", 400);
  private static final int HEAP_MEGABYTES = Integer.getInteger("memory.heap", 256);
  private static final int DIMENSION = 2_048;
  private static final int ROWS_OF_A_MEGABYTE = (1 << 20) / (DIMENSION * Float.BYTES);
  private static final int LOOK_SECONDS = 10;
  private static final int TOPICS = 16;
  private static final int SHARDS = 2;
  private static final int ROWS_OF_A_CALL = 4 * ROWS_OF_A_MEGABYTE;
  private static final int ROWS_OF_A_COLLECTION =
      2 * BACKLOG_MEGABYTES / (TOPICS / SHARDS) * ROWS_OF_A_MEGABYTE;

  /** Milvus 2.3 allows 64 in a database. */
  private static final int COLLECTIONS_OF_A_DATABASE = 60;

  @Test
  void aBacklogInOneCollectionAndManyIdleOnesFitIntoASmallHeap() throws Exception {
    Playground playground =
        TestingPlayground.shared(Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET);
    try (MilvusCluster source =
            MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus());
        MilvusCluster target =
            MilvusCluster.connect("127.0.0.1", playground.ports().targetMilvus())) {
      SourceWriter.createDatabase(source, "many");
      long started = System.nanoTime();
      for (int i = 0; i < IDLE_COLLECTIONS; i++) {
        String database = "idle_" + i / COLLECTIONS_OF_A_DATABASE;
        if (i % COLLECTIONS_OF_A_DATABASE == 0) {
          SourceWriter.createDatabase(source, database);
        }
        new SourceWriter(source, database, "idle_" + i, Kind.INT64).create(1);
      }
      System.out.println(
          "memory: "
              + IDLE_COLLECTIONS
              + " collections created in "
              + secondsSince(started)
              + " s");
      SourceWriter silent = new SourceWriter(source, "many", "silent", Kind.INT64);
      silent.create(2);
      SourceWriter small = new SourceWriter(source, "many", "small", Kind.VARCHAR);
      small.create(2);
      small.load();
      SourceWriter large = new SourceWriter(source, "many", "large", Kind.INT64, DIMENSION);
      large.create(1);
      large.load();

      TestingDefinition task = TestingDefinition.write(playground, JobProcess.PARALLELISM);
      silent.insert(0, 10, 1);
      silent.drop();
      for (int megabyte = 0; megabyte < BACKLOG_MEGABYTES; megabyte++) {
        int first = megabyte * ROWS_OF_A_MEGABYTE;
        large.insert(first, first + ROWS_OF_A_MEGABYTE, 1);
        if (megabyte % 10 == 0) {
          small.upsert(megabyte, megabyte + 2, 1);
        }
      }
      System.out.println("memory: backlog written after " + secondsSince(started) + " s");

      try (JobProcess job = JobProcess.start(playground, task, HEAP_MEGABYTES)) {
        awaitSame(job, source, target, "many", "small");
        // Counted before it is compared: one comparison reads all of it.
        await()
            .atMost(PATIENCE)
            .failFast("the job ended", () -> !job.isAlive())
            .ignoreExceptions()
            .until(() -> rows(target, "large") == (long) BACKLOG_MEGABYTES * ROWS_OF_A_MEGABYTE);
        System.out.println("memory: replicated after " + secondsSince(started) + " s");
        assertThat(RowComparison.differences(source, target, "many", "large")).isEmpty();
        await()
            .atMost(PATIENCE)
            .failFast("the job ended", () -> !job.isAlive())
            .ignoreExceptions()
            .until(() -> idleCollections(target) == IDLE_COLLECTIONS);
        System.out.println("memory: all collections after " + secondsSince(started) + " s");

        long reads = readsOfEtcd(playground);
        TimeUnit.SECONDS.sleep(LOOK_SECONDS);
        long more = readsOfEtcd(playground) - reads;
        System.out.println("memory: " + more + " reads of etcd in " + LOOK_SECONDS + " s");
        assertThat(more).isLessThan(IDLE_COLLECTIONS);
        assertThat(task.stopped()).isEmpty();
        assertThat(job.isAlive()).isTrue();
      }
    }
  }

  @Test
  void whatIsWrittenToManyTopicsWhileTheTargetIsAwayFitsIntoASmallHeap() throws Exception {
    Playground playground =
        TestingPlayground.shared(Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET);
    try (MilvusCluster source =
            MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus());
        MilvusCluster target =
            MilvusCluster.connect("127.0.0.1", playground.ports().targetMilvus())) {
      SourceWriter.createDatabase(source, "away");
      List<SourceWriter> writers =
          IntStream.range(0, TOPICS / SHARDS)
              .mapToObj(i -> new SourceWriter(source, "away", "away_" + i, Kind.INT64, DIMENSION))
              .toList();
      writers.forEach(writer -> writer.create(SHARDS));
      writers.forEach(SourceWriter::load);
      TestingDefinition task = TestingDefinition.write(playground, JobProcess.PARALLELISM);
      try (JobProcess job = JobProcess.start(playground, task, 2 * HEAP_MEGABYTES)) {
        // Nothing larger has been seen on any topic.
        writers.forEach(writer -> writer.insert(0, 10, 1));
        for (int i = 0; i < writers.size(); i++) {
          awaitSame(job, source, target, "away", "away_" + i);
        }
        playground.kill(Part.TARGET);
        // One after the other: when the others are written nothing is read any more.
        for (SourceWriter writer : writers) {
          for (int row = 0; row < ROWS_OF_A_COLLECTION; row += ROWS_OF_A_CALL) {
            writer.insert(10 + row, 10 + row + ROWS_OF_A_CALL, 1);
          }
        }
        TimeUnit.SECONDS.sleep(LOOK_SECONDS);
        assertThat(job.isAlive()).as("the job has not run out of memory").isTrue();
        playground.start(Part.TARGET);
        for (int i = 0; i < writers.size(); i++) {
          awaitSame(job, source, target, "away", "away_" + i);
        }
        assertThat(task.stopped()).isEmpty();
      }
    }
  }

  private static void awaitSame(
      JobProcess job,
      MilvusCluster source,
      MilvusCluster target,
      String database,
      String collection) {
    await()
        .atMost(PATIENCE)
        .failFast("the job ended", () -> !job.isAlive())
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(RowComparison.differences(source, target, database, collection))
                    .isEmpty());
  }

  private static long rows(MilvusCluster cluster, String collection) {
    QueryRequest request =
        QueryRequest.newBuilder()
            .setDbName("many")
            .setCollectionName(collection)
            .setConsistencyLevel(ConsistencyLevel.Strong)
            .addOutputFields("count(*)")
            .build();
    return cluster
        .call(stub -> stub.query(request), QueryResults::getStatus)
        .getFieldsData(0)
        .getScalars()
        .getLongData()
        .getData(0);
  }

  private static int idleCollections(MilvusCluster cluster) {
    int collections = 0;
    for (int i = 0; i < IDLE_COLLECTIONS; i += COLLECTIONS_OF_A_DATABASE) {
      String database = "idle_" + i / COLLECTIONS_OF_A_DATABASE;
      collections += cluster.collections(database).size();
    }
    return collections;
  }

  /** How many reads the source's etcd has answered, to whomever. */
  private static long readsOfEtcd(Playground playground) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(playground.etcdEndpoint() + "/metrics")).build();
    return HttpClient.newHttpClient()
        .send(request, HttpResponse.BodyHandlers.ofLines())
        .body()
        .filter(line -> line.startsWith("grpc_server_started_total"))
        .filter(line -> line.contains("grpc_method=\"Range\""))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  private static long secondsSince(long nanoTime) {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - nanoTime);
  }
}
