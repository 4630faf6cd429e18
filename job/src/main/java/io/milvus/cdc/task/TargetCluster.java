package io.milvus.cdc.task;

import java.util.Optional;

/**
 * How to reach the target Milvus.
 *
 * @param host name or address of the target
 * @param port gRPC port of the target
 * @param secure whether the connection is TLS
 * @param credentials who writes to the target; absent when the target has no authorization
 * @param connectTimeoutSeconds how long one attempt to connect may take
 */
public record TargetCluster(
    String host,
    int port,
    boolean secure,
    Optional<Credentials> credentials,
    double connectTimeoutSeconds) {

  /**
   * Credentials for the target.
   *
   * @param token {@code user:password} or an API key, as Milvus' {@code authorization} header wants
   */
  public record Credentials(String token) {
    @Override
    public String toString() {
      return "Credentials[***]";
    }
  }

  /** {@code host:port}, for messages to people. */
  public String address() {
    return host + ":" + port;
  }
}
