package io.milvus.cdc.playground;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One playground for all tests of a JVM. Lies beside the product's code because the tests of other
 * modules use it as well.
 */
public final class TestingPlayground {

  private static Optional<Playground> shared = Optional.empty();

  private TestingPlayground() {}

  /**
   * The playground of this JVM, on free ports and in a new directory below {@code target/}, with at
   * least these parts running. It ends with the JVM. A test that kills, stops or suspends a part
   * starts or resumes it afterwards, or uses {@link #separate()}.
   */
  public static synchronized Playground shared(Part... parts) {
    Playground playground = shared.orElseGet(TestingPlayground::separate);
    shared = Optional.of(playground);
    playground.start(parts);
    return playground;
  }

  /**
   * A playground of the caller's own, on free ports and in a new directory below {@code target/},
   * with nothing running. Ends with the JVM at the latest.
   */
  public static Playground separate() {
    return separate(
        PlaygroundSettings.defaults()
            .withProgress(line -> System.out.println("playground: " + line)));
  }

  /** As {@link #separate()}, with other settings. */
  public static Playground separate(PlaygroundSettings settings) {
    Path target = Path.of("target").toAbsolutePath();
    try {
      Files.createDirectories(target);
      return Playground.create(
          Files.createTempDirectory(target, "playground-"), Ports.free(), settings);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot create a directory in " + target, e);
    }
  }
}
