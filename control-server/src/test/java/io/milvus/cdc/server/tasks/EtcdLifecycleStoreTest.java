package io.milvus.cdc.server.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.etcd.EtcdConnection;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What needs no etcd. */
class EtcdLifecycleStoreTest {

  @Test
  void jobsOfDifferentStoresAreToldApartByTheirIds() {
    String prefix = prefix("cdc", "http://127.0.0.1:1");
    assertThat(prefix).matches("[0-9a-f]{12}");
    assertThat(prefix("cdc", "http://127.0.0.1:1")).isEqualTo(prefix);
    assertThat(prefix("cdc2", "http://127.0.0.1:1")).isNotEqualTo(prefix);
    assertThat(prefix("cdc", "http://127.0.0.1:2")).isNotEqualTo(prefix);
  }

  private static String prefix(String rootPath, String endpoint) {
    try (EtcdConnection etcd = EtcdConnection.open(List.of(endpoint))) {
      return new EtcdLifecycleStore(etcd, rootPath).jobIdPrefix();
    }
  }
}
