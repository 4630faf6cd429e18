package io.milvus.cdc.server.flink;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.util.FileUtils;

/**
 * A Flink cluster inside this process, with its REST interface and its web page. It remembers
 * nothing when the process ends.
 */
public final class EmbeddedFlink implements AutoCloseable {

  /** What a job of a few exchanges with one channel each takes; one buffer is 32 KiB. */
  private static final int NETWORK_MEBIBYTES_PER_SLOT = 1;

  private static final int SMALLEST_NETWORK_MEBIBYTES = 64;
  private static final Duration START_TIMEOUT = Duration.ofSeconds(30);

  /** Its jobs are stopped by then and nothing of it is kept, so it is not worth a long wait. */
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(3);

  private final MiniCluster cluster;
  private final URI restAddress;
  private final Path workDirectory;

  private EmbeddedFlink(MiniCluster cluster, URI restAddress, Path workDirectory) {
    this.cluster = cluster;
    this.workDirectory = workDirectory;
    this.restAddress = restAddress;
  }

  /**
   * Starts a cluster and returns when its REST interface answers.
   *
   * @param restPort port of the REST interface and the web page on 127.0.0.1; 0 for a free one
   * @param slots how many subtask chains can run at once
   * @param workDirectory where uploaded jars and temporary files go; removed by {@link #close}
   * @throws IllegalStateException when the cluster cannot start, most often because the port is
   *     taken
   */
  public static EmbeddedFlink start(int restPort, int slots, Path workDirectory) {
    MiniCluster cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration(restPort, slots, workDirectory))
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(slots)
                .setCommonBindAddress("127.0.0.1")
                .build());
    try {
      cluster.start();
      URI restAddress = URI.create("http://127.0.0.1:" + cluster.getRestAddress().get().getPort());
      awaitAnswer(restAddress);
      return new EmbeddedFlink(cluster, restAddress, workDirectory);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while starting the embedded Flink cluster", e);
    } catch (Exception e) {
      throw new IllegalStateException(
          "The embedded Flink cluster cannot start; is port "
              + restPort
              + " (flink.restPort) free?",
          e);
    }
  }

  /** The interface is there a moment before the part that it asks about jobs. */
  private static void awaitAnswer(URI restAddress) throws IOException, InterruptedException {
    HttpClient http = HttpClient.newHttpClient();
    HttpRequest request = HttpRequest.newBuilder(restAddress.resolve("/jobs/overview")).build();
    long start = System.nanoTime();
    while (http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() != 200) {
      if (System.nanoTime() - start > START_TIMEOUT.toNanos()) {
        throw new IOException("Its REST interface does not answer within " + START_TIMEOUT);
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private static Configuration configuration(int restPort, int slots, Path workDirectory) {
    Configuration configuration = new Configuration();
    configuration.setString("rest.bind-address", "127.0.0.1");
    configuration.setString("rest.address", "127.0.0.1");
    configuration.setString("rest.port", Integer.toString(restPort));
    configuration.setString("rest.bind-port", Integer.toString(restPort));
    configuration.setString("rest.server.numThreads", "2");
    // Where the cluster serves files to itself, without asking who wants them.
    configuration.setString("jobmanager.bind-host", "127.0.0.1");
    configuration.setString("taskmanager.bind-host", "127.0.0.1");
    configuration.setString("web.submit.enable", "true");
    // No page but Flink's own may read an answer; what others send is refused, see
    // OtherSitesRefused.
    configuration.setString("web.access-control-allow-origin", "http://127.0.0.1:" + restPort);
    configuration.setString("web.tmpdir", workDirectory.toString());
    configuration.setString("web.upload.dir", workDirectory.resolve("jars").toString());
    configuration.setString("io.tmp.dirs", workDirectory.toString());
    // What the page and the REST interface show is at most this old, in milliseconds.
    configuration.setString("web.refresh-interval", "200");
    configuration.setString("metrics.fetcher.update-interval", "250");
    // There is no Kerberos here to get tokens for.
    configuration.setString("security.delegation.tokens.enabled", "false");
    // Everything comes from the server's own class path, so no job leaves a class loader behind.
    configuration.setString("classloader.resolve-order", "parent-first");
    int network = Math.max(SMALLEST_NETWORK_MEBIBYTES, slots * NETWORK_MEBIBYTES_PER_SLOT);
    configuration.setString("taskmanager.memory.network.min", network + "m");
    configuration.setString("taskmanager.memory.network.max", network + "m");
    // State is kept on the heap; nothing uses managed memory.
    configuration.setString("taskmanager.memory.managed.size", "1m");
    configuration.setString("jobstore.max-capacity", "1000");
    RestartStrategy.configuration().forEach(configuration::setString);
    return configuration;
  }

  /** Where the cluster's REST interface and web page are. */
  public URI restAddress() {
    return restAddress;
  }

  /** Stops the cluster with all its jobs and removes its work directory; waits a few seconds. */
  @Override
  public void close() {
    try {
      cluster.closeAsync().get(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("The embedded Flink cluster did not stop cleanly", e);
    } finally {
      FileUtils.deleteDirectoryQuietly(workDirectory.toFile());
    }
  }
}
