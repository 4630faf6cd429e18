package io.milvus.cdc.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.compare.MilvusCluster;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client does that does not know whether its call was done. */
class SurvivingWorkloadTest {

  private final ForgetfulMilvus forgetful = new ForgetfulMilvus();
  private final MilvusCluster source = MilvusCluster.connect("127.0.0.1", forgetful.port());

  @AfterEach
  void close() {
    source.close();
    forgetful.close();
  }

  /** The first two are made before the writers begin, the last two when they have ended. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "ListDatabases",
        "CreateDatabase",
        "CreateCollection",
        "CreateIndex",
        "DropIndex",
        "LoadCollection",
        "Insert",
        "Upsert",
        "RenameCollection",
        "ShowCollections",
        "DescribeIndex"
      })
  void goesOnWhenTheAnswerToACallIsLost(String method) {
    forgetful.loseFirstAnswerTo(method);

    RandomWorkload.Report report = workload().survivingFaults().run();

    assertThat(report.operations()).containsOnlyKeys(Operation.values());
    assertThat(forgetful.hasLost()).isTrue();
    assertThat(forgetful.collectionsWithoutIndex()).isEmpty();
  }

  @Test
  void endsWithTheReasonWhenItIsNotToSurvive() {
    forgetful.loseFirstAnswerTo("Upsert");

    assertThatThrownBy(() -> workload().run())
        .hasMessageContaining("UPSERT")
        .hasMessageContaining("UNAVAILABLE: Network closed for unknown reason");
  }

  private RandomWorkload workload() {
    return RandomWorkload.on(source, 7).withDatabases(List.of("default", "shop")).forSteps(1);
  }
}
