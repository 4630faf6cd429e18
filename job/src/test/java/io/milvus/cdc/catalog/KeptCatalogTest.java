package io.milvus.cdc.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.KeptSavepoint;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KeptCatalogTest {

  @ParameterizedTest
  @MethodSource("io.milvus.cdc.KeptSavepoint#all")
  void knownObjectsAreRead(KeptSavepoint savepoint) throws IOException {
    assertThat(savepoint.splits("catalog-source", new CatalogSplitSerializer()))
        .singleElement()
        .satisfies(
            split -> {
              assertThat(split.known().databases()).isNotEmpty();
              assertThat(split.known().collections()).isNotEmpty();
            });
    assertThat(savepoint.enumerator("catalog-source", new CatalogEnumerator.StateSerializer()))
        .isNotNull();
  }
}
