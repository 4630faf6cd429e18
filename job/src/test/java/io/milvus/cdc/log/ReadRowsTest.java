package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.RecordedMetrics;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.task.SourceTraffic;
import io.milvus.cdc.task.TaskMetrics;
import org.junit.jupiter.api.Test;

class ReadRowsTest {

  @Test
  void thatRowsComeIsKnownToOthersOfTheTask() {
    SourceTraffic traffic = SourceTraffic.of("read-rows-test");
    ReadRows read = new ReadRows(new RecordedMetrics(), SourceTraffic.of("read-rows-test"));
    read.count(new DecodedMessage.Operation(Kind.DROP_PARTITION, 7, "", 3, 0), 10);
    assertThat(traffic.isRecent()).isFalse();
    read.count(new DecodedMessage.Operation(Kind.INSERT, 7, "v", 1, 30), 1_000);
    assertThat(traffic.isRecent()).isTrue();
    assertThat(SourceTraffic.of("another").isRecent()).isFalse();
  }

  @Test
  void messagesOfRowsAreCountedWithTheirBytes() {
    RecordedMetrics metrics = new RecordedMetrics();
    ReadRows read = new ReadRows(metrics, SourceTraffic.of("t"));
    read.count(new DecodedMessage.Operation(Kind.INSERT, 7, "v", 1, 30), 1_000);
    read.count(new DecodedMessage.Operation(Kind.DELETE, 7, "v", 2, 4), 100);
    read.count(new DecodedMessage.Operation(Kind.DROP_PARTITION, 7, "", 3, 0), 10);

    assertThat(metrics.count(TaskMetrics.ROWS_READ)).isEqualTo(34);
    assertThat(metrics.count(TaskMetrics.BYTES_READ)).isEqualTo(1_100);
  }
}
