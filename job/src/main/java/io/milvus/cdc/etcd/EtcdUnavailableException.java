package io.milvus.cdc.etcd;

import java.io.IOException;

/** An etcd did not answer, or not in time, or refused. Trying again later may succeed. */
public final class EtcdUnavailableException extends IOException {

  private static final long serialVersionUID = 1L;

  public EtcdUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
