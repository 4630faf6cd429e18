package io.milvus.cdc.playground;

import io.milvus.cdc.playground.PlaygroundSettings.Lifetime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The real parts of a replication on one machine, started as processes of their own.
 *
 * <pre>{@code
 * try (Playground playground = Playground.create(directory, Ports.free())) {
 *   playground.start(Part.SOURCE, Part.TARGET);
 *   playground.kill(Part.PULSAR);
 *   playground.start(Part.PULSAR);
 * }
 * }</pre>
 *
 * <p>All that the parts write lies in the work directory, so a part that was stopped or killed
 * starts again on its data. The directory also records the processes: a playground that is created
 * again on a directory whose parts still run takes them over. May be used by several threads.
 */
public final class Playground implements AutoCloseable {

  private static final Duration START_TIMEOUT = Duration.ofMinutes(3);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(15);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(100);

  /** The order in which parts are stopped, those of a group together: each before what it needs. */
  private static final List<Set<Part>> STOP_ORDER =
      List.of(
          EnumSet.of(Part.SERVER),
          EnumSet.of(
              Part.TASK_MANAGER,
              Part.SECOND_TASK_MANAGER,
              Part.JOB_MANAGER,
              Part.SOURCE,
              Part.TARGET),
          EnumSet.of(Part.PULSAR, Part.ETCD));

  private final Path directory;
  private final Ports ports;
  private final PlaygroundSettings settings;
  private final Launcher launcher;
  private final ProcessRecords records;
  private final Optional<Watchdog> watchdog;
  private final Map<Part, Object> locks = new EnumMap<>(Part.class);

  private Playground(Path directory, Ports ports, PlaygroundSettings settings) {
    this.directory = directory;
    this.ports = ports;
    this.settings = settings;
    this.launcher = new Launcher(directory, ports, settings);
    this.records = new ProcessRecords(directory.resolve("processes"));
    this.watchdog =
        settings.lifetime() == Lifetime.THIS_JVM ? Optional.of(new Watchdog()) : Optional.empty();
    for (Part part : Part.values()) {
      locks.put(part, new Object());
    }
  }

  /** A playground with {@link PlaygroundSettings#defaults()}; nothing is started yet. */
  public static Playground create(Path workDirectory, Ports ports) {
    return create(workDirectory, ports, PlaygroundSettings.defaults());
  }

  /**
   * A playground; nothing is started yet.
   *
   * @param workDirectory where the parts keep everything they write; created when it is not there
   */
  public static Playground create(Path workDirectory, Ports ports, PlaygroundSettings settings) {
    Path directory = workDirectory.toAbsolutePath().normalize();
    try {
      Files.createDirectories(directory.resolve("logs"));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot create " + directory + "; choose another one.", e);
    }
    return new Playground(directory, ports, settings);
  }

  /**
   * Starts parts, and first what they need, and returns when each of them answers. Parts that are
   * running already are left as they are; parts that do not need each other start side by side.
   *
   * @throws PlaygroundException when a part does not come up; the message ends with what it logged
   *     last
   */
  public void start(Part... parts) {
    Set<Part> all = EnumSet.noneOf(Part.class);
    Arrays.stream(parts).forEach(part -> addWithNeeds(part, all));
    ExecutorService executor = Executors.newCachedThreadPool();
    try {
      List<Part> missing = all.stream().filter(part -> !running(part)).toList();
      // Before anything is downloaded or started in vain.
      missing.forEach(this::checkPortsAreFree);
      join(
          launcher.preparations(missing).stream()
              .map(preparation -> CompletableFuture.runAsync(preparation, executor))
              .toList());
      Map<Part, CompletableFuture<Void>> starts = new EnumMap<>(Part.class);
      join(all.stream().map(part -> startAfterNeeds(part, starts, executor)).toList());
    } finally {
      executor.shutdownNow();
    }
  }

  /**
   * Asks a part to end, waits for it, and kills it when it does not end in 15 seconds. A part that
   * does not run is left as it is.
   */
  public void stop(Part part) {
    synchronized (lock(part)) {
      records
          .running(part)
          .ifPresent(
              process -> {
                signal("TERM", process);
                // A suspended process would see it only when it is resumed.
                signal("CONT", process);
                if (!awaitEnd(process, STOP_TIMEOUT)) {
                  killAndAwait(process);
                }
              });
      records.remove(part);
    }
  }

  /** Ends a part at once, as a crash would. A part that does not run is left as it is. */
  public void kill(Part part) {
    synchronized (lock(part)) {
      records.running(part).ifPresent(Playground::killAndAwait);
      records.remove(part);
    }
  }

  /**
   * Freezes a part: its connections stay open and nothing answers. A Milvus server that is frozen
   * for longer than its session lasts (15 seconds) ends when it is resumed.
   *
   * @throws PlaygroundException when the part does not run
   */
  public void suspend(Part part) {
    signal("STOP", process(part));
  }

  /**
   * Lets a suspended part go on.
   *
   * @throws PlaygroundException when the part does not run
   */
  public void resume(Part part) {
    signal("CONT", process(part));
  }

