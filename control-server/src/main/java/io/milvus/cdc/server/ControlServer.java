package io.milvus.cdc.server;

import dev.failsafe.Failsafe;
import dev.failsafe.RetryPolicy;
import io.milvus.cdc.etcd.EtcdConnection;
import io.milvus.cdc.log.ChannelPosition;
import io.milvus.cdc.log.LogRetention;
import io.milvus.cdc.log.ReplicatedPositions;
import io.milvus.cdc.log.StartPositionReader;
import io.milvus.cdc.server.api.ApiSettings;
import io.milvus.cdc.server.api.BearerToken;
import io.milvus.cdc.server.api.CdcApi;
import io.milvus.cdc.server.api.HealthCheck;
import io.milvus.cdc.server.config.InvalidConfigurationException;
import io.milvus.cdc.server.config.ServerConfig;
import io.milvus.cdc.server.config.ServerConfig.Embedded;
import io.milvus.cdc.server.config.ServerConfig.Remote;
import io.milvus.cdc.server.config.Settings;
import io.milvus.cdc.server.flink.EmbeddedFlink;
import io.milvus.cdc.server.flink.FlinkRest;
import io.milvus.cdc.server.flink.JobTemplate;
import io.milvus.cdc.server.flink.SnapshotFiles;
import io.milvus.cdc.server.tasks.EtcdLifecycleStore;
import io.milvus.cdc.server.tasks.LagHistory;
import io.milvus.cdc.server.tasks.MilvusTargetProbe;
import io.milvus.cdc.server.tasks.Parallelism;
import io.milvus.cdc.server.tasks.Reconciler;
import io.milvus.cdc.server.tasks.ReconcilerSettings;
import io.milvus.cdc.server.tasks.RetentionWatch;
import io.milvus.cdc.server.tasks.SourceLog;
import io.milvus.cdc.server.tasks.TaskException;
import io.milvus.cdc.server.tasks.TaskService;
import io.milvus.cdc.task.EtcdTaskStore;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions;
import io.milvus.cdc.task.StoreAccess;
import io.milvus.cdc.task.TaskDefinition;
import io.milvus.cdc.task.TaskStoreAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.apache.logging.log4j.LogManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * The control server's process. Runs until it is told to end by SIGTERM or SIGINT; jobs of an
 * embedded cluster are then stopped with a savepoint, those of a remote one are left alone.
 */
@Command(
    name = "control-server",
    mixinStandardHelpOptions = true,
    subcommands = ConfigCommand.class,
    description = "Accepts replication tasks on POST /cdc and runs each as a Flink job.")
public final class ControlServer implements Callable<Integer> {

