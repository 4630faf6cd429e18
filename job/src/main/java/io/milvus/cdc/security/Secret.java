package io.milvus.cdc.security;

/**
 * A text that nobody may read: a password, a token, a private key. It writes itself as stars; the
 * task store seals it when it has a key.
 */
public record Secret(String value) {

  /** What is shown instead of it. */
  public static final String MASK = "********";

  /** Nothing of the text. */
  @Override
  public String toString() {
    return MASK;
  }
}
