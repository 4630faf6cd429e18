package io.milvus.cdc.task;

import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.TlsSettings;
import java.util.Optional;

/**
 * How to reach the target Milvus.
 *
 * @param host name or address of the target
 * @param port gRPC port of the target
 * @param secure whether the connection is TLS
 * @param credentials who writes to the target; absent when the target has no authorization
 * @param connectTimeoutSeconds how long one attempt to connect may take
 * @param tls how a target with TLS is known; absent when as the Java runtime does
 */
public record TargetCluster(
    String host,
    int port,
    boolean secure,
    Optional<Credentials> credentials,
    double connectTimeoutSeconds,
    Optional<TlsSettings> tls) {

  /** A target without TLS, or with a certificate that the Java runtime trusts. */
  public TargetCluster(
      String host,
      int port,
      boolean secure,
      Optional<Credentials> credentials,
      double connectTimeoutSeconds) {
    this(host, port, secure, credentials, connectTimeoutSeconds, Optional.empty());
  }

  /**
   * Credentials for the target.
   *
   * @param token {@code user:password} or an API key, as Milvus' {@code authorization} header wants
   */
  public record Credentials(Secret token) {}

  /** {@code host:port}, for messages to people. */
  public String address() {
    return host + ":" + port;
  }
}
