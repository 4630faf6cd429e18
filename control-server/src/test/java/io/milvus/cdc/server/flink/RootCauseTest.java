package io.milvus.cdc.server.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.task.PermanentFailure;
import java.io.IOException;
import org.apache.flink.util.ExceptionUtils;
import org.junit.jupiter.api.Test;

class RootCauseTest {

  @Test
  void isTheInnermostCause() {
    assertThat(
            RootCause.of(
                trace(
                    new IOException(
                        "outer",
                        new IllegalStateException("middle", new IOException("inner\nand more"))))))
        .isEqualTo("inner");
  }

  @Test
  void isThePermanentFailureWhateverLedToIt() {
    Throwable permanent =
        new PermanentFailure("correct the user and resume", new IOException("not authenticated"));

    assertThat(RootCause.of(trace(permanent))).isEqualTo("correct the user and resume");
    assertThat(RootCause.of(trace(new IOException("no checkpoint", permanent))))
        .isEqualTo("correct the user and resume");
  }

  @Test
  void isTheClassOfWhatHasNoMessage() {
    assertThat(RootCause.of(trace(new IllegalStateException())))
        .isEqualTo("java.lang.IllegalStateException");
  }

  @Test
  void isToldToBeMissing() {
    assertThat(RootCause.of(" ")).isEqualTo("no cause given");
  }

  private static String trace(Throwable error) {
    return ExceptionUtils.stringifyException(error);
  }
}
