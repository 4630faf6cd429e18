package io.milvus.cdc.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.io.IOException;
import org.apache.flink.runtime.throwable.ThrowableClassifier;
import org.apache.flink.runtime.throwable.ThrowableType;
import org.apache.flink.util.ExceptionUtils;
import org.apache.flink.util.SerializedThrowable;
import org.junit.jupiter.api.Test;

class PermanentFailureTest {

  @Test
  void endsTheJobThoughItsCauseCannotBeSerialized() {
    Throwable seenByTheTask =
        new IOException(
            "Could not perform checkpoint",
            new PermanentFailure(
                "the target refuses the user",
                Status.UNAUTHENTICATED.withDescription("no such user").asRuntimeException()));

    // As the JobManager gets it from a TaskManager.
    Throwable seenByTheJob =
        new SerializedThrowable(seenByTheTask).deserializeError(getClass().getClassLoader());

    assertThat(
            ThrowableClassifier.findThrowableOfThrowableType(
                seenByTheJob, ThrowableType.NonRecoverableError))
        .isPresent();
    assertThat(ExceptionUtils.stringifyException(seenByTheJob))
        .contains("the target refuses the user", "no such user");
  }
}
