package io.milvus.cdc.server.flink;

import java.util.Map;

/** How jobs come back after a fault that may pass: again and again, ever more slowly. */
final class RestartStrategy {

  private RestartStrategy() {}

  static Map<String, String> configuration() {
    return Map.of(
        "restart-strategy.type", "exponential-delay",
        "restart-strategy.exponential-delay.initial-backoff", "1 s",
        "restart-strategy.exponential-delay.max-backoff", "30 s",
        "restart-strategy.exponential-delay.reset-backoff-threshold", "5 min");
  }
}
