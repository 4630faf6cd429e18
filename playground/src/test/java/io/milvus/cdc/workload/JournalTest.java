package io.milvus.cdc.workload;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class JournalTest {

  private final Journal journal = new Journal();

  @Test
  void followsACollectionThroughItsNames() {
    journal.add(0, Operation.CREATE_COLLECTION, "default.c1 with [int8]");
    journal.add(1, Operation.CREATE_COLLECTION, "default.c10 with []");
    journal.add(0, Operation.RENAME_COLLECTION, "default.c1 to c2");
    journal.add(0, Operation.MOVE_COLLECTION, "default.c2 to shop");
    journal.add(1, Operation.INSERT, "3 rows into default.c10 _default");
    journal.add(0, Operation.INSERT, "5 rows into shop.c2 _default");

    assertThat(journal.about(List.of("shop.c2: only on the target: key a.b: c"), 10).lines())
        .satisfiesExactly(
            line -> assertThat(line).isEqualTo("done to c2:"),
            line -> assertThat(line).endsWith("writer 0 CREATE_COLLECTION default.c1 with [int8]"),
            line -> assertThat(line).endsWith("writer 0 RENAME_COLLECTION default.c1 to c2"),
            line -> assertThat(line).endsWith("writer 0 MOVE_COLLECTION default.c2 to shop"),
            line -> assertThat(line).endsWith("writer 0 INSERT 5 rows into shop.c2 _default"));
  }

  @Test
  void keepsTheNewestOperations() {
    journal.add(0, Operation.INSERT, "1 rows into default.c1 _default");
    journal.add(0, Operation.FLUSH, "default.c1");

    assertThat(journal.of("c1", 1)).singleElement().asString().endsWith("FLUSH default.c1");
    assertThat(journal.about(List.of("shop: the database is only on the target"), 1)).isEmpty();
  }
}
