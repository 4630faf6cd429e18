package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.ClientBuilder;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.PulsarClientException;
import org.junit.jupiter.api.Test;

class PulsarSessionTest {

  private final Set<Thread> before = networkThreads();

  @Test
  void noNetworkThreadIsLeftWhenASessionIsClosed() throws Exception {
    int nobody;
    try (ServerSocket socket = new ServerSocket(0)) {
      nobody = socket.getLocalPort();
    }
    Set<Thread> threads;
    try (PulsarSession session = PulsarSession.open(builder(nobody))) {
      assertThatThrownBy(() -> session.client().getPartitionsForTopic("topic").get())
          .hasCauseInstanceOf(PulsarClientException.class);
      threads = newNetworkThreads();
    }
    assertThat(threads).hasSize(1);
    for (Thread thread : threads) {
      // It says that it has ended just before it does.
      thread.join(TimeUnit.SECONDS.toMillis(10));
      assertThat(thread.isAlive()).isFalse();
    }
  }

  private static ClientBuilder builder(int port) {
    return PulsarClient.builder()
        .serviceUrl("pulsar://127.0.0.1:" + port)
        .operationTimeout(100, TimeUnit.MILLISECONDS)
        .lookupTimeout(100, TimeUnit.MILLISECONDS);
  }

  private Set<Thread> newNetworkThreads() {
    Set<Thread> threads = networkThreads();
    threads.removeAll(before);
    return threads;
  }

  private static Set<Thread> networkThreads() {
    Set<Thread> threads = new HashSet<>(Thread.getAllStackTraces().keySet());
    threads.removeIf(thread -> !thread.getName().startsWith("pulsar-client-io"));
    return threads;
  }
}
