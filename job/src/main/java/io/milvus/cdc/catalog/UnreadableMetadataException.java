package io.milvus.cdc.catalog;

/** A metadata key of the source holds something that is not what Milvus 2.3 to 2.5 keeps there. */
public final class UnreadableMetadataException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  UnreadableMetadataException(String key, Throwable cause) {
    super(
        "The source's etcd key "
            + key
            + " cannot be read as Milvus 2.3 to 2.5 metadata ("
            + cause.getMessage()
            + "): check source.etcd.rootPath and the source's version",
        cause);
  }
}
