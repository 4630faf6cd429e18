package io.milvus.cdc.log;

import io.milvus.cdc.task.SourceTraffic;
import io.milvus.cdc.task.TaskMetrics;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

/** Counts the rows that are read, inserted and deleted ones. For one thread. */
final class ReadRows {

  private final Counter rows;
  private final Counter bytes;
  private final SourceTraffic traffic;

  ReadRows(MetricGroup metrics, SourceTraffic traffic) {
    this.traffic = traffic;
    rows = metrics.counter(TaskMetrics.ROWS_READ);
    bytes = metrics.counter(TaskMetrics.BYTES_READ);
  }

  /**
   * Counts one message, if it is about rows.
   *
   * @param payloadBytes its size
   */
  void count(DecodedMessage.Operation message, int payloadBytes) {
    if (message.rows() > 0) {
      rows.inc(message.rows());
      bytes.inc(payloadBytes);
      traffic.rowsCame();
    }
  }
}