  /**
   * Lets every write of a part to a file fail, as on a full disk; its log lacks what it says
   * meanwhile.
   *
   * @throws PlaygroundException when the part does not run
   */
  public void forbidWriting(Part part) {
    limitFiles(part, "0");
  }

  /**
   * Undoes {@link #forbidWriting}.
   *
   * @throws PlaygroundException when the part does not run
   */
  public void allowWriting(Part part) {
    limitFiles(part, "unlimited");
  }

  /** The soft limit on the size of files, which its owner may raise again. */
  private void limitFiles(Part part, String bytes) {
    int exit =
        run("prlimit", "--pid", Long.toString(process(part).pid()), "--fsize=" + bytes + ":");
    if (exit != 0) {
      throw new PlaygroundException("prlimit does not work for " + part.title());
    }
  }

  /** Whether a part's process runs; also when it is suspended. */
  public boolean running(Part part) {
    return records.running(part).isPresent();
  }

  /**
   * The process id of a part.
   *
   * @throws PlaygroundException when the part does not run
   */
  public long pid(Part part) {
    return process(part).pid();
  }

  /** The ports. */
  public Ports ports() {
    return ports;
  }

  /** The work directory. */
  public Path directory() {
    return directory;
  }

  /** What a part writes to its standard output and error; kept over restarts. */
  public Path log(Part part) {
    return directory.resolve("logs").resolve(part.id() + ".log");
  }

  /** The last lines of {@link #log} among those that are wanted; empty when there are none. */
  public String endOfLog(Part part, int lines, Predicate<String> wanted) {
    return SoftwareStore.tail(log(part), lines, wanted);
  }

  /** The address of the source's etcd, for example {@code http://127.0.0.1:2379}. */
  public String etcdEndpoint() {
    return "http://127.0.0.1:" + ports.etcd();
  }

  /** The address of Pulsar, for example {@code pulsar://127.0.0.1:6650}. */
  public String pulsarServiceUrl() {
    return "pulsar://127.0.0.1:" + ports.pulsar();
  }

  /** The address of Pulsar's HTTP interface, for example {@code http://127.0.0.1:8080}. */
  public String pulsarAdminUrl() {
    return "http://127.0.0.1:" + ports.pulsarWeb();
  }

  /** The address of the source Milvus, for example {@code http://127.0.0.1:19530}. */
  public String sourceUri() {
    return "http://127.0.0.1:" + ports.sourceMilvus();
  }

  /** The address of the target Milvus, for example {@code http://127.0.0.1:29530}. */
  public String targetUri() {
    return "http://127.0.0.1:" + ports.targetMilvus();
  }

  /** The address of Flink's REST interface and page, for example {@code http://127.0.0.1:8081}. */
  public String flinkUrl() {
    return "http://127.0.0.1:" + ports.flink();
  }

  /** Where the processes of a Flink cluster show Prometheus their metrics. */
  public List<String> flinkMetricsUrls() {
    return Ports.FLINK.stream()
        .map(process -> "http://127.0.0.1:" + ports.flinkMetrics(process) + "/metrics")
        .toList();
  }

  /** The address of the control server, for example {@code http://127.0.0.1:8444}. */
  public String serverUrl() {
    return "http://127.0.0.1:" + ports.server();
  }

  /**
   * Stops everything: orderly when the parts outlive this JVM, at once when they do not, since
   * nobody will use their data again.
   */
  @Override
  public void close() {
    Consumer<Part> end = watchdog.isPresent() ? this::kill : this::stop;
    ExecutorService executor = Executors.newCachedThreadPool();
    try {
      for (Set<Part> group : STOP_ORDER) {
        join(
            group.stream()
                .map(part -> CompletableFuture.runAsync(() -> end.accept(part), executor))
                .toList());
      }
    } finally {
      executor.shutdownNow();
    }
    watchdog.ifPresent(Watchdog::close);
  }

