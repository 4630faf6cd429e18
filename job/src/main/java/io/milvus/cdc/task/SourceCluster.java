package io.milvus.cdc.task;

import java.util.List;

/**
 * Where the source Milvus keeps its metadata and its log.
 *
 * @param etcdEndpoints client addresses of the source's etcd, for example {@code
 *     http://127.0.0.1:2379}
 * @param etcdRootPath the source's {@code etcd.rootPath}, for example {@code by-dev}
 * @param etcdMetaPath the source's {@code etcd.metaSubPath}, {@code meta} unless it was changed
 * @param pulsarServiceUrl address of the broker's binary protocol, for example {@code
 *     pulsar://127.0.0.1:6650}
 * @param pulsarAdminUrl address of the broker's HTTP interface, for example {@code
 *     http://127.0.0.1:8080}
 * @param pulsarTenant the tenant that holds Milvus' topics, {@code public} unless it was changed
 * @param pulsarNamespace the namespace that holds Milvus' topics, {@code default} unless it was
 *     changed
 * @param topicPrefix the source's {@code msgChannel.chanNamePrefix.cluster}, for example {@code
 *     by-dev}
 */
public record SourceCluster(
    List<String> etcdEndpoints,
    String etcdRootPath,
    String etcdMetaPath,
    String pulsarServiceUrl,
    String pulsarAdminUrl,
    String pulsarTenant,
    String pulsarNamespace,
    String topicPrefix) {

  public SourceCluster {
    etcdEndpoints = List.copyOf(etcdEndpoints);
  }

  /**
   * The etcd prefix of all metadata, without a slash at its end, for example {@code by-dev/meta}.
   */
  public String metaPrefix() {
    return etcdRootPath + "/" + etcdMetaPath;
  }

  /**
   * The full Pulsar name of a physical channel.
   *
   * @param pchannel a physical channel as Milvus' metadata names it, for example {@code
   *     by-dev-rootcoord-dml_3}
   */
  public String topic(String pchannel) {
    return "persistent://" + pulsarTenant + "/" + pulsarNamespace + "/" + pchannel;
  }
}
