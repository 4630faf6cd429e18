package io.milvus.cdc.playground;

import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** Knows how each part is configured and started; writes its configuration. */
final class Launcher {

  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();

  private final Path directory;
  private final Ports ports;
  private final PlaygroundSettings settings;
  private final SoftwareStore store;

  Launcher(Path directory, Ports ports, PlaygroundSettings settings) {
    this.directory = directory;
    this.ports = ports;
    this.settings = settings;
    this.store = new SoftwareStore(settings.cache(), settings.repository(), settings.progress());
  }

  /** What must run before a part can start. */
  Set<Part> needs(Part part) {
    return switch (part) {
      case ETCD, PULSAR, TARGET, JOB_MANAGER -> EnumSet.noneOf(Part.class);
      case SOURCE -> EnumSet.of(Part.ETCD, Part.PULSAR);
      case TASK_MANAGER, SECOND_TASK_MANAGER -> EnumSet.of(Part.JOB_MANAGER);
      case SERVER ->
          settings.flinkMode() == FlinkMode.CLUSTER
              ? EnumSet.of(
                  Part.ETCD,
                  Part.PULSAR,
                  Part.JOB_MANAGER,
                  Part.TASK_MANAGER,
                  Part.SECOND_TASK_MANAGER)
              : EnumSet.of(Part.ETCD, Part.PULSAR);
    };
  }

  /** What to do before parts can be launched: downloads, and a look at what has been built. */
  List<Runnable> preparations(Collection<Part> parts) {
    List<Runnable> preparations = new ArrayList<>();
    if (parts.contains(Part.SERVER)) {
      preparations.add(this::checkServerIsBuilt);
    }
    parts.stream()
        .flatMap(part -> software(part).stream())
        .distinct()
        .forEach(software -> preparations.add(() -> store.provide(software)));
    return preparations;
  }

  private void checkServerIsBuilt() {
    if (!Files.isDirectory(serverLibraries())) {
      throw new PlaygroundException(
          "The control server has not been built ("
              + serverLibraries()
              + " is missing); run ./mvnw -DskipTests package.");
    }
  }

  /** Writes a part's configuration and says how to start it. */
  Launch launch(Part part) {
    Path home = home(part);
    return switch (part) {
      case ETCD -> etcd(home);
      case PULSAR -> pulsar(home);
      case SOURCE -> source(home);
      case TARGET -> target(home);
      case JOB_MANAGER -> jobManager(home);
      case TASK_MANAGER, SECOND_TASK_MANAGER -> taskManager(part, home);
      case SERVER -> server(home);
    };
  }

  private static Optional<Software> software(Part part) {
    return switch (part) {
      case ETCD -> Optional.of(Software.ETCD);
      case PULSAR -> Optional.of(Software.PULSAR);
      case SOURCE, TARGET -> Optional.of(Software.MILVUS);
      case JOB_MANAGER, TASK_MANAGER, SECOND_TASK_MANAGER -> Optional.of(Software.FLINK);
      case SERVER -> Optional.empty();
    };
  }

