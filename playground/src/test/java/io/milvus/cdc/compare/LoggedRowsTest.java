package io.milvus.cdc.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LoggedRowsTest {

  private static final long ALL_PARTITIONS = -1;

  private final LoggedRows rows = new LoggedRows();

  @Test
  void aDeleteTakesWhatWasInsertedBeforeIt() {
    rows.insert("key", 1, 10);
    rows.insert("key", 1, 30);
    rows.delete("key", ALL_PARTITIONS, 20);
    rows.applyDeletes();
    assertThat(rows.has("key")).isTrue();
    assertThat(rows.count()).isEqualTo(1);
  }

  /** An upsert deletes and inserts at one timestamp. */
  @Test
  void aDeleteLeavesWhatIsAsOldAsItself() {
    rows.delete("key", ALL_PARTITIONS, 10);
    rows.insert("key", 1, 10);
    rows.applyDeletes();
    assertThat(rows.has("key")).isTrue();
  }

  @Test
  void aDeleteInAPartitionLeavesTheOthers() {
    rows.insert("key", 1, 10);
    rows.insert("key", 2, 10);
    rows.delete("key", 2, 20);
    rows.applyDeletes();
    assertThat(rows.in(List.of(1L)).has("key")).isTrue();
    assertThat(rows.in(List.of(2L)).has("key")).isFalse();
    assertThat(rows.in(List.of(1L, 2L)).count()).isEqualTo(1);
  }

  @Test
  void rowsOfOneKeyCountEach() {
    rows.insert(7L, 1, 10);
    rows.insert(7L, 1, 10);
    rows.applyDeletes();
    assertThat(rows.count()).isEqualTo(2);
    assertThat(rows.has(8L)).isFalse();
  }

  @Test
  void rowsAreCountedInTheOrderOfTheirKeys() {
    for (long key = -2; key <= 11; key++) {
      rows.insert(key, 1, 10);
    }
    rows.insert(9L, 2, 10);
    rows.applyDeletes();
    assertThat(rows.countOf(9L)).isEqualTo(2);
    assertThat(rows.countBetween(Optional.empty(), 0L)).isEqualTo(3);
    assertThat(rows.countBetween(Optional.of(8L), 10L)).isEqualTo(3);
    assertThat(rows.countBetween(Optional.of(9L), 9L)).isZero();
  }
}
