package io.milvus.cdc;

import io.milvus.cdc.task.TargetTuning;
import io.milvus.cdc.task.TaskStoreAddress;
import java.util.List;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;

/** What Flink makes of a task's program, without running it. */
final class TestingGraph {

  private TestingGraph() {}

  static StreamGraph ofTask() {
    return ofTask(2);
  }

  static StreamGraph ofTask(int parallelism) {
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment.setParallelism(parallelism);
    ReplicationJob.build(
        environment,
        "t",
        new TaskStoreAddress(List.of("http://localhost:2379"), "root"),
        TargetTuning.DEFAULT);
    return environment.getStreamGraph();
  }
}
