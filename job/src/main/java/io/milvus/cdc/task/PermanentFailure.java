package io.milvus.cdc.task;

import org.apache.flink.runtime.throwable.ThrowableAnnotation;
import org.apache.flink.runtime.throwable.ThrowableType;

/**
 * A task cannot go on, and trying again would not help: its job fails at once, whatever its restart
 * strategy says. The message tells what happened, to what, and what a person can do.
 *
 * <p>It reaches Flink's JobManager as what it is, whatever it was caused by: a cause that cannot be
 * serialized, as gRPC's, would make Flink see an unknown failure and restart the job for ever.
 */
@ThrowableAnnotation(ThrowableType.NonRecoverableError)
public final class PermanentFailure extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** A failure with a reason for people. It must not hold credentials. */
  public PermanentFailure(String reason) {
    super(reason);
  }

  /** A failure with a reason for people and what led to it. */
  public PermanentFailure(String reason, Throwable cause) {
    super(reason, new Cause(cause));
  }

  /** What another exception says, without its fields. */
  private static final class Cause extends Exception {

    private static final long serialVersionUID = 1L;

    Cause(Throwable original) {
      super(
          original.toString(), original.getCause() == null ? null : new Cause(original.getCause()));
      setStackTrace(original.getStackTrace());
    }
  }
}
