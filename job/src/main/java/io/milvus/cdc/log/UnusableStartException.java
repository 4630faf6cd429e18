package io.milvus.cdc.log;

/** A task cannot start where it was asked to; the message says why and what would do. */
public final class UnusableStartException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** With what a person reads. */
  public UnusableStartException(String message) {
    super(message);
  }
}
