package io.milvus.cdc.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.workload.SourceWriter;
import io.milvus.cdc.workload.SourceWriter.Kind;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Compares collections of a real Milvus, of the same name in two databases' stead, two servers. */
class RowComparisonIT {

  private static MilvusCluster source;
  private static MilvusCluster target;
  private static int collections;
  private String collection;
  private SourceWriter onTarget;

  @BeforeAll
  static void connect() {
    Playground playground =
        TestingPlayground.shared(Part.ETCD, Part.PULSAR, Part.SOURCE, Part.TARGET);
    source = MilvusCluster.connect("127.0.0.1", playground.ports().sourceMilvus());
    target = MilvusCluster.connect("127.0.0.1", playground.ports().targetMilvus());
  }

  @AfterAll
  static void disconnect() {
    source.close();
    target.close();
  }

  @BeforeEach
  void fillBothSidesAlike() {
    collection = "compared_" + collections++;
    SourceWriter onSource = new SourceWriter(source, "default", collection, Kind.INT64);
    onTarget = new SourceWriter(target, "default", collection, Kind.INT64);
    for (SourceWriter writer : new SourceWriter[] {onSource, onTarget}) {
      writer.create(1);
      writer.load();
      writer.insert(0, 2_500, 1);
    }
    assertThat(differences()).isEmpty();
  }

  @Test
  void noticesAMissingRow() {
    onTarget.delete("id in [1234]");
    assertThat(differences())
        .contains("the source holds 2500 rows, the target 2499")
        .contains("missing on the target: key 1234");
  }

  @Test
  void noticesAnExtraRow() {
    onTarget.insert(9_000, 9_001, 1);
    assertThat(differences()).contains("only on the target: key 9000");
  }

  @Test
  void noticesADoubledRow() {
    onTarget.insert(7, 8, 1);
    assertThat(differences()).containsExactly("the source holds 2500 rows, the target 2501");
  }

  @Test
  void noticesOneChangedVector() {
    onTarget.upsert(2_100, 2_101, 2);
    assertThat(differences()).containsExactly("key 2100 differs in: v");
  }

  private static java.util.List<String> differences(String collection) {
    return RowComparison.differences(source, target, "default", collection);
  }

  private java.util.List<String> differences() {
    return differences(collection);
  }
}
