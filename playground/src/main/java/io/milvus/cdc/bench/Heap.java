package io.milvus.cdc.bench;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Asks a JVM for its heap, with the JDK's own {@code jcmd}. */
final class Heap {

  private static final Pattern USED = Pattern.compile("used (\\d+)K");

  private Heap() {}

  /** What is used after all garbage is collected, in MB. */
  static double usedAfterCollection(long pid) {
    String unused = jcmd(pid, "GC.run");
    String info = jcmd(pid, "GC.heap_info");
    Matcher used = USED.matcher(info);
    double kilobytes = 0;
    // All of it, or the young generation, then the old one; what follows is not the heap.
    int parts = info.contains("garbage-first") ? 1 : 2;
    for (int i = 0; i < parts && used.find(); i++) {
      kilobytes += Long.parseLong(used.group(1));
    }
    return kilobytes / 1024;
  }

  private static String jcmd(long pid, String command) {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    return Command.output("jcmd cannot be run", jcmd.toString(), Long.toString(pid), command);
  }
}
