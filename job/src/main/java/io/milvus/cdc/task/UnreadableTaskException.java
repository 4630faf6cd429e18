package io.milvus.cdc.task;

/** A document of the task store cannot be read by this release. */
public final class UnreadableTaskException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  UnreadableTaskException(String message) {
    super(message);
  }
}
