package io.milvus.cdc.server.flink;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SnapshotFilesTest {

  @ParameterizedTest
  @CsvSource({
    "file:///checkpoints, file:///checkpoints",
    "file:///checkpoints/, file:///checkpoints",
    "file:/checkpoints, file:/checkpoints",
    "s3://bucket/cdc, s3://bucket/cdc",
    "s3://bucket/a%20b, s3://bucket/a%20b",
    "file:///home/me/my%20dir/, file:///home/me/my dir",
    "file:/home/me/100%25, file:///home/me/100%",
  })
  void flinkIsGivenTheDirectoryAsItTakesIt(URI directory, String given) {
    assertThat(SnapshotFiles.configuration(directory, "ab"))
        .isEqualTo(
            Map.of(
                "execution.checkpointing.storage",
                "filesystem",
                "execution.checkpointing.dir",
                given,
                "execution.checkpointing.savepoint-dir",
                given + "/savepoints/ab"));
  }
}
