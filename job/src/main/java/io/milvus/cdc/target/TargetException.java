package io.milvus.cdc.target;

/** The target did not do what it was asked. */
public final class TargetException extends Exception {

  private static final long serialVersionUID = 1L;

  private final Kind kind;

  /** What to do about it. */
  public enum Kind {
    /** The target as a whole is away: the call is repeated until it is there. */
    OUTAGE,
    /**
     * The target says that it cannot do it now, or does not answer in time. That may be so for all,
     * or for one collection: what it does for others tells.
     */
    BUSY,
    /** The same call may succeed later: it is repeated, though not without end. */
    TRANSIENT,
    /** The collection, partition or index that the call names is not there. */
    NOT_FOUND,
    /** Repeating the call cannot help; other collections are not concerned. */
    PERMANENT,
    /** The target refuses the task's credentials. */
    UNAUTHORIZED;

    /** Whether the target may do nothing at all now, so that this says nothing about the call. */
    boolean mayBeAway() {
      return this == OUTAGE || this == BUSY;
    }
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
