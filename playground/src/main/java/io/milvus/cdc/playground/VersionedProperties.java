package io.milvus.cdc.playground;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;

/** Reads the small files that one call of the playground leaves for the next. */
final class VersionedProperties {

  private VersionedProperties() {}

  /**
   * The properties in a file, or empty when there is no such file.
   *
   * @param version the value that its property "version" must have
   * @param otherVersion what to do when it has another one, for the error
   * @throws PlaygroundException when it has another one
   */
  static Optional<Properties> read(Path file, String version, String otherVersion) {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file + "; make it readable.", e);
    }
    if (!version.equals(properties.getProperty("version"))) {
      throw new PlaygroundException(
          file + " was written by another version of the playground; " + otherVersion);
    }
    return Optional.of(properties);
  }
}
