package io.milvus.cdc.target;

import static io.milvus.cdc.target.Messages.delete;
import static io.milvus.cdc.target.Messages.insert;
import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.VectorField;
import org.junit.jupiter.api.Test;

class RowBatchTest {

  private static final RowFormat FORMAT =
      new RowFormat(
          CollectionSchema.newBuilder()
              .addFields(FieldSchema.newBuilder().setName("id").setIsPrimaryKey(true))
              .build());
  private static final RowFormat PLACED =
      new RowFormat(
          CollectionSchema.newBuilder()
              .addFields(FieldSchema.newBuilder().setName("id").setIsPrimaryKey(true))
              .addFields(FieldSchema.newBuilder().setName("k").setIsPartitionKey(true))
              .build());

  private final RowBatch batch = new RowBatch(FORMAT, TargetTuning.DEFAULT);

  @Test
  void joinsInsertsColumnByColumnInTheirOrder() {
    assertThat(batch.add(insert(false, 1, 10, 11))).isTrue();
    assertThat(batch.add(insert(false, 2, 12))).isTrue();

    RowBatch.Rows rows = batch.rows("_default");
    assertThat(rows.count()).isEqualTo(3);
    assertThat(Messages.read(rows.columns().get(0)).getScalars().getLongData().getDataList())
        .containsExactly(10L, 11L, 12L);
    VectorField vectors = Messages.read(rows.columns().get(1)).getVectors();
    assertThat(vectors.getFloatVector().getDataList()).containsExactly(10f, 1f, 11f, 1f, 12f, 2f);
    assertThat(vectors.getDim()).isEqualTo(2);
  }

  @Test
  void takesADeleteOfAnotherKeyBehindAnInsert() {
    assertThat(batch.add(insert(false, 1, 10))).isTrue();
    assertThat(batch.add(delete(11))).isTrue();
    assertThat(batch.add(insert(false, 1, 11))).isTrue();
    assertThat(batch.deletedRows()).isEqualTo(1);
    assertThat(batch.insertedRows()).isEqualTo(2);
  }

  @Test
  void refusesADeleteOfAKeyThatItInserts() {
    batch.add(insert(false, 1, 10));
    assertThat(batch.add(delete(9, 10))).isFalse();
    assertThat(batch.deletedRows()).isZero();
  }

  @Test
  void refusesAKeyTwiceAmongUpsertsOnly() {
    assertThat(batch.add(insert(false, 1, 10))).isTrue();
    assertThat(batch.add(insert(false, 2, 10))).isTrue();

    RowBatch upserts = new RowBatch(FORMAT, TargetTuning.DEFAULT);
    assertThat(upserts.add(insert(true, 1, 10))).isTrue();
    assertThat(upserts.add(insert(true, 2, 10))).isFalse();
  }

  @Test
  void doesNotMixRowsThatMayBeThereWithRowsThatAreNot() {
    batch.add(insert(false, 1, 10));
    assertThat(batch.add(insert(true, 1, 11))).isFalse();
    assertThat(batch.upsert()).isFalse();
  }

  @Test
  void leavesThePartitionToATargetWithAPartitionKey() {
    RowBatch keyed = new RowBatch(PLACED, TargetTuning.DEFAULT);
    keyed.add(insert(false, 1, 10));
    assertThat(keyed.insertPartitions()).containsExactly("");
  }
}
