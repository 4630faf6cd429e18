package io.milvus.cdc.server.tasks;

/** Told of every step that changes something outside the process, so that a test can stop there. */
public interface Steps {

  /** Goes on everywhere. */
  Steps GO_ON = new Steps() {};

  /** The named step is about to take effect. */
  default void before(String step) {}

  /** The named step has taken effect. */
  default void after(String step) {}
}
