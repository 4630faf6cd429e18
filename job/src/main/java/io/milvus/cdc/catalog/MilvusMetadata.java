package io.milvus.cdc.catalog;

import io.milvus.cdc.etcd.EtcdChange;
import io.milvus.cdc.etcd.EtcdConnection;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.task.SourceCluster;
import java.util.function.Consumer;

/** The source's etcd, as far as {@link Catalog} wants to know it. Nothing is ever written. */
interface MilvusMetadata extends AutoCloseable {

  /** The newest revision: all that was committed before this call is at or below it. */
  long revision() throws EtcdUnavailableException;

  /**
   * Hands over all keys as of one revision.
   *
   * @return that revision; all that was committed before this call is at or below it
   */
  long list(Consumer<EtcdChange> consumer) throws EtcdUnavailableException;

  /** Watches the same keys from a revision on, told in the order in which they change. */
  EtcdConnection.RunningWatch watch(long revision, EtcdConnection.WatchListener listener);

  @Override
  void close();

  /** Connects to a cluster when first used. */
  static MilvusMetadata open(SourceCluster source) {
    EtcdConnection etcd = EtcdConnection.open(source.etcd());
    String prefix = source.metaPrefix() + "/";
    return new MilvusMetadata() {
      @Override
      public long revision() throws EtcdUnavailableException {
        return etcd.revision(prefix + MetadataKey.DATABASES);
      }

      @Override
      public long list(Consumer<EtcdChange> consumer) throws EtcdUnavailableException {
        return etcd.list(MetadataKey.PREFIXES.stream().map(prefix::concat).toList(), consumer);
      }

      @Override
      public EtcdConnection.RunningWatch watch(
          long revision, EtcdConnection.WatchListener listener) {
        return etcd.watch(
            prefix + MetadataKey.RANGE_START, prefix + MetadataKey.RANGE_END, revision, listener);
      }

      @Override
      public void close() {
        etcd.close();
      }
    };
  }
}
