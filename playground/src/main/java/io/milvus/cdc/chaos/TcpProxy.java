package io.milvus.cdc.chaos;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Carries connections to a server, as badly as it is told to. */
final class TcpProxy implements AutoCloseable {

  private static final int BUFFER_BYTES = 1 << 16;
  private static final int CONNECT_MILLIS = 5_000;

  private final ServerSocket listener;
  private final InetSocketAddress server;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile long delayMillis;
  private volatile boolean refusing;
  private volatile boolean losingAnswers;

  /** A proxy on a free port of this machine. */
  TcpProxy(int serverPort) {
    server = new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort);
    try {
      listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException("A proxy cannot listen", e);
    }
    start("accept", this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Resets every connection, wherever its calls are. */
  void cut() {
    for (Socket socket : open) {
      try {
        socket.setOption(StandardSocketOptions.SO_LINGER, 0);
      } catch (IOException e) {
        // It is closed already.
      }
      close(socket);
    }
  }

  /** Whether new connections are closed at once. */
  void refuse(boolean value) {
    refusing = value;
  }

  /** Whether what the server says is thrown away: calls do their work and nobody hears of it. */
  void loseAnswers(boolean value) {
    losingAnswers = value;
  }

  /** How long everything takes longer than it has to, in each direction. */
  void delay(Duration value) {
    delayMillis = value.toMillis();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        if (refusing) {
          close(client);
          continue;
        }
        Socket upstream = new Socket();
        open.add(client);
        open.add(upstream);
        try {
          upstream.connect(server, CONNECT_MILLIS);
        } catch (IOException e) {
          close(client);
          close(upstream);
          continue;
        }
        client.setTcpNoDelay(true);
        upstream.setTcpNoDelay(true);
        start("to-server", () -> carry(client, upstream, false));
        start("to-client", () -> carry(upstream, client, true));
      } catch (IOException e) {
        // The listener was closed, or a client has gone.
      }
    }
  }

  private void carry(Socket from, Socket to, boolean answers) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        if (delayMillis > 0) {
          Thread.sleep(delayMillis);
        }
        if (!(answers && losingAnswers)) {
          out.write(buffer, 0, read);
          out.flush();
        }
      }
    } catch (IOException e) {
      // One of the two has gone: so does the other.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close(from);
      close(to);
    }
  }

  private void close(Socket socket) {
    open.remove(socket);
    try {
      socket.close();
    } catch (IOException e) {
      // It is of no use any more either way.
    }
  }

  private static void start(String name, Runnable work) {
    Thread thread = new Thread(work, "proxy-" + name);
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    cut();
  }
}
