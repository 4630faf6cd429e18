package io.milvus.cdc.playground;

import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How a playground runs, apart from its directory and ports.
 *
 * @param repository the root of this repository: its Maven wrapper fetches Pulsar and Flink, and
 *     the control server is run from its build
 * @param cache where downloaded software is kept; shared by all playgrounds of a user
 * @param lifetime whether the parts end with this JVM
 * @param flinkMode where the control server runs its jobs
 * @param checkpointInterval how often the jobs of the control server write a checkpoint
 * @param brokerSettings what to set in Pulsar's broker configuration beyond the playground's own,
 *     for example {@code defaultRetentionTimeInMinutes}
 * @param partSettings what to tell parts beyond the playground's own: to {@link Part#ETCD} options
 *     of its command line without dashes, to {@link Part#SOURCE} and {@link Part#TARGET} Milvus
 *     settings by their full names, for example {@code common.security.tlsMode}, to the others
 *     environment variables
 * @param serverJvmOptions JVM options of the control server, after the playground's own
 * @param progress told what is being downloaded and started
 */
public record PlaygroundSettings(
    Path repository,
    Path cache,
    Lifetime lifetime,
    FlinkMode flinkMode,
    Duration checkpointInterval,
    Map<String, String> brokerSettings,
    Map<Part, Map<String, String>> partSettings,
    List<String> serverJvmOptions,
    Progress progress) {

  /** Whether the parts of a playground outlive the JVM that started them. */
  public enum Lifetime {
    /** They end with the JVM, however it ends, and close at once instead of orderly. */
    THIS_JVM,
    /** They stay until they are stopped, by this JVM or by a later one. */
    UNTIL_STOPPED
  }

  /** Where the control server runs its jobs. */
  public enum FlinkMode {
    /** In the control server's own process. */
    EMBEDDED,
    /**
     * On {@link Part#JOB_MANAGER}, {@link Part#TASK_MANAGER} and {@link Part#SECOND_TASK_MANAGER}.
     */
    CLUSTER
  }

  /** Copies the collections. */
  public PlaygroundSettings {
    repository = repository.toAbsolutePath().normalize();
    cache = cache.toAbsolutePath().normalize();
    brokerSettings = Map.copyOf(brokerSettings);
    partSettings =
        partSettings.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(
                    Map.Entry::getKey, entry -> Map.copyOf(entry.getValue())));
    serverJvmOptions = List.copyOf(serverJvmOptions);
  }

  /** What to tell a part beyond the playground's own. */
  Map<String, String> of(Part part) {
    return partSettings.getOrDefault(part, Map.of());
  }

  /**
   * The settings of tests: the parts end with this JVM, Flink is embedded, checkpoints every
   * second, no progress.
   *
   * @throws PlaygroundException when the working directory is not in this repository and the system
   *     property {@code milvus.cdc.repository} does not name it
   */
  public static PlaygroundSettings defaults() {
    return new PlaygroundSettings(
        Repository.find(),
        SoftwareStore.defaultDirectory(),
        Lifetime.THIS_JVM,
        FlinkMode.EMBEDDED,
        Duration.ofSeconds(1),
        Map.of(),
        Map.of(),
        List.of(),
        Progress.silent());
  }

  /** The same with another repository. */
  public PlaygroundSettings withRepository(Path value) {
    return new PlaygroundSettings(
        value,
        cache,
        lifetime,
        flinkMode,
        checkpointInterval,
        brokerSettings,
        partSettings,
        serverJvmOptions,
        progress);
  }

  /** The same with another cache. */
  public PlaygroundSettings withCache(Path value) {
    return new PlaygroundSettings(
        repository,
        value,
        lifetime,
        flinkMode,
        checkpointInterval,
        brokerSettings,
        partSettings,
        serverJvmOptions,
        progress);
  }

  /** The same with another lifetime. */
  public PlaygroundSettings withLifetime(Lifetime value) {
    return new PlaygroundSettings(
        repository,
        cache,
        value,
        flinkMode,
        checkpointInterval,
        brokerSettings,
        partSettings,
        serverJvmOptions,
        progress);
  }

  /** The same with another place for the jobs. */
  public PlaygroundSettings withFlinkMode(FlinkMode value) {
    return new PlaygroundSettings(
        repository,
        cache,
        lifetime,
        value,
        checkpointInterval,
        brokerSettings,
        partSettings,
        serverJvmOptions,
        progress);
  }

  /** The same with another checkpoint interval. */
  public PlaygroundSettings withCheckpointInterval(Duration value) {
    return new PlaygroundSettings(
        repository,
        cache,
        lifetime,
        flinkMode,
        value,
        brokerSettings,
        partSettings,
        serverJvmOptions,
        progress);
  }

  /** The same with other broker settings. */
  public PlaygroundSettings withBrokerSettings(Map<String, String> value) {
    return new PlaygroundSettings(
        repository,
        cache,
        lifetime,
        flinkMode,
        checkpointInterval,
        value,
        partSettings,
        serverJvmOptions,
        progress);
  }

  /** The same with other settings of one part. */
  public PlaygroundSettings withPartSettings(Part part, Map<String, String> value) {
    Map<Part, Map<String, String>> changed = new EnumMap<>(Part.class);
    changed.putAll(partSettings);
    changed.put(part, value);
    return new PlaygroundSettings(
        repository,
        cache,
        lifetime,
        flinkMode,
        checkpointInterval,
        brokerSettings,
        changed,
        serverJvmOptions,
        progress);
  }

  /** The same with other JVM options for the control server. */
  public PlaygroundSettings withServerJvmOptions(List<String> value) {
    return new PlaygroundSettings(
        repository,
        cache,
        lifetime,
        flinkMode,
        checkpointInterval,
        brokerSettings,
        partSettings,
        value,
        progress);
  }

  /** The same with another listener. */
  public PlaygroundSettings withProgress(Progress value) {
    return new PlaygroundSettings(
        repository,
        cache,
        lifetime,
        flinkMode,
        checkpointInterval,
        brokerSettings,
        partSettings,
        serverJvmOptions,
        value);
  }
}