  private Launch etcd(Path home) {
    String client = etcdAddress();
    String peer = "http://127.0.0.1:" + ports.etcdPeer();
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of(
            store.provide(Software.ETCD).resolve("etcd").toString(),
            "--name=playground",
            "--data-dir=" + home.resolve("data"),
            "--listen-client-urls=" + client,
            "--advertise-client-urls=" + client,
            "--listen-peer-urls=" + peer,
            "--initial-advertise-peer-urls=" + peer,
            "--initial-cluster=playground=" + peer,
            "--log-level=warn"));
    // The last of two options of one name counts.
    new TreeMap<>(settings.of(Part.ETCD))
        .forEach((name, value) -> command.add("--" + name + "=" + value));
    return new Launch(
        command,
        Map.of(),
        home,
        () ->
            etcdHasTls()
                ? Probe.listens(ports.etcd())
                : Probe.get(client + "/health")
                    .filter(body -> body.contains("\"true\""))
                    .isPresent());
  }

  private boolean etcdHasTls() {
    return settings.of(Part.ETCD).containsKey("cert-file");
  }

  private String etcdAddress() {
    return (etcdHasTls() ? "https" : "http") + "://127.0.0.1:" + ports.etcd();
  }

  private Launch pulsar(Path home) {
    StringBuilder configuration =
        new StringBuilder(
            Resources.filled(
                "pulsar/standalone.conf",
                Map.of("brokerPort", ports.pulsar(), "webPort", ports.pulsarWeb())));
    // The last of two lines for one key counts.
    new TreeMap<>(settings.brokerSettings())
        .forEach((key, value) -> configuration.append(key).append('=').append(value).append('\n'));
    Path file = write(home.resolve("standalone.conf"), configuration.toString());
    write(home.resolve("log4j2.properties"), Resources.text("log4j2.properties"));
    List<String> command = new ArrayList<>(java(home));
    command.addAll(
        List.of(
            "-Xms128m",
            "-Xmx512m",
            "-XX:MaxDirectMemorySize=512m",
            "-XX:+UseSerialGC",
            "--add-opens=java.base/jdk.internal.loader=ALL-UNNAMED",
            "--add-opens=java.base/jdk.internal.platform=ALL-UNNAMED",
            "--add-opens=java.base/sun.net=ALL-UNNAMED",
            "--add-opens=java.management/sun.management=ALL-UNNAMED",
            "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED",
            "-Dlog4j2.configurationFile=" + home.resolve("log4j2.properties"),
            "-cp",
            store.provide(Software.PULSAR) + "/*",
            "org.apache.pulsar.PulsarStandaloneStarter",
            "--config",
            file.toString(),
            "--no-functions-worker",
            "--no-stream-storage",
            "--bookkeeper-dir",
            home.resolve("data/bookkeeper").toString(),
            "--bookkeeper-port",
            Integer.toString(ports.bookie()),
            "--metadata-dir",
            home.resolve("data/metadata").toString(),
            "--advertised-address",
            "127.0.0.1"));
    String web = "http://127.0.0.1:" + ports.pulsarWeb();
    // What the broker shows to itself.
    Optional<String> token =
        Optional.ofNullable(settings.brokerSettings().get("brokerClientAuthenticationParameters"))
            .filter(parameters -> parameters.startsWith("token:"))
            .map(parameters -> parameters.substring("token:".length()));
    return new Launch(
        command,
        Map.of(),
        home,
        // The broker creates the namespace that Milvus uses after it has begun to answer.
        () ->
            Probe.get(web + "/admin/v2/namespaces/public/default", token).isPresent()
                && Probe.get(web + "/admin/v2/brokers/health", token).isPresent());
  }

  private Launch source(Path home) {
    return milvus(
        Part.SOURCE,
        home,
        ports.sourceMilvus(),
        ports.sourceMetrics(),
        Map.of(
            "embeddedEtcd",
            false,
            "etcdPort",
            ports.etcd(),
            "etcdConfig",
            "",
            "messageQueue",
            "pulsar"));
  }

  private Launch target(Path home) {
    Path etcd =
        write(
            home.resolve("etcd.yaml"),
            Resources.filled(
                "milvus/etcd.yaml",
                Map.of(
                    "directory", home.resolve("data"),
                    "clientPort", ports.targetEtcd(),
                    "peerPort", ports.targetEtcdPeer())));
    return milvus(
        Part.TARGET,
        home,
        ports.targetMilvus(),
        ports.targetMetrics(),
        Map.of(
            "embeddedEtcd",
            true,
            "etcdPort",
            ports.targetEtcd(),
            "etcdConfig",
            etcd,
            "messageQueue",
            "rocksmq"));
  }

  private Launch milvus(
      Part part, Path home, int port, int metricsPort, Map<String, ?> differences) {
    Map<String, Object> values = new HashMap<>(differences);
    values.put("directory", home.resolve("data"));
    values.put("pulsarPort", ports.pulsar());
    values.put("pulsarWebPort", ports.pulsarWeb());
    for (int i = 0; i <= 7; i++) {
      values.put("port" + i, port + i);
    }
    write(home.resolve("milvus.yaml"), Resources.filled("milvus/milvus.yaml", values));
    write(home.resolve("glog.conf"), Resources.text("milvus/glog.conf"));
    Path binaries = store.provide(Software.MILVUS);
    Map<String, String> environment = new HashMap<>();
    // Milvus takes every setting from the environment as well, before its file.
    settings
        .of(part)
        .forEach(
            (name, value) ->
                environment.put(name.replace('.', '_').toUpperCase(Locale.ROOT), value));
    environment.put("DEPLOY_MODE", "STANDALONE");
    environment.put("METRICS_PORT", Integer.toString(metricsPort));
    environment.put("MILVUSCONF", home.toString());
    environment.put("MILVUS_RUN_DIR", home.resolve("run").toString());
    environment.put("LD_LIBRARY_PATH", binaries.toString());
    return new Launch(
        List.of(binaries.resolve("milvus").toString(), "run", "standalone"),
        environment,
        home,
        () -> Probe.answers("http://127.0.0.1:" + metricsPort + "/healthz") && Probe.listens(port));
  }

  private Launch jobManager(Path home) {
    List<String> command =
        flink(
            Part.JOB_MANAGER,
            home,
            "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
            "-Xmx512m",
            "-XX:MaxMetaspaceSize=256m");
    command.addAll(List.of("--executionMode", "cluster"));
    return new Launch(
        command,
        settings.of(Part.JOB_MANAGER),
        home,
        () -> Probe.answers("http://127.0.0.1:" + ports.flink() + "/overview"));
  }

  private Launch taskManager(Part part, Path home) {
    // The JobManager knows one that was killed for a while longer; only its name tells it apart.
    String id = "playground-" + UUID.randomUUID();
    List<String> command =
        flink(
            part,
            home,
            "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
            "-Xmx640m",
            "-XX:MaxDirectMemorySize=448m",
            "-XX:MaxMetaspaceSize=384m");
    command.add("-Dtaskmanager.resource-id=" + id);
    return new Launch(
        command,
        settings.of(part),
        home,
        () ->
            Probe.get("http://127.0.0.1:" + ports.flink() + "/taskmanagers")
                .filter(body -> body.contains(id))
                .isPresent());
  }

  /** A process of the repository's configuration, but for what this machine has otherwise. */
  private List<String> flink(Part part, Path home, String mainClass, String... memory) {
    Path libraries = store.provide(Software.FLINK);
    create(home.resolve("data/tmp"));
    create(home.resolve("data/web"));
    List<String> command = new ArrayList<>(java(home));
    command.add("-XX:+UseSerialGC");
    Collections.addAll(command, memory);
    command.addAll(flinkOpens());
    Path configuration = settings.repository().resolve("flink-conf");
    command.add("-Dlog4j.configurationFile=" + configuration.resolve("log4j-console.properties"));
    command.addAll(
        List.of("-cp", libraries + "/*", mainClass, "--configDir", configuration.toString()));
    Resources.filled(
            "flink/differences.properties",
            Map.of(
                "restPort",
                ports.flink(),
                "rpcPort",
                ports.flinkRpc(),
                "metricsPort",
                ports.flinkMetrics(part),
                "directory",
                home.resolve("data"),
                "checkpoints",
                checkpoints(),
                "savepoints",
                create(directory.resolve("flink/savepoints")).toUri()))
        .lines()
        .filter(line -> !line.startsWith("#"))
        .forEach(line -> command.add("-D" + line));
    return command;
  }

  private Launch server(Path home) {
    boolean remote = settings.flinkMode() == FlinkMode.CLUSTER;
    Path configuration =
        write(
            home.resolve("server.yaml"),
            Resources.filled(
                "server/server.yaml",
                Map.of(
                    "serverPort",
                    ports.server(),
                    "etcd",
                    etcdAddress(),
                    "pulsar",
                    "pulsar://127.0.0.1:" + ports.pulsar(),
                    "pulsarAdmin",
                    "http://127.0.0.1:" + ports.pulsarWeb(),
                    "flinkMode",
                    remote ? "remote" : "embedded",
                    "flinkAddress",
                    remote
                        ? "restUrl: \"http://127.0.0.1:" + ports.flink() + "\""
                        : "restPort: " + ports.flink(),
                    "checkpoints",
                    checkpoints(),
                    "checkpointInterval",
                    settings.checkpointInterval().toMillis() + "ms")));
    List<String> command = new ArrayList<>(java(home));
    command.add("-Xmx1g");
    // Its embedded Flink needs what a cluster's processes need.
    command.addAll(flinkOpens());
    command.addAll(settings.serverJvmOptions());
    command.addAll(
        List.of(
            "-cp",
            serverLibraries() + "/*",
            "io.milvus.cdc.server.ControlServer",
            "--config",
            configuration.toString()));
    return new Launch(
        command,
        settings.of(Part.SERVER),
        home,
        () -> Probe.answers("http://127.0.0.1:" + ports.server() + "/healthz"));
  }

  /** A JVM that leaves nothing in the system's folder for temporary files when it is killed. */
  private static List<String> java(Path home) {
    return List.of(JAVA, "-Djava.io.tmpdir=" + emptied(home.resolve("tmp")));
  }

  private Path serverLibraries() {
    return settings.repository().resolve("control-server/target/control-server/lib");
  }

  private String checkpoints() {
    return create(directory.resolve("flink/checkpoints")).toUri().toString();
  }

  /** What Flink 1.20 reaches into on a JDK 17. */
  private static List<String> flinkOpens() {
    return List.of(
        "--add-exports=java.base/sun.net.util=ALL-UNNAMED",
        "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
        "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
        "--add-opens=java.base/java.io=ALL-UNNAMED",
        "--add-opens=java.base/java.net=ALL-UNNAMED",
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
        "--add-opens=java.base/java.text=ALL-UNNAMED",
        "--add-opens=java.base/java.time=ALL-UNNAMED",
        "--add-opens=java.base/java.util=ALL-UNNAMED",
        "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
        "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
        "--add-opens=java.base/java.util.concurrent.locks=ALL-UNNAMED");
  }

  private Path home(Part part) {
    return create(directory.resolve(part.id()));
  }

  private static Path create(Path directory) {
    try {
      return Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot create " + directory + "; make it writable.", e);
    }
  }

  private static Path emptied(Path directory) {
    try {
      SoftwareStore.deleteRecursively(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot empty " + directory + "; make it writable.", e);
    }
    return create(directory);
  }

  private static Path write(Path file, String text) {
    try {
      return Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file + "; make it writable.", e);
    }
  }
}
