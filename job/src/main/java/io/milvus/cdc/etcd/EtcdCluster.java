package io.milvus.cdc.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.milvus.cdc.security.PemException;
import io.milvus.cdc.security.TlsSettings;
import io.milvus.cdc.security.UserPassword;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/**
 * How to reach an etcd cluster.
 *
 * @param endpoints client addresses, for example {@code http://127.0.0.1:2379}; without a scheme
 *     they mean http
 * @param user who reads and writes; absent when the cluster has no authentication
 * @param tls how servers with {@code https} addresses are known; absent when as the Java runtime
 *     does
 */
public record EtcdCluster(
    List<String> endpoints, Optional<UserPassword> user, Optional<TlsSettings> tls) {

  private static final int PROBE_MILLIS = 2_000;

  /** jetcd's, for an endpoint that names none. */
  private static final int DEFAULT_PORT = 2379;

  private static final String CHECK_CLIENT = "; check the client's certificate";

  private static final String CLIENT_REFUSED =
      "it ends the connection after the TLS handshake" + CHECK_CLIENT;

  /** How the JDK begins what the other side said was wrong. */
  private static final String SAID_BY_SERVER = "Received fatal alert: ";

  public EtcdCluster {
    endpoints = endpoints.stream().map(e -> e.contains("://") ? e : "http://" + e).toList();
  }

  /** A cluster that wants neither credentials nor certificates. */
  public EtcdCluster(List<String> endpoints) {
    this(endpoints, Optional.empty(), Optional.empty());
  }

  /** Whether connections are TLS: endpoints are {@code https} all or none. */
  public boolean secure() {
    return isSecure(endpoints);
  }

  /** Whether endpoints want TLS. */
  public static boolean isSecure(List<String> endpoints) {
    return endpoints.stream().anyMatch(e -> e.toLowerCase(Locale.ROOT).startsWith("https://"));
  }

  /**
   * What a client of the cluster begins with.
   *
   * @throws IllegalArgumentException when the certificates cannot be used
   */
  public ClientBuilder client() {
    ClientBuilder client = Client.builder().endpoints(endpoints.toArray(String[]::new));
    user.ifPresent(
        known -> client.user(bytes(known.user())).password(bytes(known.password().value())));
    if (secure()) {
      TlsSettings settings = tls.orElse(TlsSettings.DEFAULT);
      try {
        TrustManager trust = settings.trustManager();
        Optional<KeyManager> key = settings.keyManager();
        client.sslContext(context -> configure(context, trust, key));
      } catch (PemException e) {
        throw new IllegalArgumentException("a certificate or key for etcd " + e.getMessage(), e);
      } catch (SSLException e) {
        throw new IllegalStateException("this Java runtime has no TLS for etcd", e);
      }
      // Without it, each endpoint's certificate has to be for the name in its own address.
      settings.serverName().ifPresent(client::authority);
    }
    return client;
  }

  /**
   * Why TLS connections to endpoints fail, found by trying one to each; empty when none does, or
   * when there is no TLS. The client itself connects again and again and does not tell.
   */
  Optional<String> tlsTrouble() {
    if (!secure()) {
      return Optional.empty();
    }
    // An endpoint that does not answer takes its time.
    List<String> troubles =
        endpoints.parallelStream()
            .flatMap(
                endpoint ->
                    tlsTrouble(URI.create(endpoint)).map(it -> endpoint + ": " + it).stream())
            .toList();
    return Optional.of(String.join("; ", troubles)).filter(text -> !text.isEmpty());
  }

  private Optional<String> tlsTrouble(URI endpoint) {
    TlsSettings settings = tls.orElse(TlsSettings.DEFAULT);
    int port = endpoint.getPort() < 0 ? DEFAULT_PORT : endpoint.getPort();
    boolean connected = false;
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(endpoint.getHost(), port), PROBE_MILLIS);
      connected = true;
      String name = settings.serverName().orElse(endpoint.getHost());
      SSLSocket secured =
          (SSLSocket)
              settings.sslContext().getSocketFactory().createSocket(socket, name, port, true);
      SSLParameters parameters = secured.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      secured.setSSLParameters(parameters);
      secured.setSoTimeout(PROBE_MILLIS);
      secured.startHandshake();
      // A server that does not like the client's certificate says so, or goes, after the handshake.
      return secured.getInputStream().read() < 0 ? Optional.of(CLIENT_REFUSED) : Optional.empty();
    } catch (SocketTimeoutException e) {
      return Optional.empty();
    } catch (IOException | PemException e) {
      if (connected && rootOf(e) instanceof SocketException) {
        return Optional.of(CLIENT_REFUSED);
      }
      return Optional.of(e instanceof SSLException ? tlsFailure(e.getMessage()) : e.getMessage());
    }
  }

  /** Whether the server's word or the end of the connection is seen first is a matter of luck. */
  private static String tlsFailure(String message) {
    boolean isAboutClient =
        message.startsWith(SAID_BY_SERVER)
            && (message.contains("certificate") || message.contains("unknown_ca"));
    return "TLS fails: " + message + (isAboutClient ? CHECK_CLIENT : "");
  }

  private static Throwable rootOf(Throwable error) {
    return error.getCause() == null ? error : rootOf(error.getCause());
  }

  private static void configure(
      SslContextBuilder context, TrustManager trust, Optional<KeyManager> key) {
    context.trustManager(trust);
    key.ifPresent(context::keyManager);
  }

  private static ByteSequence bytes(String text) {
    return ByteSequence.from(text, StandardCharsets.UTF_8);
  }

  /** The endpoints. */
  @Override
  public String toString() {
    return String.join(",", endpoints);
  }
}
