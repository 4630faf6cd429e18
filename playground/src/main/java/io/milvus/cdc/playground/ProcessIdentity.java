package io.milvus.cdc.playground;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What tells a process from every other one that has, had or will have its number.
 *
 * @param pid the process' number
 * @param startTicks when it started, in clock ticks since the system's start; exact, unlike a time
 *     of day, which moves when the clock is set
 * @param boot the id of the system's start
 */
record ProcessIdentity(long pid, long startTicks, String boot) {

  // Positions after the command's name in /proc/<pid>/stat, see proc(5).
  private static final int STATE = 0;
  private static final int THREADS = 17;
  private static final int START_TICKS = 19;

  /** The identity of a process that is running now; empty when there is none of that number. */
  static Optional<ProcessIdentity> of(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      // The command's name is in parentheses and may hold anything, also spaces and parentheses.
      List<String> fields = List.of(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1));
      if (hasEnded(fields)) {
        return Optional.empty();
      }
      String boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
      return Optional.of(new ProcessIdentity(pid, Long.parseLong(fields.get(START_TICKS)), boot));
    } catch (IOException e) {
      // The process ended before or while its entry was read.
      return Optional.empty();
    }
  }

  /** Whether exactly this process is still running, or stopped by a signal. */
  boolean isAlive() {
    return of(pid).filter(this::equals).isPresent();
  }

  private static boolean hasEnded(List<String> fields) {
    // A process that nobody has reaped. While it has other threads it still holds its ports.
    return fields.get(STATE).equals("X")
        || (fields.get(STATE).equals("Z") && Integer.parseInt(fields.get(THREADS)) <= 1);
  }
}
