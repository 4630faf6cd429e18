package io.milvus.cdc.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EtcdClusterTest {

  @Test
  void anAddressWithoutAPortIsProbedAtThePortThatTheClientUses() {
    EtcdCluster cluster =
        new EtcdCluster(List.of("https://nowhere.invalid"), Optional.empty(), Optional.empty());
    assertThat(cluster.tlsTrouble().orElseThrow()).startsWith("https://nowhere.invalid: ");
  }
}
