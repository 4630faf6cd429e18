package io.milvus.cdc.target;

/** Is told what was done on the target. Called by many threads. */
interface TargetProgress {

  /** A call that writes rows. */
  enum Write {
    INSERT,
    UPSERT,
    DELETE
  }

  /** Why a step is repeated. */
  enum RetryCause {
    OUTAGE,
    TRANSIENT,
    NOT_FOUND,
    UNAUTHORIZED,
    /** It was done but for what waits for another collection. */
    LACKING;

    /**
     * The cause of repeating what failed in a way.
     *
     * @throws IllegalArgumentException when that is not repeated
     */
    static RetryCause of(TargetException.Kind kind) {
      return switch (kind) {
        case OUTAGE, BUSY -> OUTAGE;
        case TRANSIENT -> TRANSIENT;
        case NOT_FOUND -> NOT_FOUND;
        case UNAUTHORIZED -> UNAUTHORIZED;
        case PERMANENT -> throw new IllegalArgumentException("not repeated: " + kind);
      };
    }
  }

  /** A call of any kind begins. */
  void callBegan();

  /** A call of any kind is over. */
  void callEnded();

  /** A call that writes rows is over, however it ended. */
  void writeTook(long nanos);

  /** A call that writes rows was acknowledged. */
  void wrote(Write kind, int rows);

  /** A step was done. */
  void applied(Lane lane, Lane.Done done);

  /** A step will be repeated. */
  void retried(RetryCause cause);

  /** A collection was stopped. */
  void stopped();

  /** A collection is gone; nothing follows for it. */
  void gone(long collectionId);
}
