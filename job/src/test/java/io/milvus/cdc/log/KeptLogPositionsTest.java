package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.KeptSavepoint;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KeptLogPositionsTest {

  @ParameterizedTest
  @MethodSource("io.milvus.cdc.KeptSavepoint#all")
  void positionsAreRead(KeptSavepoint savepoint) throws IOException {
    LogEnumeratorState topics =
        savepoint.enumerator("log-source", new LogEnumeratorStateSerializer());
    List<TopicSplit> splits = savepoint.splits("log-source", new TopicSplitSerializer());

    assertThat(splits)
        .hasSizeGreaterThan(16)
        .anySatisfy(split -> assertThat(split.position()).isPresent())
        .extracting(TopicSplit::pchannel)
        .containsExactlyInAnyOrderElementsOf(topics.assigned());
  }
}
