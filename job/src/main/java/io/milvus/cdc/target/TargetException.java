package io.milvus.cdc.target;

/** The target did not do what it was asked. */
public final class TargetException extends Exception {

  private static final long serialVersionUID = 1L;

  private final Kind kind;

  /** What to do about it. */
  public enum Kind {
    /** The same call may succeed later: it is repeated. */
    TRANSIENT,
    /** The collection, partition or index that the call names is not there. */
    NOT_FOUND,
    /** Repeating the call cannot help. */
    PERMANENT
  }

  TargetException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  TargetException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** What to do about it. */
  public Kind kind() {
    return kind;
  }
}
