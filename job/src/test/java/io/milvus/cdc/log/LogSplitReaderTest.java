package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.task.SourceTraffic;
import java.util.List;
import java.util.Optional;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsAddition;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LogSplitReaderTest {

  @Test
  void anErrorWhileATopicIsOpenedIsTold() {
    UnregisteredMetricsGroup metrics = new UnregisteredMetricsGroup();
    LogSplitReader reader =
        new LogSplitReader(
            () -> {
              throw new NoClassDefFoundError("org/apache/pulsar/Gone");
            },
            LogTuning.DEFAULT,
            new ReadRows(metrics, SourceTraffic.of("t")),
            new SkippedKinds(metrics));
    try {
      reader.handleSplitsChanges(
          new SplitsAddition<>(List.of(new TopicSplit("dml_0", Optional.empty(), false))));

      assertThatThrownBy(reader::fetch)
          .hasMessage("Topic dml_0 cannot be read")
          .hasRootCauseInstanceOf(NoClassDefFoundError.class);
    } finally {
      reader.close();
    }
  }
}
