package io.milvus.cdc.security;

/**
 * Certificates or a key cannot be used. The message begins with the file when there is one, tells
 * what is wrong, and quotes nothing of the contents.
 */
public final class PemException extends Exception {

  private static final long serialVersionUID = 1L;

  PemException(String message) {
    super(message);
  }
}
