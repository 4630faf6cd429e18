package io.milvus.cdc.log;

import io.milvus.cdc.security.PemException;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.TlsSettings;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.SourceCluster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLException;
import org.apache.pulsar.client.api.Authentication;
import org.apache.pulsar.client.api.AuthenticationDataProvider;
import org.apache.pulsar.client.api.ClientBuilder;
import org.apache.pulsar.client.api.PulsarClient;

/**
 * Lets clients into the source's Pulsar, over its binary protocol and over HTTP: with its TLS and
 * its token. Certificates come from the task's definition and are not written to files.
 */
final class PulsarAccess {

  private static final int OPERATION_TIMEOUT_SECONDS = 15;
  private static final int MOST_REDIRECTS = 5;

  private final SourceCluster source;
  private final TlsSettings tls;

  PulsarAccess(SourceCluster source) {
    this.source = source;
    this.tls = source.pulsarTls().orElse(TlsSettings.DEFAULT);
  }

  /**
   * What a client of the binary protocol begins with.
   *
   * @throws PermanentFailure when the task's certificates cannot be used
   */
  ClientBuilder client() {
    ClientBuilder builder =
        PulsarClient.builder()
            .serviceUrl(source.pulsarServiceUrl())
            .enableTlsHostnameVerification(true);
    if (source.pulsarToken().isPresent() || source.pulsarTls().isPresent()) {
      builder.authentication(authentication());
    }
    return builder;
  }

  /**
   * What a client begins with that lives as long as a job's subtask: no statistics in the log.
   *
   * @throws PermanentFailure when the task's certificates cannot be used
   */
  ClientBuilder clientOfJob() {
    NativeZstd.install();
    return client()
        .statsInterval(0, TimeUnit.SECONDS)
        .operationTimeout(OPERATION_TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * What the broker's HTTP interface says.
   *
   * @param status of HTTP
   * @param body empty when there is none
   */
  record Answer(int status, String body) {}

  /**
   * Asks the broker's HTTP interface. Neither a thread nor a connection is left: the JDK's newer
   * client keeps threads until it is collected, and with them the class loader of an ended job.
   *
   * @param timeout for the connection, and for each wait afterwards
   * @throws ConnectException when nobody listens there
   * @throws SSLException when one of the two does not trust the other
   * @throws IOException when there is no answer for another reason
   * @throws PermanentFailure when the task's certificates cannot be used
   */
  Answer get(URI uri, Duration timeout) throws IOException {
    URI asked = uri;
    for (int redirects = 0; ; redirects++) {
      HttpURLConnection connection = open(asked, timeout);
      try {
        int status = connection.getResponseCode();
        Optional<URI> elsewhere = redirect(asked, status, connection.getHeaderField("Location"));
        if (elsewhere.isEmpty() || redirects == MOST_REDIRECTS) {
          return new Answer(status, body(connection, status));
        }
        asked = elsewhere.get();
      } catch (ConnectException | SSLException e) {
        throw e;
      } catch (IOException e) {
        // Also a broker that hangs up on a client without the certificate that it wants (TLS 1.3).
        throw new IOException("No answer from " + asked + ": " + e.getMessage(), e);
      } finally {
        connection.disconnect();
      }
    }
  }

  private HttpURLConnection open(URI uri, Duration timeout) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
    if (connection instanceof HttpsURLConnection secured) {
      try {
        secured.setSSLSocketFactory(tls.sslContext().getSocketFactory());
      } catch (PemException e) {
        throw unusable(e);
      }
    }
    connection.setConnectTimeout(Math.toIntExact(timeout.toMillis()));
    connection.setReadTimeout(Math.toIntExact(timeout.toMillis()));
    connection.setInstanceFollowRedirects(false);
    connection.setRequestProperty("Accept", "application/json");
    connection.setRequestProperty("Connection", "close");
    source
        .pulsarToken()
        .ifPresent(token -> connection.setRequestProperty("Authorization", bearer(token)));
    return connection;
  }

  /** A broker sends to the one that owns what is asked for; never from https to http. */
  private static Optional<URI> redirect(URI from, int status, String location) {
    boolean isRedirect = status >= 301 && status <= 308 && status != 304 && location != null;
    return Optional.ofNullable(isRedirect ? from.resolve(location) : null)
        .filter(to -> "https".equals(to.getScheme()) || "http".equals(from.getScheme()));
  }

  private static String body(HttpURLConnection connection, int status) throws IOException {
    try (InputStream body =
        status >= 400 ? connection.getErrorStream() : connection.getInputStream()) {
      return body == null ? "" : new String(body.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String bearer(Secret token) {
    return "Bearer " + token.value();
  }

  private static PermanentFailure unusable(PemException e) {
    return new PermanentFailure(
        "The certificates that the task has for the source's Pulsar cannot be used: one "
            + e.getMessage()
            + "; correct source.pulsar and create the task anew",
        e);
  }

  private Authentication authentication() {
    try {
      X509Certificate[] chain = null;
      PrivateKey key = null;
      if (tls.client().isPresent()) {
        chain = tls.client().get().certificates().toArray(X509Certificate[]::new);
        key = tls.client().get().key();
      }
      return new Shown(
          source.pulsarToken().orElse(null),
          source.pulsarTls().isPresent(),
          tls.trusted().orElse(null),
          chain,
          key);
    } catch (PemException e) {
      throw unusable(e);
    }
  }

  /**
   * What the client shows to the broker, and whom it trusts: the Pulsar client takes both from here
   * when they are not in files. What is absent is null, as the client wants it.
   */
  private static final class Shown implements Authentication, AuthenticationDataProvider {

    private static final long serialVersionUID = 1L;

    private final transient Secret token;
    private final boolean tls;
    private final String trusted;
    private final X509Certificate[] chain;
    private final transient PrivateKey key;

    Shown(Secret token, boolean tls, String trusted, X509Certificate[] chain, PrivateKey key) {
      this.token = token;
      this.tls = tls;
      this.trusted = trusted;
      this.chain = chain;
      this.key = key;
    }

    @Override
    public String getAuthMethodName() {
      if (token != null) {
        return "token";
      }
      return chain == null ? "none" : "tls";
    }

    @Override
    public AuthenticationDataProvider getAuthData() {
      return this;
    }

    @Override
    public boolean hasDataFromCommand() {
      return token != null;
    }

    @Override
    public String getCommandData() {
      return token == null ? null : token.value();
    }

    @Override
    public boolean hasDataForTls() {
      return tls;
    }

    @Override
    public Certificate[] getTlsCertificates() {
      return chain;
    }

    @Override
    public PrivateKey getTlsPrivateKey() {
      return key;
    }

    @Override
    public InputStream getTlsTrustStoreStream() {
      return trusted == null
          ? null
          : new ByteArrayInputStream(trusted.getBytes(StandardCharsets.ISO_8859_1));
    }

    // The interface wants it; it is not called by the client.
    @Override
    @SuppressWarnings("deprecation")
    public void configure(Map<String, String> parameters) {}

    @Override
    public void start() {}

    @Override
    public void close() {}
  }
}
