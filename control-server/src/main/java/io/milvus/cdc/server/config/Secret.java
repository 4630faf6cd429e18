package io.milvus.cdc.server.config;

/**
 * A text that nobody is to see: it writes itself as stars.
 *
 * @param value the text
 */
public record Secret(String value) {

  @Override
  public String toString() {
    return "********";
  }
}
