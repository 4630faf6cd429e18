package io.milvus.cdc.bench;

import io.milvus.cdc.playground.PlaygroundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a process has used, as Linux counts it. */
final class ProcessUse {

  /** Of {@code /proc/stat} and {@code /proc/<pid>/stat}, on every Linux that matters. */
  static final double TICKS_PER_SECOND = 100;

  private final Path directory;

  ProcessUse(long pid) {
    directory = Path.of("/proc", Long.toString(pid));
  }

  /** CPU time since its start, in seconds. */
  double cpuSeconds() {
    String stat = read("stat");
    // The name in parentheses may hold anything.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
  }

  /** The most memory that it held since {@link #forgetPeak}, in MB. */
  double peakMegabytes() {
    return read("status")
            .lines()
            .filter(line -> line.startsWith("VmHWM:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
            .findFirst()
            .orElseThrow()
        / 1024.0;
  }

  /** Lets the peak begin anew. */
  void forgetPeak() {
    try {
      Files.writeString(directory.resolve("clear_refs"), "5");
    } catch (IOException e) {
      throw new PlaygroundException("The peak of memory cannot be reset: " + e.getMessage(), e);
    }
  }

  private String read(String file) {
    try {
      return Files.readString(directory.resolve(file));
    } catch (IOException e) {
      throw new PlaygroundException("A measured process has ended: " + e.getMessage(), e);
    }
  }
}
