package io.milvus.cdc.playground;

import io.milvus.cdc.bench.Bench;
import io.milvus.cdc.chaos.Chaos;
import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import io.milvus.cdc.playground.PlaygroundSettings.Lifetime;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command line of the playground; {@code playground/run} builds the project and runs it. */
@Command(
    name = "playground/run",
    description = {
      "Runs Pulsar, etcd, a source and a target Milvus and the control server",
      "on this machine, without containers."
    },
    synopsisSubcommandLabel = "(demo | up | status | logs | down | chaos | bench)",
    subcommands = {
      PlaygroundCommand.DemoVerb.class,
      PlaygroundCommand.UpVerb.class,
      PlaygroundCommand.StatusVerb.class,
      PlaygroundCommand.LogsVerb.class,
      PlaygroundCommand.DownVerb.class,
      PlaygroundCommand.ChaosVerb.class,
      PlaygroundCommand.BenchVerb.class
    })
public final class PlaygroundCommand {

  private PlaygroundCommand() {}

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  void help(boolean wanted) {
    // Picocli prints it.
  }

  /** Runs one verb and ends the JVM with 0, or with 1 and one message about what is wrong. */
  public static void main(String[] arguments) {
    System.exit(run(System.out, System.err, arguments));
  }

  static int run(PrintStream out, PrintStream err, String... arguments) {
    return new CommandLine(new PlaygroundCommand())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
        .setExecutionExceptionHandler(
            (exception, commandLine, parsed) -> {
              commandLine.getErr().println("playground: " + exception.getMessage());
              if (!(exception instanceof PlaygroundException
                  || exception instanceof IllegalArgumentException)) {
                exception.printStackTrace(commandLine.getErr());
              }
              return 1;
            })
        .execute(arguments);
  }

  /** Where a playground is. */
  static final class Place {

    @Option(
        names = "--work-directory",
        paramLabel = "<directory>",
        description = "Where the parts keep their data and logs (default: .playground here).")
    private Optional<Path> workDirectory = Optional.empty();

    Path directory() {
      return workDirectory
          .orElseGet(() -> Repository.find().resolve(".playground"))
          .toAbsolutePath()
          .normalize();
    }
  }

  /** How a new playground is to be. */
  static final class Shape {

    @Option(names = "--source-port", paramLabel = "<port>", description = "Source Milvus (19530).")
    private Optional<Integer> source = Optional.empty();

    @Option(names = "--target-port", paramLabel = "<port>", description = "Target Milvus (29530).")
    private Optional<Integer> target = Optional.empty();

    @Option(names = "--etcd-port", paramLabel = "<port>", description = "etcd (2379).")
    private Optional<Integer> etcd = Optional.empty();

    @Option(names = "--pulsar-port", paramLabel = "<port>", description = "Pulsar (6650).")
    private Optional<Integer> pulsar = Optional.empty();

    @Option(
        names = "--pulsar-web-port",
        paramLabel = "<port>",
        description = "Pulsar's HTTP interface (8080).")
    private Optional<Integer> pulsarWeb = Optional.empty();

    @Option(names = "--server-port", paramLabel = "<port>", description = "Control server (8444).")
    private Optional<Integer> server = Optional.empty();

    @Option(names = "--flink-port", paramLabel = "<port>", description = "Flink's page (8081).")
    private Optional<Integer> flink = Optional.empty();

    @Option(
        names = "--cache",
        paramLabel = "<directory>",
        description = "Where downloaded software is kept (~/.cache/milvus-cdc-playground).")
    private Optional<Path> cache = Optional.empty();

    @Option(
        names = "--flink",
        paramLabel = "<where>",
        description =
            "Where the control server's jobs run: embedded, in its own process, or cluster, a"
                + " JobManager and two TaskManagers (default: ${DEFAULT-VALUE}).")
    private FlinkMode flinkMode = FlinkMode.EMBEDDED;

