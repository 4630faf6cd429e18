package io.milvus.cdc.playground;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * How to start a part's process and see that it is up.
 *
 * @param command the program with its arguments
 * @param environment variables in addition to this JVM's own
 * @param directory the working directory, which exists
 * @param ready whether the part answers
 */
record Launch(
    List<String> command, Map<String, String> environment, Path directory, Readiness ready) {

  /** Says whether a part answers. */
  @FunctionalInterface
  interface Readiness {
    boolean isReady() throws InterruptedException;
  }

  Launch {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
  }
}
