package io.milvus.cdc.playground;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;

/** Keeps a playground's ports in its work directory, for the verbs that come later. */
final class PortsFile {

  static final String NAME = "playground.properties";

  private static final String VERSION = "1";

  private final Path file;

  PortsFile(Path workDirectory) {
    this.file = workDirectory.resolve(NAME);
  }

  Optional<Ports> read() {
    Optional<Properties> stored =
        VersionedProperties.read(
            file, VERSION, "run down with that version, or choose another work directory.");
    if (stored.isEmpty()) {
      return Optional.empty();
    }
    Properties properties = stored.get();
    try {
      return Optional.of(
          new Ports(
              port(properties, "sourceMilvus"),
              port(properties, "targetMilvus"),
              port(properties, "etcd"),
              port(properties, "pulsar"),
              port(properties, "pulsarWeb"),
              port(properties, "server"),
              port(properties, "flink")));
    } catch (NumberFormatException e) {
      throw new PlaygroundException(
          file + " is damaged; delete it after stopping what runs there.", e);
    }
  }

  void write(Ports ports) {
    Properties properties = new Properties();
    properties.setProperty("version", VERSION);
    properties.setProperty("sourceMilvus", Integer.toString(ports.sourceMilvus()));
    properties.setProperty("targetMilvus", Integer.toString(ports.targetMilvus()));
    properties.setProperty("etcd", Integer.toString(ports.etcd()));
    properties.setProperty("pulsar", Integer.toString(ports.pulsar()));
    properties.setProperty("pulsarWeb", Integer.toString(ports.pulsarWeb()));
    properties.setProperty("server", Integer.toString(ports.server()));
    properties.setProperty("flink", Integer.toString(ports.flink()));
    try (Writer writer = Files.newBufferedWriter(file)) {
      properties.store(writer, "The ports of this playground");
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file + "; make it writable.", e);
    }
  }

  private static int port(Properties properties, String name) {
    return Integer.parseInt(properties.getProperty(name, ""));
  }
}
