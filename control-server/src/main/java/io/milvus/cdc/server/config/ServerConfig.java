package io.milvus.cdc.server.config;

import io.milvus.cdc.security.AccessSettings;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.TlsSettings;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StoreAccess;
import io.milvus.cdc.task.TargetTuning;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Everything the server is told when it starts.
 *
 * @param http where the server listens
 * @param metaStore where tasks are kept
 * @param source the Milvus that all tasks read
 * @param flink where jobs run
 * @param target how targets are written
 * @param maxTasks how many tasks there may be at once
 */
public record ServerConfig(
    Http http,
    MetaStore metaStore,
    SourceCluster source,
    Flink flink,
    TargetTuning target,
    int maxTasks) {

  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]+=*");
  private static final Duration LONGEST_TIMEOUT = Duration.ofHours(1);

  /**
   * Where the server listens.
   *
   * @param host address of the network interface
   * @param port TCP port
   * @param token what every request has to bring, when one is set
   * @param idleTimeout how long a connection may be silent, also in the middle of a request
   * @param requestTimeout how long a client waits for the answer to a request
   */
  public record Http(
      String host,
      int port,
      Optional<Secret> token,
      Duration idleTimeout,
      Duration requestTimeout) {

    /** Whether everybody who reaches the machine may do everything. */
    public boolean isOpen() {
      try {
        return token.isEmpty() && !InetAddress.getByName(host).isLoopbackAddress();
      } catch (UnknownHostException e) {
        return token.isEmpty();
      }
    }
  }

  /**
   * The etcd that holds the tasks.
   *
   * @param endpoints client addresses, for example {@code http://127.0.0.1:2379}
   * @param rootPath prefix of all keys, without slashes at its ends
   * @param access how to get in, and what seals the secrets there
   */
  public record MetaStore(List<String> endpoints, String rootPath, StoreAccess access) {}

  /** The most subtasks that a job may have. */
  public static final int LARGEST_PARALLELISM = 128;

  /**
   * Where jobs run, and with what.
   *
   * @param cluster the cluster
   * @param parallelism subtasks of each job whose task does not say it
   * @param checkpointInterval time between two checkpoints
   * @param checkpointDirectory URI below which checkpoints and savepoints are kept; the cluster and
   *     the server both reach it
   * @param jobJar the jar that holds the job; absent when the one beside the server is meant
   * @param pageUrl where a browser finds the cluster's page; absent when that is the address of its
   *     REST interface
   */
  public record Flink(
      Cluster cluster,
      int parallelism,
      Duration checkpointInterval,
      URI checkpointDirectory,
      Optional<Path> jobJar,
      Optional<URI> pageUrl) {}

  /** A Flink cluster. */
  public sealed interface Cluster permits Embedded, Remote {}

  /**
   * A cluster inside the server.
   *
   * @param restPort port of its REST interface and its web page
   */
  public record Embedded(int restPort) implements Cluster {}

  /**
   * A cluster of its own.
   *
   * @param restUrl address of its REST interface
   */
  public record Remote(URI restUrl) implements Cluster {}

  /**
   * Reads and checks all settings.
   *
   * @throws InvalidConfigurationException naming the key that is wrong and why
   */
  public static ServerConfig from(Settings settings) {
    AccessSettings access =
        new AccessSettings(settings::text, settings::secret, UnaryOperator.identity());
    ServerConfig config;
    try {
      config =
          new ServerConfig(
              http(settings),
              metaStore(settings, access),
              source(settings, access),
              flink(settings),
              target(settings),
              settings.integer("limits.maxTasks", 100, 1, 10_000));
    } catch (AccessSettings.WrongException e) {
      throw new InvalidConfigurationException(e.getMessage());
    }
    settings.refuseUnknown();
    return config;
  }

  private static Http http(Settings settings) {
    String host = settings.text("server.host", "127.0.0.1");
    int port = settings.integer("server.port", 8444, 0, 65535);
    Optional<Secret> token = settings.secret("server.token");
    // RFC 6750: what a client can send behind "Bearer".
    if (token.filter(given -> !TOKEN.matcher(given.value()).matches()).isPresent()) {
      throw new InvalidConfigurationException(
          "server.token must be letters, digits and -._~+/ alone, without spaces");
    }
    return new Http(
        host,
        port,
        token,
        timeout(settings, "server.idleTimeout", Duration.ofSeconds(60)),
        timeout(settings, "server.requestTimeout", Duration.ofSeconds(120)));
  }

  private static Duration timeout(Settings settings, String key, Duration byDefault) {
    Duration timeout = settings.duration(key, byDefault);
    if (timeout.isZero() || timeout.compareTo(LONGEST_TIMEOUT) > 0) {
      throw settings.wrong(key, "more than 0 and at most 1h");
    }
    return timeout;
  }

  private static MetaStore metaStore(Settings settings, AccessSettings access) {
    MetaStore metaStore =
        new MetaStore(
            endpoints(settings, "metaStore.endpoints"),
            path(settings, "metaStore.rootPath", "milvus-cdc"),
            StoreAccess.read(access));
    requireTls(settings, metaStore.access().tls(), "metaStore", "metaStore.endpoints");
    return metaStore;
  }

  private static SourceCluster source(Settings settings, AccessSettings access) {
    SourceCluster source =
        new SourceCluster(
            endpoints(settings, "source.etcd.endpoints"),
            path(settings, "source.etcd.rootPath", "by-dev"),
            path(settings, "source.etcd.metaPath", "meta"),
            address(settings, "source.pulsar.serviceUrl", "pulsar://127.0.0.1:6650", "pulsar"),
            address(settings, "source.pulsar.adminUrl", "http://127.0.0.1:8080", "http"),
            settings.text("source.pulsar.tenant", "public"),
            settings.text("source.pulsar.namespace", "default"),
            settings.text("source.topicPrefix", "by-dev"),
            settings.text("source.replicateChannel"),
            access.user("source.etcd"),
            access.tls("source.etcd"),
            settings.secret("source.pulsar.token"),
            access.tlsWithoutName("source.pulsar"));
    requireTls(settings, source.etcdTls(), "source.etcd", "source.etcd.endpoints");
    requireTls(settings, source.pulsarTls(), "source.pulsar", "source.pulsar.serviceUrl");
    requireTls(settings, source.pulsarTls(), "source.pulsar", "source.pulsar.adminUrl");
    return source;
  }

  /** Certificates that no connection would look at are a mistake. */
  private static void requireTls(
      Settings settings, Optional<TlsSettings> tls, String section, String addressKey) {
    boolean everywhere =
        Arrays.stream(settings.text(addressKey, "").split(",", -1))
            .allMatch(address -> address.strip().matches("(?i)(https|pulsar\\+ssl):.*"));
    if (tls.isPresent() && !everywhere) {
      throw new InvalidConfigurationException(
          "%s has certificates (caFile, certificateFile or serverName), but %s is without TLS; "
              .formatted(section, addressKey)
              .concat("write it with https:// or pulsar+ssl://"));
    }
  }

  private static Flink flink(Settings settings) {
    String mode = settings.oneOf("flink.mode", "embedded", "embedded", "remote");
    int restPort = settings.integer("flink.restPort", 8081, 0, 65535);
    Optional<String> restUrl = settings.text("flink.restUrl");
    Cluster cluster =
        mode.equals("remote")
            ? new Remote(
                URI.create(address(settings, "flink.restUrl", "http://127.0.0.1:8081", "http")))
            : new Embedded(restPort);
    if (cluster instanceof Embedded && restUrl.isPresent()) {
      throw settings.wrong("flink.restUrl", "left out unless flink.mode is remote");
    }
    Duration interval = settings.duration("flink.checkpointInterval", Duration.ofSeconds(10));
    if (interval.compareTo(Duration.ofMillis(100)) < 0) {
      throw settings.wrong("flink.checkpointInterval", "at least 100ms");
    }
    return new Flink(
        cluster,
        settings.integer("flink.parallelism", 1, 1, LARGEST_PARALLELISM),
        interval,
        directory(settings, "flink.checkpointDirectory", "data/checkpoints"),
        settings.text("flink.jobJar").map(Path::of),
        settings
            .text("flink.pageUrl")
            .map(
                url ->
                    URI.create(
                        address(settings, "flink.pageUrl", "https://flink.example", "http"))));
  }

  private static TargetTuning target(Settings settings) {
    TargetTuning usual = TargetTuning.DEFAULT;
    Duration longestRetry = settings.duration("target.longestRetry", usual.longestRetry());
    if (longestRetry.compareTo(Duration.ofMillis(50)) < 0
        || longestRetry.compareTo(Duration.ofMinutes(1)) > 0) {
      throw settings.wrong("target.longestRetry", "from 50ms to 1min");
    }
    Duration patience = settings.duration("target.patience", usual.patience());
    if (patience.compareTo(longestRetry) < 0) {
      throw settings.wrong("target.patience", "at least target.longestRetry");
    }
    return new TargetTuning(
        settings.integer("target.calls", usual.calls(), 1, 256),
        (long)
                settings.integer(
                    "target.bufferMegabytes", (int) (usual.bufferBytes() >> 20), 1, 2047)
            << 20,
        settings.integer("target.batchRows", usual.batchRows(), 1, 100_000),
        (long) settings.integer("target.batchMegabytes", (int) (usual.batchBytes() >> 20), 1, 63)
            << 20,
        longestRetry,
        patience);
  }

  private static List<String> endpoints(Settings settings, String key) {
    List<String> endpoints = settings.requiredList(key, "[http://127.0.0.1:2379]");
    for (String endpoint : endpoints) {
      refuseUser(key, endpoint);
      if (!isAddress(endpoint, "http")) {
        throw settings.wrong(key, "a list of addresses such as http://127.0.0.1:2379");
      }
    }
    if (endpoints.stream().map(endpoint -> isAddress(endpoint, "https")).distinct().count() > 1) {
      throw settings.wrong(key, "addresses of one kind, all http or all https");
    }
    return endpoints;
  }

  private static String path(Settings settings, String key, String byDefault) {
    String path = settings.text(key, byDefault).replaceAll("^/+|/+$", "");
    if (path.isEmpty()) {
      throw settings.wrong(key, "a path with at least one name, such as " + byDefault);
    }
    return path;
  }

  private static String address(Settings settings, String key, String example, String scheme) {
    String address = settings.required(key, example);
    refuseUser(key, address);
    if (!isAddress(address, scheme)) {
      throw settings.wrong(key, "an address such as " + example);
    }
    return address.replaceAll("/+$", "");
  }

  /** Addresses go into logs and into the arguments of jobs: the address is not told either. */
  private static void refuseUser(String key, String address) {
    if (address.contains("@")) {
      throw new InvalidConfigurationException(
          key + " must be an address without a user; user and password have settings of their own");
    }
  }

  private static boolean isAddress(String text, String scheme) {
    try {
      URI uri = new URI(text);
      String actual = Optional.ofNullable(uri.getScheme()).orElse("").toLowerCase(Locale.ROOT);
      boolean rightScheme =
          scheme.equals("pulsar")
              ? actual.equals("pulsar") || actual.equals("pulsar+ssl")
              : actual.equals("https") || (scheme.equals("http") && actual.equals("http"));
      return rightScheme && uri.getAuthority() != null;
    } catch (URISyntaxException e) {
      return false;
    }
  }

  private static URI directory(Settings settings, String key, String byDefault) {
    String text = settings.text(key, byDefault);
    if (!text.contains(":/")) {
      return Path.of(text).toAbsolutePath().normalize().toUri();
    }
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      throw settings.wrong(key, "a directory, or a URI such as s3://bucket/cdc");
    }
  }
}
