package io.milvus.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.workload.SourceWriter;
import io.milvus.cdc.workload.SourceWriter.Kind;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

class KeptSavepointIT {

  /**
   * Makes one, with messages in it that wait for their order. To be run when a layout has changed;
   * leaves it in a temporary directory and prints where, and it is then kept under the next number.
   */
  @Test
  @Tag("long")
  void oneCanBeMade(@TempDir(cleanup = CleanupMode.NEVER) Path directory) throws Exception {
    Playground playground = TestingPlayground.separate();
    playground.start(Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET);
    try (playground;
        MilvusCluster source =
            MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus());
        TestingTask task = new TestingTask(playground, directory)) {
      SourceWriter writer = new SourceWriter(source, "default", "kept", Kind.VARCHAR);
      writer.create(2);
      writer.createPartition("one");
      writer.createPartition("two");
      task.start();
      AtomicBoolean done = new AtomicBoolean();
      CompletableFuture<Void> writing =
          CompletableFuture.runAsync(
              () -> {
                for (int i = 0; !done.get(); i++) {
                  writer.insert(i % 2 == 0 ? "one" : "two", i, i + 2, 1);
                }
              });
      TimeUnit.SECONDS.sleep(10);
      // A retained checkpoint: unlike a savepoint, it is one file.
      task.crash();
      done.set(true);
      writing.get(60, TimeUnit.SECONDS);
      Path checkpoint = task.snapshot().resolve("_metadata");
      System.out.println("savepoint: " + checkpoint);
      assertThat(checkpoint).isNotEmptyFile();
    }
  }
}
