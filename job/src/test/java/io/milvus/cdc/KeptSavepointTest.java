package io.milvus.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.task.TargetTuning;
import io.milvus.cdc.task.TaskStoreAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.runtime.OperatorIDPair;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.jobgraph.JobVertex;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KeptSavepointTest {

  /** Otherwise Flink would restore it only when told to leave state out. */
  @ParameterizedTest
  @MethodSource("io.milvus.cdc.KeptSavepoint#all")
  void everyStateHasAnOperator(KeptSavepoint savepoint) {
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    ReplicationJob.build(
        environment,
        "t",
        new TaskStoreAddress(List.of("http://localhost:2379"), "root"),
        TargetTuning.DEFAULT);
    Set<OperatorID> operators = new HashSet<>();
    for (JobVertex vertex : environment.getStreamGraph().getJobGraph().getVertices()) {
      for (OperatorIDPair operator : vertex.getOperatorIDs()) {
        operators.add(operator.getGeneratedOperatorID());
      }
    }

    assertThat(savepoint.metadata().getOperatorStates())
        .isNotEmpty()
        .extracting(OperatorState::getOperatorID)
        .isSubsetOf(operators);
  }
}