  private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
  private static final String ENTRY_CLASS = "io.milvus.cdc.ReplicationJob";
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);

  /** How long a starting server waits for the task store. */
  private static final Duration START_PATIENCE = Duration.ofSeconds(30);

  private static final Duration START_RETRY = Duration.ofSeconds(1);
  private static final int FAILED = 1;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "Settings as YAML.")
  private Optional<Path> file = Optional.empty();

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      scope = ScopeType.INHERIT,
      description = "One setting; wins over the file and the environment. Can be repeated.")
  private Map<String, String> settings = Map.of();

  private final Deque<Runnable> closing = new ArrayDeque<>();
  private final CountDownLatch stopped = new CountDownLatch(1);

  /** Starts the server; ends the process with 0 after SIGTERM, with another code after an error. */
  public static void main(String[] arguments) {
    // gRPC logs by java.util.logging.
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    System.exit(new CommandLine(new ControlServer()).execute(arguments));
  }

  @Override
  public Integer call() {
    try {
      Settings given = settings();
      ServerConfig config = ServerConfig.from(given);
      for (Path exposed : given.exposedFiles()) {
        LOG.warn("A file with a secret can be read by other users, chmod 600 it: file={}", exposed);
      }
      Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "stop"));
      start(config);
    } catch (InvalidConfigurationException e) {
      LOG.error("Not started, a setting is wrong: {}", e.getMessage());
      return FAILED;
    } catch (RuntimeException e) {
      LOG.error("Not started: {}", e.getMessage(), e);
      return FAILED;
    }
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return 0;
  }

  /**
   * All settings that the process was given.
   *
   * @throws InvalidConfigurationException when they cannot be read
   */
  Settings settings() {
    return Settings.load(file, System.getenv(), settings);
  }

  private void start(ServerConfig config) {
    long begin = System.nanoTime();
    if (config.http().isOpen()) {
      LOG.warn(
          "Whoever reaches {} can do everything: set server.token, or server.host to 127.0.0.1",
          config.http().host());
    }
    StoreAccess access = config.metaStore().access();
    // For the jobs of an embedded Flink: nothing secret goes through their arguments.
    StoreAccess.install(access);
    if (access.key().isEmpty()) {
      LOG.warn(
          "Credentials of tasks are stored in clear text in the metaStore: set secretKeyFile, or"
              + " CDC_SECRET_KEY in the environment, to seal those of new tasks");
    }
    TaskStoreAddress store =
        new TaskStoreAddress(config.metaStore().endpoints(), config.metaStore().rootPath());
    EtcdConnection etcd = EtcdConnection.open(store.etcd(access));
    onStop(etcd::close);
    EtcdTaskStore taskStore = store.open();
    onStop(taskStore::close);
    StoredDefinitions definitions = new StoredDefinitions(taskStore);
    EtcdLifecycleStore lifecycles = new EtcdLifecycleStore(etcd, config.metaStore().rootPath());
    awaitAnswer(lifecycles);

    URI flinkAddress = flinkAddress(config);
    boolean embedded = config.flink().cluster() instanceof Embedded;
    FlinkRest flink =
        new FlinkRest(
            flinkAddress,
            new JobTemplate(
                config.flink().jobJar().orElseGet(() -> jobJar(embedded)),
                ENTRY_CLASS,
                config.metaStore().endpoints(),
                config.metaStore().rootPath(),
                config.flink().checkpointInterval(),
                config.flink().checkpointDirectory(),
                config.target()));
    Reconciler reconciler =
        new Reconciler(
            lifecycles,
            definitions,
            flink,
            new SnapshotFiles(config.flink().checkpointDirectory()),
            embedded ? ReconcilerSettings.embedded() : ReconcilerSettings.remote(),
            Clock.systemUTC());
    onStop(embedded ? () -> reconciler.stopJobs(STOP_TIMEOUT) : reconciler::close);
    SourceLog sourceLog = new SourceReading();
    RetentionWatch retention = new RetentionWatch(sourceLog, config.source());
    retention.start();
    onStop(retention::close);
    TaskService tasks =
        new TaskService(
            lifecycles,
            definitions,
            reconciler,
            sourceLog,
            retention,
            new MilvusTargetProbe(),
            config.source(),
            new Parallelism(
                config.flink().parallelism(),
                // The embedded Flink has room for so many subtasks of every task, and no more.
                embedded ? config.flink().parallelism() : ServerConfig.LARGEST_PARALLELISM),
            config.maxTasks(),
            Clock.systemUTC());
    LagHistory lags = new LagHistory(tasks::known, Clock.systemUTC());
    onStop(lags::close);
    CdcApi api =
        new CdcApi(
            tasks,
            lags,
            List.of(
                new HealthCheck("etcd", lifecycles::check),
                new HealthCheck("flink", reconciler::checkCluster)),
            new ApiSettings(
                config.http().host(),
                config.http().port(),
                config.http().token().map(token -> new BearerToken(token.value())),
                config.http().idleTimeout(),
                config.http().requestTimeout(),
                config.flink().pageUrl().orElse(flinkAddress)));
    onStop(api::close);
    int port = api.start();
    reconciler.start();
    lags.start();
    LOG.info(
        "Control server is ready: address=http://{}:{}/cdc flink={} millis={}",
        config.http().host(),
        port,
        flinkAddress,
        (System.nanoTime() - begin) / 1_000_000);
  }

  /** Servers of one machine or compose file start together: the store may still be on its way. */
  private static void awaitAnswer(EtcdLifecycleStore lifecycles) {
    Failsafe.with(
            RetryPolicy.builder()
                .handle(TaskException.class)
                .withDelay(START_RETRY)
                .withMaxDuration(START_PATIENCE)
                .withMaxRetries(-1)
                .onRetry(
                    retry -> {
                      if (retry.getAttemptCount() == 1) {
                        LOG.warn("Waiting: reason={}", retry.getLastException().getMessage());
                      }
                    })
                .build())
        .run(lifecycles::check);
  }

  private URI flinkAddress(ServerConfig config) {
    if (config.flink().cluster() instanceof Remote remote) {
      return remote.restUrl();
    }
    EmbeddedFlink cluster =
        EmbeddedFlink.start(
            ((Embedded) config.flink().cluster()).restPort(),
            config.maxTasks() * config.flink().parallelism(),
            temporaryDirectory());
    onStop(cluster::close);
    return cluster.restAddress();
  }

  private static Path temporaryDirectory() {
    try {
      return Files.createTempDirectory("milvus-cdc-flink-");
    } catch (IOException e) {
      throw new UncheckedIOException("No temporary directory can be made for Flink", e);
    }
  }

  /** The source as the task's jobs read it. */
  private static final class SourceReading implements SourceLog {

    @Override
    public StartPositions starts(
        SourceCluster source, Selection selection, RequestedStarts requested) {
      try {
        return StartPositionReader.read(source, selection, requested);
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
    }

    @Override
    public List<ChannelPosition> positions(
        SourceCluster source, Selection selection, Instant until) {
      try {
        return ReplicatedPositions.read(source, selection, until);
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
    }

    @Override
    public Optional<Duration> retention(SourceCluster source) {
      try {
        return LogRetention.time(source);
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
    }
  }

  /**
   * The job's jar that lies beside the server: the embedded cluster has the job's libraries on its
   * class path, another cluster gets them with the job.
   */
  private static Path jobJar(boolean embedded) {
    try {
      Path own =
          Path.of(TaskDefinition.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      return embedded ? own : own.resolveSibling("../cluster/milvus-cdc-job.jar").normalize();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("The class path is not one of files; set flink.jobJar", e);
    }
  }

  /** What was started last is stopped first. */
  private synchronized void onStop(Runnable step) {
    closing.push(step);
  }

  private synchronized void stop() {
    LOG.info("Control server stops");
    while (!closing.isEmpty()) {
      try {
        closing.pop().run();
      } catch (RuntimeException e) {
        LOG.warn("A part did not stop cleanly: reason={}", e.getMessage());
      }
    }
    LOG.info("Control server has stopped");
    stopped.countDown();
    LogManager.shutdown();
  }
}
