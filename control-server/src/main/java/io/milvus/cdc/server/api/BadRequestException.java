package io.milvus.cdc.server.api;

/** A request that the client has to change; the message names the field and what would be right. */
final class BadRequestException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  BadRequestException(String message) {
    super(message);
  }
}
