package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.target.TargetException.Kind;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetClientTest {

  @ParameterizedTest
  @CsvSource({
    "200, OUTAGE",
    "400, OUTAGE",
    "401, UNAUTHORIZED",
    "403, UNAUTHORIZED",
    "404, OUTAGE",
    "413, TRANSIENT",
    "500, OUTAGE",
    "503, OUTAGE",
  })
  void whatAProxyAnswersForItselfIsNotTakenForMilvusAnswer(int status, Kind kind) {
    try (HttpProxy proxy = new HttpProxy(status)) {
      assertThatThrownBy(() -> TargetClient.connect(proxy.cluster(), new NoProgress()).close())
          .hasMessageContaining("connect: HTTP status code " + status)
          .hasMessageContaining("a proxy in front of the target")
          .asInstanceOf(InstanceOfAssertFactories.type(TargetException.class))
          .extracting(TargetException::kind)
          .isEqualTo(kind);
    }
  }
}
