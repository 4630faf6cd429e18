package io.milvus.cdc.bench;

import io.milvus.cdc.playground.PlaygroundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Runs other programs. */
final class Command {

  private Command() {}

  /**
   * Runs a program to its end.
   *
   * @param missing what to say when it cannot be run
   * @return all that it printed
   * @throws PlaygroundException when it cannot be run, or fails
   */
  static String output(String missing, String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new PlaygroundException(String.join(" ", command) + " failed: " + printed.strip());
      }
      return printed;
    } catch (IOException e) {
      throw new PlaygroundException(missing + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PlaygroundException("Interrupted", e);
    }
  }
}
