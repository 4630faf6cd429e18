package io.milvus.cdc.server.e2e;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the product's processes have logged since this was made. */
final class NewLogLines {

  /** The control server, and a cluster's processes. */
  static final List<Part> PARTS =
      List.of(Part.SERVER, Part.JOB_MANAGER, Part.TASK_MANAGER, Part.SECOND_TASK_MANAGER);

  private final Map<Path, Integer> before = new LinkedHashMap<>();

  NewLogLines(Playground playground) {
    PARTS.stream()
        .map(playground::log)
        .filter(Files::exists)
        .forEach(log -> before.put(log, lines(log).size()));
  }

  /** Of all processes; each process's in their order. */
  List<String> read() {
    List<String> lines = new ArrayList<>();
    before.forEach(
        (log, skipped) -> {
          List<String> all = lines(log);
          lines.addAll(all.subList(skipped, all.size()));
        });
    return lines;
  }

  private static List<String> lines(Path log) {
    try {
      return Files.readAllLines(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
