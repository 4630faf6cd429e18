package io.milvus.cdc.task;

import io.milvus.cdc.etcd.EtcdCluster;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.TlsSettings;
import io.milvus.cdc.security.UserPassword;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

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
 * @param replicateChannel the topic of clients' requests; absent when it is called as Milvus (2.3
 *     to 2.5) calls it unless told otherwise, {@code <topicPrefix>-replicate-msg}
 * @param etcdUser who reads the source's etcd; absent when it has no authentication
 * @param etcdTls how the source's etcd is known when its addresses are {@code https}
 * @param pulsarToken the token that Pulsar wants; absent when it has no authentication
 * @param pulsarTls how Pulsar is known when its addresses are {@code pulsar+ssl} and {@code https}
 */
public record SourceCluster(
    List<String> etcdEndpoints,
    String etcdRootPath,
    String etcdMetaPath,
    String pulsarServiceUrl,
    String pulsarAdminUrl,
    String pulsarTenant,
    String pulsarNamespace,
    String topicPrefix,
    Optional<String> replicateChannel,
    Optional<UserPassword> etcdUser,
    Optional<TlsSettings> etcdTls,
    Optional<Secret> pulsarToken,
    Optional<TlsSettings> pulsarTls) {

  public SourceCluster {
    etcdEndpoints = List.copyOf(etcdEndpoints);
  }

  /** A source that wants neither credentials nor certificates of its own. */
  public SourceCluster(
      List<String> etcdEndpoints,
      String etcdRootPath,
      String etcdMetaPath,
      String pulsarServiceUrl,
      String pulsarAdminUrl,
      String pulsarTenant,
      String pulsarNamespace,
      String topicPrefix) {
    this(
        etcdEndpoints,
        etcdRootPath,
        etcdMetaPath,
        pulsarServiceUrl,
        pulsarAdminUrl,
        pulsarTenant,
        pulsarNamespace,
        topicPrefix,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** The source's etcd. */
  public EtcdCluster etcd() {
    return new EtcdCluster(etcdEndpoints, etcdUser, etcdTls);
  }

  /**
   * The etcd prefix of all metadata, without a slash at its end, for example {@code by-dev/meta}.
   */
  public String metaPrefix() {
    return etcdRootPath + "/" + etcdMetaPath;
  }

  /**
   * Whether a topic of the namespace is part of the log: a physical channel {@code
   * <topicPrefix>-rootcoord-dml_<n>} (Milvus 2.3 to 2.5), or the topic of clients' requests.
   *
   * @param name last part of the topic's full name
   */
  public boolean isLogTopic(String name) {
    return isRequestTopic(name) || name.matches(Pattern.quote(topicPrefix) + "-rootcoord-dml_\\d+");
  }

  /**
   * Whether a topic of the namespace is the one of clients' requests, which has no collections.
   *
   * @param name last part of the topic's full name
   */
  public boolean isRequestTopic(String name) {
    return name.equals(replicateChannel.orElse(topicPrefix + "-replicate-msg"));
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
