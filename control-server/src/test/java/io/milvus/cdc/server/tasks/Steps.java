package io.milvus.cdc.server.tasks;

/**
 * Told of every call to what is outside the process, so that a test can stop there or do something
 * in between. A call that only asks has no effect, but what was answered may be old by then.
 */
public interface Steps {

  /** Goes on everywhere. */
  Steps GO_ON = new Steps() {};

  /** The named step is about to take effect. */
  default void before(String step) {}

  /** The named step has taken effect. */
  default void after(String step) {}
}
