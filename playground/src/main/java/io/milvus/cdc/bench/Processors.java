package io.milvus.cdc.bench;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Which processors run what. */
final class Processors {

  /** How many there are. Read once, as later this process is kept to some of them itself. */
  static final int COUNT = Runtime.getRuntime().availableProcessors();

  /** The highest number. */
  private static final int LAST = COUNT - 1;

  private static final Path USE = Path.of("/proc/stat");

  private Processors() {}

  /**
   * Gives one part the first processor alone, and all others and this process the rest: as if the
   * part ran on a machine of its own. What this process starts later is among the others.
   *
   * @throws PlaygroundException when there is one processor only, or {@code taskset} cannot be used
   */
  static void keepApart(Playground playground, Part alone, List<Part> parts) {
    if (LAST < 1) {
      throw new PlaygroundException("One processor cannot be shared out.");
    }
    String others = "1-" + LAST;
    for (Part part : parts) {
      bind(playground.pid(part), part == alone ? "0" : others);
    }
    bind(ProcessHandle.current().pid(), others);
  }

  /** Seconds in which one of them had nothing to do, of all together, since the machine started. */
  static double idleSeconds() {
    try (Stream<String> lines = Files.lines(USE)) {
      String[] fields = lines.findFirst().orElseThrow().split(" +", -1);
      // Idle, and waiting for a disk.
      return (Long.parseLong(fields[4]) + Long.parseLong(fields[5])) / ProcessUse.TICKS_PER_SECOND;
    } catch (IOException e) {
      throw new PlaygroundException("The use of the processors is not known: " + e.getMessage(), e);
    }
  }

  private static void bind(long pid, String processors) {
    String unused =
        Command.output(
            "taskset is needed for this (Debian's package util-linux)",
            "taskset",
            "--all-tasks",
            "--cpu-list",
            "--pid",
            processors,
            Long.toString(pid));
  }
}
