package io.milvus.cdc.server.tasks;

/** A request about a task that cannot be done; the message says why and what would help. */
public sealed class TaskException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Who can act. */
  public enum Kind {
    /** The client: there is no such task. */
    NOT_FOUND,
    /** The client: the task's state, or another task, is in the way. */
    CONFLICT,
    /** The client: there are as many tasks as allowed. */
    LIMIT_REACHED,
    /** The client: the server cannot do so much for a task. */
    OUT_OF_RANGE,
    /** The client: the task cannot start where it is asked to. */
    START_REFUSED,
    /**
     * The client: the target does not accept the credentials, or its certificate is not trusted.
     */
    TARGET_REFUSED,
    /** The operator of the target: it does not answer. */
    TARGET_UNREACHABLE,
    /** The operator of the source: it does not answer. */
    SOURCE_UNREACHABLE,
    /** The operator of Flink: it does not answer, or did not do as asked in time. */
    FLINK_UNREACHABLE,
    /** The operator of the server's etcd: it does not answer. */
    STORE_UNAVAILABLE,
    /** The operator of the server: what is stored of a task cannot be read with its settings. */
    UNREADABLE
  }

  /** One of kind {@link Kind#UNREADABLE}: asking for it again does not help. */
  public static final class Unreadable extends TaskException {

    private static final long serialVersionUID = 1L;

    /** With what a person reads, and what was seen. */
    public Unreadable(String message, Throwable cause) {
      super(Kind.UNREADABLE, message, cause);
    }
  }

  private final Kind kind;

  /** With what a person reads. */
  public TaskException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** With what a person reads, and what was seen. */
  public TaskException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Who can act. */
  public Kind kind() {
    return kind;
  }
}