    Ports over(Ports known) {
      return new Ports(
          source.orElse(known.sourceMilvus()),
          target.orElse(known.targetMilvus()),
          etcd.orElse(known.etcd()),
          pulsar.orElse(known.pulsar()),
          pulsarWeb.orElse(known.pulsarWeb()),
          server.orElse(known.server()),
          flink.orElse(known.flink()));
    }

    PlaygroundSettings settings(PrintStream out) {
      long start = System.nanoTime();
      PlaygroundSettings settings =
          PlaygroundSettings.defaults()
              .withLifetime(Lifetime.UNTIL_STOPPED)
              .withCheckpointInterval(Duration.ofSeconds(10))
              .withFlinkMode(flinkMode)
              .withProgress(
                  line ->
                      out.println(
                          String.format(
                              Locale.ROOT,
                              "%5.1f s  %s",
                              (System.nanoTime() - start) / 1e9,
                              line)));
      return cache.map(settings::withCache).orElse(settings);
    }

    /**
     * The playground of a directory, on the ports it runs on already or on the wanted ones.
     *
     * @throws PlaygroundException when it runs on other ports than the wanted ones
     */
    Playground playground(Place place, PrintStream out) {
      PortsFile file = new PortsFile(place.directory());
      Optional<Ports> known = file.read();
      Ports wanted = over(known.orElseGet(Ports::documented));
      Playground playground = Playground.create(place.directory(), wanted, settings(out));
      if (known.isPresent() && !known.get().equals(wanted)) {
        if (!runningParts(playground).isEmpty()) {
          throw new PlaygroundException(
              "The playground in "
                  + place.directory()
                  + " runs on other ports; run playground/run down first.");
        }
      }
      file.write(wanted);
      return playground;
    }
  }

  @Command(name = "up", description = "Starts the parts and leaves them running.")
  static final class UpVerb implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @Mixin private Place place;
    @Mixin private Shape shape;

    @Option(
        names = "--parts",
        split = ",",
        paramLabel = "<part>",
        description =
            "Only these, with what they need: etcd, pulsar, milvus (source and target), source,"
                + " target, flink, server (default: milvus, server).")
    private List<String> parts = List.of("milvus", "server");

