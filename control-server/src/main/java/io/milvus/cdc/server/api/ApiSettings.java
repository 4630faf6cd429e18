package io.milvus.cdc.server.api;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * How the interface is served.
 *
 * @param host address of the network interface to listen on
 * @param port 0 for a free one
 * @param token what every request but the health check has to bring, when there is one
 * @param idleTimeout how long a connection may be silent, also in the middle of a request
 * @param requestTimeout how long a request may take to arrive, and how long the client then waits
 *     for the answer
 * @param flinkPage where a browser finds Flink's page, without a slash at its end
 */
public record ApiSettings(
    String host,
    int port,
    Optional<BearerToken> token,
    Duration idleTimeout,
    Duration requestTimeout,
    URI flinkPage) {}
