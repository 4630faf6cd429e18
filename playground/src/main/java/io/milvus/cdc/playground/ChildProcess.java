package io.milvus.cdc.playground;

import java.io.IOException;
import java.util.function.BooleanSupplier;

/**
 * Starts processes, never while a port is being probed: for a moment a new process holds all that
 * its parent has open, and a probe's socket in its hands makes a free port look taken.
 */
final class ChildProcess {

  private ChildProcess() {}

  /** As {@link ProcessBuilder#start}. */
  static synchronized Process start(ProcessBuilder process) throws IOException {
    return process.start();
  }

  /** Probes while no process is being started. */
  static synchronized boolean whileNoneStarts(BooleanSupplier probe) {
    return probe.getAsBoolean();
  }
}
