package io.milvus.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.task.TargetTuning;
import io.milvus.cdc.task.TaskStoreAddress;
import java.util.List;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.junit.jupiter.api.Test;

class ReplicationJobTest {

  /** Flink has a thread for each output that holds events back, which wakes all the time. */
  @Test
  void noOutputHoldsEventsBack() {
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    ReplicationJob.build(
        environment,
        "t",
        new TaskStoreAddress(List.of("http://localhost:2379"), "root"),
        TargetTuning.DEFAULT);

    assertThat(environment.getStreamGraph().getStreamNodes())
        .extracting(StreamNode::getBufferTimeout)
        .hasSizeGreaterThan(4)
        .containsOnly(0L);
  }
}