    @Override
    public Integer call() {
      Set<Part> wanted = parts(parts, spec);
      Playground playground = shape.playground(place, System.out);
      playground.start(wanted.toArray(Part[]::new));
      printAddresses(playground, System.out);
      return 0;
    }
  }

  @Command(name = "demo", description = "Starts all parts and shows rows being replicated.")
  static final class DemoVerb implements Callable<Integer> {

    @Mixin private Place place;
    @Mixin private Shape shape;

    @Override
    public Integer call() throws Exception {
      Playground playground = shape.playground(place, System.out);
      playground.start(Part.SOURCE, Part.TARGET, Part.SERVER);
      new Demo(playground, System.out).run();
      printAddresses(playground, System.out);
      return 0;
    }
  }

  @Command(name = "status", description = "Shows what runs; ends with 1 when nothing does.")
  static final class StatusVerb implements Callable<Integer> {

    @Mixin private Place place;

    @Override
    public Integer call() {
      Optional<Playground> known = existing(place);
      if (known.isEmpty() || runningParts(known.get()).isEmpty()) {
        System.out.println("Nothing is running in " + place.directory() + ".");
        return 1;
      }
      Playground playground = known.get();
      for (Part part : Part.values()) {
        if (playground.running(part)) {
          System.out.println(
              String.format(
                  Locale.ROOT,
                  "%-18s running  pid %-7d %5d MB  %s",
                  part.title(),
                  playground.pid(part),
                  residentMegabytes(playground.pid(part)),
                  address(playground, part)));
        } else {
          System.out.println(String.format(Locale.ROOT, "%-18s -", part.title()));
        }
      }
      return 0;
    }
  }

  @Command(name = "logs", description = "Shows the end of the logs.")
  static final class LogsVerb implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @Mixin private Place place;

    @Parameters(
        arity = "0..1",
        paramLabel = "<part>",
        description = "Only this part: etcd, pulsar, source, target, flink or server.")
    private Optional<String> part = Optional.empty();

    @Option(
        names = "--lines",
        paramLabel = "<n>",
        description = "How many lines of each log (default: ${DEFAULT-VALUE}).")
    private int lines = 40;

    @Override
    public Integer call() {
      Set<Part> wanted =
          part.map(name -> parts(List.of(name), spec)).orElse(EnumSet.allOf(Part.class));
      existing(place)
          .ifPresent(
              playground ->
                  wanted.stream()
                      .filter(one -> Files.exists(playground.log(one)))
                      .forEach(
                          one -> {
                            System.out.println("==> " + playground.log(one) + " <==");
                            System.out.println(playground.endOfLog(one, lines, line -> true));
                          }));
      return 0;
    }
  }

  @Command(name = "down", description = "Stops what was started, and nothing else.")
  static final class DownVerb implements Callable<Integer> {

    @Mixin private Place place;

    @Option(names = "--purge", description = "Also delete the data, logs and checkpoints.")
    private boolean purge;

    @Override
    public Integer call() {
      Optional<Playground> known = existing(place);
      known.ifPresent(
          playground -> {
            System.out.println("Stopping " + runningParts(playground).size() + " parts");
            playground.close();
            if (purge) {
              playground.purge();
            }
          });
      return 0;
    }
  }

  @Command(
      name = "chaos",
      description = {
        "Breaks parts while clients write to the source, and compares everything after each round.",
        "Runs on free ports in a directory of its own; ends with 1 at the first difference."
      })
  static final class ChaosVerb implements Callable<Integer> {

    @Mixin private Place place;

    @Option(
        names = "--fault",
        paramLabel = "<faults>",
        description =
            "all, or some of server, task-manager, job-manager, target, target-frozen, connection,"
                + " pulsar, etcd, source, pause, rescale, disk, compaction (default: all).")
    private String fault = "all";

    @Option(
        names = "--rounds",
        paramLabel = "<n>",
        description = "Rounds of each fault (default: ${DEFAULT-VALUE}).")
    private int rounds = 1;

    @Option(
        names = "--faults-per-round",
        paramLabel = "<n>",
        description = "How often the fault happens in a round (default: ${DEFAULT-VALUE}).")
    private int faultsPerRound = 2;

    @Option(
        names = "--seconds",
        paramLabel = "<n>",
        description = "How long clients write in a round, at least (default: ${DEFAULT-VALUE}).")
    private int seconds = 20;

    @Option(
        names = "--seed",
        paramLabel = "<n>",
        description = "Decides what is done (default: another one each time).")
    private Optional<Long> seed = Optional.empty();

    @Option(
        names = "--flink",
        paramLabel = "<where>",
        description =
            "Where the jobs run: embedded, in the control server, or cluster, a JobManager and two"
                + " TaskManagers (default: ${DEFAULT-VALUE}). task-manager and job-manager need the"
                + " cluster, disk the control server's.")
    private FlinkMode flinkMode = FlinkMode.EMBEDDED;

    @Override
    public Integer call() {
      Path home = place.directory().resolve("chaos-" + System.currentTimeMillis());
      new Chaos(
              PlaygroundSettings.defaults().withFlinkMode(flinkMode),
              home,
              rounds,
              faultsPerRound,
              Duration.ofSeconds(seconds),
              seed.orElseGet(() -> System.currentTimeMillis() % 1_000_000),
              System.out)
          .run(fault);
      return 0;
    }
  }

  @Command(
      name = "bench",
      description = {
        "Measures the replication, compared to what the same servers do without it.",
        "Runs on free ports in a directory of its own; leave the machine to it."
      })
  static final class BenchVerb implements Callable<Integer> {

    @Mixin private Place place;

    @Option(
        names = "--case",
        paramLabel = "<cases>",
        description = "all, or some of the cases, separated by commas (default: all).")
    private String cases = "all";

    @Option(
        names = "--repetitions",
        paramLabel = "<n>",
        description = "Of each case (default: ${DEFAULT-VALUE}).")
    private int repetitions = 3;

    @Option(
        names = "--scale",
        paramLabel = "<factor>",
        description = "Of what is written, for a quick look (default: ${DEFAULT-VALUE}).")
    private double scale = 1;

    @Option(
        names = "--target-apart",
        description =
            "The target has the first processor to itself, all else the others, as if it ran on"
                + " another machine.")
    private boolean targetApart = false;

    @Option(names = "--json", paramLabel = "<file>", description = "Where to write all values.")
    private Optional<Path> json = Optional.empty();

    @Override
    public Integer call() {
      Path home = place.directory().resolve("bench-" + System.currentTimeMillis());
      new Bench(home, repetitions, scale, targetApart, System.out).run(cases, json);
      return 0;
    }
  }

  private static Optional<Playground> existing(Place place) {
    return new PortsFile(place.directory())
        .read()
        .map(
            ports ->
                Playground.create(
                    place.directory(),
                    ports,
                    PlaygroundSettings.defaults().withLifetime(Lifetime.UNTIL_STOPPED)));
  }

  private static List<Part> runningParts(Playground playground) {
    return Arrays.stream(Part.values()).filter(playground::running).toList();
  }

  static Set<Part> parts(List<String> names, CommandSpec spec) {
    Set<Part> parts = EnumSet.noneOf(Part.class);
    for (String name : names) {
      switch (name.strip().toLowerCase(Locale.ROOT)) {
        case "etcd" -> parts.add(Part.ETCD);
        case "pulsar" -> parts.add(Part.PULSAR);
        case "milvus" -> parts.addAll(EnumSet.of(Part.SOURCE, Part.TARGET));
        case "source" -> parts.add(Part.SOURCE);
        case "target" -> parts.add(Part.TARGET);
        case "flink" ->
            parts.addAll(EnumSet.of(Part.JOB_MANAGER, Part.TASK_MANAGER, Part.SECOND_TASK_MANAGER));
        case "server" -> parts.add(Part.SERVER);
        default ->
            throw new CommandLine.ParameterException(
                spec.commandLine(),
                "There is no part '"
                    + name
                    + "'; choose from etcd, pulsar, milvus, source, target, flink, server.");
      }
    }
    return parts;
  }

  private static void printAddresses(Playground playground, PrintStream out) {
    out.println();
    for (Part part : Part.values()) {
      if (playground.running(part)) {
        out.println(
            String.format(Locale.ROOT, "  %-18s %s", part.title(), address(playground, part)));
      }
    }
    out.println();
    out.println("All of it keeps running: playground/run status | logs | down");
  }

  private static String address(Playground playground, Part part) {
    return switch (part) {
      case ETCD -> playground.etcdEndpoint();
      case PULSAR -> playground.pulsarServiceUrl() + ", " + playground.pulsarAdminUrl();
      case SOURCE -> playground.sourceUri();
      case TARGET -> playground.targetUri();
      case JOB_MANAGER -> playground.flinkUrl();
      case TASK_MANAGER, SECOND_TASK_MANAGER -> "";
      case SERVER ->
          playground.serverUrl()
              + "/cdc"
              + (playground.running(Part.JOB_MANAGER)
                  ? ""
                  : ", Flink's page " + playground.flinkUrl());
    };
  }

  private static long residentMegabytes(long pid) {
    try (var lines = Files.lines(Path.of("/proc", Long.toString(pid), "status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException | UncheckedIOException e) {
      // It has just ended.
      return 0;
    }
  }
}
