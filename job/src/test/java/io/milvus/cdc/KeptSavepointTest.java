package io.milvus.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.apache.flink.runtime.OperatorIDPair;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.jobgraph.JobVertex;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KeptSavepointTest {

  /** Otherwise Flink would restore it only when told to leave state out. */
  @ParameterizedTest
  @MethodSource("io.milvus.cdc.KeptSavepoint#all")
  void everyStateHasAnOperator(KeptSavepoint savepoint) {
    Set<OperatorID> operators = new HashSet<>();
    for (JobVertex vertex : TestingGraph.ofTask().getJobGraph().getVertices()) {
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
