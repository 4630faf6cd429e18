package io.milvus.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.flink.streaming.api.graph.StreamNode;
import org.junit.jupiter.api.Test;

class ReplicationJobTest {

  /** Flink has a thread for each output that holds events back, which wakes all the time. */
  @Test
  void noOutputHoldsEventsBack() {
    assertThat(TestingGraph.ofTask().getStreamNodes())
        .extracting(StreamNode::getBufferTimeout)
        .hasSizeGreaterThan(4)
        .containsOnly(0L);
  }

  /** One alone reads its topics in order; watermarks would wake it five times a second. */
  @Test
  void onlySeveralSubtasksHaveWatermarks() {
    assertThat(TestingGraph.ofTask(1).getExecutionConfig().getAutoWatermarkInterval()).isZero();
    assertThat(TestingGraph.ofTask(2).getExecutionConfig().getAutoWatermarkInterval()).isPositive();
  }
}
