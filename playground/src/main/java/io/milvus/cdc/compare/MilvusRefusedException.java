package io.milvus.cdc.compare;

import io.milvus.grpc.Status;

/** A Milvus that was reached did not do what it was asked for. */
public final class MilvusRefusedException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  private final int code;

  /** Of what the Milvus at an address answered. */
  MilvusRefusedException(String address, Status status) {
    super(address + " answered: " + status.getReason() + " (code " + status.getCode() + ")");
    this.code = status.getCode();
  }

  /** Of what it did not do in time. */
  MilvusRefusedException(String message) {
    super(message);
    this.code = 0;
  }

  /** Milvus' own number of the reason, 0 where it only gave words. */
  public int code() {
    return code;
  }
}