  /**
   * Deletes all that the parts wrote, and the work directory when nothing else lies in it. Of no
   * use while parts run.
   *
   * @throws PlaygroundException when a part runs
   */
  void purge() {
    for (Part part : Part.values()) {
      if (running(part)) {
        throw new PlaygroundException(part.title() + " is running; stop it before its data goes.");
      }
    }
    try {
      for (Part part : Part.values()) {
        SoftwareStore.deleteRecursively(directory.resolve(part.id()));
      }
      for (String own : List.of("flink", "logs", "processes", PortsFile.NAME)) {
        SoftwareStore.deleteRecursively(directory.resolve(own));
      }
      try (Stream<Path> rest = Files.list(directory)) {
        if (rest.findAny().isEmpty()) {
          Files.delete(directory);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot delete " + directory + "; delete it by hand.", e);
    }
  }

  private void addWithNeeds(Part part, Set<Part> all) {
    if (all.add(part)) {
      launcher.needs(part).forEach(need -> addWithNeeds(need, all));
    }
  }

  private CompletableFuture<Void> startAfterNeeds(
      Part part, Map<Part, CompletableFuture<Void>> starts, ExecutorService executor) {
    CompletableFuture<Void> known = starts.get(part);
    if (known != null) {
      return known;
    }
    CompletableFuture<?>[] needs =
        launcher.needs(part).stream()
            .map(need -> startAfterNeeds(need, starts, executor))
            .toArray(CompletableFuture<?>[]::new);
    CompletableFuture<Void> start =
        CompletableFuture.allOf(needs).thenRunAsync(() -> startOne(part), executor);
    starts.put(part, start);
    return start;
  }

  private void startOne(Part part) {
    synchronized (lock(part)) {
      if (running(part)) {
        return;
      }
      checkPortsAreFree(part);
      long startNanos = System.nanoTime();
      Launch launch = launcher.launch(part);
      Process process = spawn(part, launch);
      try {
        awaitReady(part, launch, process);
      } catch (PlaygroundException e) {
        kill(part);
        throw e;
      }
      settings
          .progress()
          .say(
              String.format(
                  "%s is up (%.1f s)", part.title(), (System.nanoTime() - startNanos) / 1e9));
    }
  }

  private void checkPortsAreFree(Part part) {
    for (int port : ports.of(part)) {
      if (!FreePorts.isFree(port)) {
        throw new PlaygroundException(
            "Port "
                + port
                + ", which "
                + part.title()
                + " needs, is used by another program; stop that one or choose other ports.");
      }
    }
  }

  private Process spawn(Part part, Launch launch) {
    // In a session of its own: a signal to the terminal's programs does not reach it.
    List<String> command = new ArrayList<>(List.of("setsid"));
    command.addAll(launch.command());
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(launch.directory().toFile())
            .redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log(part).toFile()));
    builder.environment().putAll(launch.environment());
    Process process;
    try {
      process = ChildProcess.start(builder);
    } catch (IOException e) {
      throw new PlaygroundException(
          "Cannot start " + part.title() + "; is setsid (util-linux) installed?", e);
    }
    watchdog.ifPresent(dog -> dog.watch(process));
    ProcessIdentity identity =
        ProcessIdentity.of(process.pid()).orElseThrow(() -> diedAtOnce(part));
    records.put(part, identity, launch.command());
    return process;
  }

  private void awaitReady(Part part, Launch launch, Process process) {
    long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
    try {
      while (!launch.ready().isReady()) {
        if (process.waitFor(POLL_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
          throw diedAtOnce(part);
        }
        if (System.nanoTime() > deadline) {
          throw new PlaygroundException(
              part.title()
                  + " does not answer after "
                  + START_TIMEOUT.toSeconds()
                  + " s; see "
                  + log(part)
                  + ", which ends with:\n"
                  + SoftwareStore.tail(log(part), 10));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PlaygroundException("Interrupted while starting " + part.title() + ".", e);
    }
  }

  private PlaygroundException diedAtOnce(Part part) {
    return new PlaygroundException(
        part.title()
            + " ended while it was starting; see "
            + log(part)
            + ", which ends with:\n"
            + SoftwareStore.tail(log(part), 10));
  }

  private ProcessIdentity process(Part part) {
    return records
        .running(part)
        .orElseThrow(
            () ->
                new PlaygroundException(
                    "The "
                        + part.title()
                        + " does not run; start it first. Its log: "
                        + log(part)));
  }

  private Object lock(Part part) {
    return locks.get(part);
  }

  private static void killAndAwait(ProcessIdentity process) {
    signal("KILL", process);
    if (!awaitEnd(process, STOP_TIMEOUT)) {
      throw new PlaygroundException(
          "Process " + process.pid() + " stays although it was killed; end it by hand.");
    }
  }

  private static void signal(String name, ProcessIdentity process) {
    // Fails when the process has just ended, which is no harm.
    int unused = run("kill", "-" + name, Long.toString(process.pid()));
  }

  /** Runs a program of the system, and returns what it ends with. */
  private static int run(String... command) {
    try {
      return ChildProcess.start(
              new ProcessBuilder(command)
                  .redirectErrorStream(true)
                  .redirectOutput(ProcessBuilder.Redirect.DISCARD))
          .waitFor();
    } catch (IOException e) {
      throw new PlaygroundException(
          "Cannot run " + command[0] + "; install procps and util-linux.", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PlaygroundException("Interrupted while running " + command[0] + ".", e);
    }
  }

  private static boolean awaitEnd(ProcessIdentity process, Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (process.isAlive()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      ProcessHandle.of(process.pid()).ifPresent(Playground::awaitEndForAWhile);
    }
    return true;
  }

  private static void awaitEndForAWhile(ProcessHandle handle) {
    try {
      handle.onExit().get(POLL_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      // The caller looks again: the end of a process that nobody reaps is never reported.
      return;
    } catch (ExecutionException e) {
      throw new IllegalStateException("Waiting for process " + handle.pid() + " failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PlaygroundException("Interrupted while waiting for a process to end.", e);
    }
  }

  private static void join(List<CompletableFuture<Void>> futures) {
    try {
      CompletableFuture.allOf(futures.toArray(CompletableFuture<?>[]::new)).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof PlaygroundException known) {
        throw new PlaygroundException(known.getMessage(), known);
      }
      throw e;
    }
  }
}
