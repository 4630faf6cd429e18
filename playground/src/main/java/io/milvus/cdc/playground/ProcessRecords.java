package io.milvus.cdc.playground;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/**
 * Remembers in a directory which process is which part, so that another JVM finds exactly the
 * processes that were started, and never a stranger that has got the number of one of them.
 */
final class ProcessRecords {

  private static final String VERSION = "1";

  private final Path directory;

  ProcessRecords(Path directory) {
    this.directory = directory;
  }

  void put(Part part, ProcessIdentity process, List<String> command) {
    Properties properties = new Properties();
    properties.setProperty("version", VERSION);
    properties.setProperty("pid", Long.toString(process.pid()));
    properties.setProperty("startTicks", Long.toString(process.startTicks()));
    properties.setProperty("boot", process.boot());
    properties.setProperty("command", String.join(" ", command));
    try {
      Files.createDirectories(directory);
      Path temporary = Files.createTempFile(directory, part.id(), ".tmp");
      try (Writer writer = Files.newBufferedWriter(temporary)) {
        properties.store(writer, part.title());
      }
      // A reader sees the whole record or none.
      Files.move(temporary, file(part), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file(part) + "; make it writable.", e);
    }
  }

  /** The part's process if it is still running. */
  Optional<ProcessIdentity> running(Part part) {
    return read(part).filter(ProcessIdentity::isAlive);
  }

  void remove(Part part) {
    try {
      Files.deleteIfExists(file(part));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot delete " + file(part) + "; make it writable.", e);
    }
  }

  private Optional<ProcessIdentity> read(Part part) {
    Path file = file(part);
    Optional<Properties> stored =
        VersionedProperties.read(
            file, VERSION, "stop that playground with the version that started it.");
    if (stored.isEmpty()) {
      return Optional.empty();
    }
    Properties properties = stored.get();
    try {
      return Optional.of(
          new ProcessIdentity(
              Long.parseLong(properties.getProperty("pid", "")),
              Long.parseLong(properties.getProperty("startTicks", "")),
              properties.getProperty("boot", "")));
    } catch (NumberFormatException e) {
      throw new PlaygroundException(
          file + " is damaged; stop " + part.title() + " by hand and delete the file.", e);
    }
  }

  private Path file(Part part) {
    return directory.resolve(part.id() + ".properties");
  }
}
