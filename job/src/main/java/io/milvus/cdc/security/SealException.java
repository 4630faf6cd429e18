package io.milvus.cdc.security;

/** A key or a sealed text cannot be used. The message goes after the name of what is meant. */
public final class SealException extends Exception {

  private static final long serialVersionUID = 1L;

  SealException(String message) {
    super(message);
  }
}
