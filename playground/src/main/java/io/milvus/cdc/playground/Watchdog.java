package io.milvus.cdc.playground;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;

/**
 * Ends processes when this JVM ends, also when it is killed and no shutdown hook runs: a shell
 * reads from a pipe whose other end only this JVM holds, and kills what it has been told when the
 * pipe closes.
 */
final class Watchdog implements AutoCloseable {

  private static final String SCRIPT =
      """
      pids=
      while read -r action pid; do
        rest=
        for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done
        case $action in
          add) pids="$rest $pid" ;;
          forget) pids=$rest ;;
        esac
      done
      [ -z "$pids" ] || kill -9 $pids
      """;

  private final Process shell;
  private final Writer commands;

  Watchdog() {
    try {
      // In a session of its own, so that Ctrl-C in a terminal does not end it before its time.
      shell =
          ChildProcess.start(
              new ProcessBuilder("setsid", "sh", "-c", SCRIPT)
                  .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                  .redirectError(ProcessBuilder.Redirect.DISCARD));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot start setsid; install util-linux.", e);
    }
    commands = shell.outputWriter();
  }

  /** Watches a child of this JVM until it ends. */
  void watch(Process child) {
    tell("add", child.pid());
    // Its number may be given to a stranger from then on.
    var unused = child.onExit().thenRun(() -> tell("forget", child.pid()));
  }

  private synchronized void tell(String action, long pid) {
    try {
      commands.write(action + " " + pid + "\n");
      commands.flush();
    } catch (IOException e) {
      if (shell.isAlive()) {
        throw new UncheckedIOException("Cannot write to the watchdog of the playground.", e);
      }
    }
  }

  /** Ends everything that is still watched. */
  @Override
  public void close() {
    try {
      synchronized (this) {
        commands.close();
      }
      shell.waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot close the watchdog of the playground.", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
