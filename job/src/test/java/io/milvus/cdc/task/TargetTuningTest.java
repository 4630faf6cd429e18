package io.milvus.cdc.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.apache.flink.api.java.utils.ParameterTool;
import org.junit.jupiter.api.Test;

class TargetTuningTest {

  @Test
  void itTravelsAsArgumentsOfTheJob() {
    TargetTuning tuning = new TargetTuning(1, 2, 3, 4, Duration.ofMillis(5), Duration.ofMillis(6));
    ParameterTool arguments = ParameterTool.fromArgs(tuning.arguments().toArray(String[]::new));
    assertThat(TargetTuning.of(arguments::get)).isEqualTo(tuning);
    assertThat(TargetTuning.of(ParameterTool.fromArgs(new String[0])::get))
        .isEqualTo(TargetTuning.DEFAULT);
  }
}
