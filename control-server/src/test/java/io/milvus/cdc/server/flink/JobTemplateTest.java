package io.milvus.cdc.server.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.task.TargetTuning;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JobTemplateTest {

  @ParameterizedTest
  @CsvSource({
    "file:///checkpoints, 100, 2",
    "file:///checkpoints, 10000, 2",
    "s3://bucket/cdc, 10000, 8",
    "hdfs://namenode/cdc, 1000, 62",
    "s3://bucket/cdc, 100, 602",
    "s3://bucket/cdc, 600000, 2",
  })
  void whereTheServerCannotListThemAMinutesCheckpointsAreKept(
      URI directory, long intervalMillis, int retained) {
    JobTemplate template =
        new JobTemplate(
            Path.of("job.jar"),
            "Main",
            List.of("http://127.0.0.1:1"),
            "root",
            Duration.ofMillis(intervalMillis),
            directory,
            TargetTuning.DEFAULT);
    assertThat(template.retainedCheckpoints()).isEqualTo(retained);
  }
}
