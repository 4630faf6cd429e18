package io.milvus.cdc.server.flink;

/** A request to the Flink cluster that did not do what was asked. */
public abstract sealed class FlinkException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private FlinkException(String message) {
    super(message);
  }

  /** The cluster does not answer; the same request may succeed later. */
  public static final class Unreachable extends FlinkException {
    private static final long serialVersionUID = 1L;

    /** With the cluster's address and what was seen. */
    public Unreachable(String message) {
      super(message);
    }
  }

  /** The cluster answered with an error, told in the message in one line. */
  public static final class Refused extends FlinkException {
    private static final long serialVersionUID = 1L;

    /** With the root cause as Flink tells it. */
    public Refused(String message) {
      super(message);
    }
  }
}
