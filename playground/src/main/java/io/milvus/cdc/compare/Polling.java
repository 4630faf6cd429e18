package io.milvus.cdc.compare;

import java.util.function.BooleanSupplier;

/** Waits for what a Milvus does in the background. */
public final class Polling {

  private static final long LONGEST_MILLIS = 60_000;
  private static final long PAUSE_MILLIS = 100;

  private Polling() {}

  /**
   * Asks until it is so, for at most a minute.
   *
   * @return whether it is so
   * @throws IllegalStateException when the thread is interrupted
   */
  public static boolean until(BooleanSupplier isSo) {
    long end = System.nanoTime() + LONGEST_MILLIS * 1_000_000;
    while (!isSo.getAsBoolean()) {
      if (System.nanoTime() > end) {
        return false;
      }
      try {
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("Interrupted while waiting for a Milvus", e);
      }
    }
    return true;
  }
}
