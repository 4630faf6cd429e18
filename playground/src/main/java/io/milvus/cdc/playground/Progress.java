package io.milvus.cdc.playground;

/** Told what a playground is doing while its caller waits. */
@FunctionalInterface
public interface Progress {

  /** Shows one line. Called from several threads. */
  void say(String line);

  /** Shows nothing. */
  static Progress silent() {
    return line -> {};
  }
}
