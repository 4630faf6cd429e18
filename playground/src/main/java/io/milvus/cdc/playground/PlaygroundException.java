package io.milvus.cdc.playground;

/** Something that keeps a playground from running; the message says what to do about it. */
public final class PlaygroundException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** With what happened and what to do. */
  public PlaygroundException(String message) {
    super(message);
  }

  /** With what happened and what to do, and the cause. */
  public PlaygroundException(String message, Throwable cause) {
    super(message, cause);
  }
}
