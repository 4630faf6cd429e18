package io.milvus.cdc.bench;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundException;
import java.util.List;

/** Which processors run what. */
final class Processors {

  /** The highest number. Read once, as later this process is kept to some of them itself. */
  private static final int LAST = Runtime.getRuntime().availableProcessors() - 1;

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
