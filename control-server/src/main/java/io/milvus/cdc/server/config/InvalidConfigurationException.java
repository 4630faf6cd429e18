package io.milvus.cdc.server.config;

/**
 * A setting is missing or wrong. The message names the key, where its value came from and what
 * would be right; whoever starts the server has to change it.
 */
public final class InvalidConfigurationException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  InvalidConfigurationException(String message) {
    super(message);
  }
}
