package io.milvus.cdc.log;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pulsar.client.api.ClientBuilder;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.PulsarClientException;
import org.apache.pulsar.client.impl.ClientBuilderImpl;
import org.apache.pulsar.client.impl.PulsarClientImpl;
import org.apache.pulsar.client.util.ExecutorProvider;
import org.apache.pulsar.common.util.netty.EventLoopUtil;
import org.apache.pulsar.shade.io.netty.channel.EventLoopGroup;
import org.apache.pulsar.shade.io.netty.util.concurrent.DefaultThreadFactory;

/**
 * A Pulsar client with a network thread of its own, which ends as soon as all is closed. The thread
 * that a client makes by itself (Pulsar client 4.0) ends two seconds after its last work, and the
 * client's closing waits for it, so creating, pausing and deleting a task would.
 *
 * <p>That thread also does what the client would leave to another one for every message that comes:
 * to put it where it is read from. Waking that other one took as long as all else that the network
 * thread does for a small message.
 */
final class PulsarSession implements AutoCloseable {

  private static final int CLOSE_TIMEOUT_SECONDS = 5;

  private final PulsarClient client;
  private final EventLoopGroup thread;

  private PulsarSession(PulsarClient client, EventLoopGroup thread) {
    this.client = client;
    this.thread = thread;
  }

  /** Lets the network thread do what is to be done in one thread for a consumer. */
  private static final class InNetworkThread extends ExecutorProvider {

    private final ExecutorService thread;

    InNetworkThread(EventLoopGroup thread) {
      super(1, "pulsar-client-unused");
      this.thread = thread.next();
    }

    @Override
    public ExecutorService getExecutor() {
      return thread;
    }

    @Override
    public ExecutorService getExecutor(Object of) {
      return thread;
    }

    @Override
    public ExecutorService getExecutor(byte[] of) {
      return thread;
    }
  }

  /**
   * Makes a client; connections are made when they are needed.
   *
   * @param builder what the client is like; its numbers of threads have no effect
   */
  static PulsarSession open(ClientBuilder builder) throws PulsarClientException {
    EventLoopGroup thread =
        EventLoopUtil.newEventLoopGroup(
            1, false, new DefaultThreadFactory("pulsar-client-io", true));
    ExecutorProvider inThread = new InNetworkThread(thread);
    try {
      PulsarClient client =
          PulsarClientImpl.builder()
              .conf(((ClientBuilderImpl) builder).getClientConfigurationData())
              .eventLoopGroup(thread)
              .internalExecutorProvider(inThread)
              // The one of listeners, of which there are none; the client wants both or neither.
              .externalExecutorProvider(inThread)
              .build();
      return new PulsarSession(client, thread);
    } catch (PulsarClientException | RuntimeException e) {
      end(thread);
      throw e;
    }
  }

  PulsarClient client() {
    return client;
  }

  /**
   * Closes all that the client has opened, and returns when the network thread has ended; a broker
   * that does not answer is not waited for longer than seconds.
   */
  @Override
  public void close() {
    try {
      client.closeAsync().get(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // Connections of a client that did not close in time end with its threads.
    } finally {
      try {
        client.shutdown();
      } catch (IOException e) {
        // Closed already.
      }
      end(thread);
      NativeZstd.free();
    }
  }

  private static void end(EventLoopGroup thread) {
    boolean unused =
        thread
            .shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .awaitUninterruptibly(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }
}
