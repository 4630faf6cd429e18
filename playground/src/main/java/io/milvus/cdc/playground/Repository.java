package io.milvus.cdc.playground;

import java.nio.file.Files;
import java.nio.file.Path;

/** Finds the root of this repository. */
final class Repository {

  /** The system property that names the root where the working directory does not lie in it. */
  static final String PROPERTY = "milvus.cdc.repository";

  private Repository() {}

  static Path find() {
    String property = System.getProperty(PROPERTY, "");
    if (!property.isEmpty()) {
      return Path.of(property);
    }
    Path start = Path.of("").toAbsolutePath();
    // Maven runs the tests of a module in the module's directory.
    for (Path directory = start; directory != null; directory = directory.getParent()) {
      if (Files.isRegularFile(directory.resolve("mvnw"))
          && Files.isRegularFile(directory.resolve("playground/pom.xml"))) {
        return directory;
      }
    }
    throw new PlaygroundException(
        start + " is not inside the repository; run from there or set -D" + PROPERTY + "=<root>.");
  }
}
