package io.milvus.cdc.target;

import static io.milvus.cdc.target.Messages.delete;
import static io.milvus.cdc.target.Messages.insert;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.DataType;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.SparseFloatArray;
import io.milvus.grpc.VectorField;
import java.util.List;
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
    assertThat(rows.columns().get(0).getScalars().getLongData().getDataList())
        .containsExactly(10L, 11L, 12L);
    VectorField vectors = FloatColumn.inWhole(rows.columns().get(1)).getVectors();
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

  @Test
  void joinsVectorsThatAreRunsOfBytes() {
    FieldData first = binary(1, 2);
    FieldData second = binary(3, 4);
    assertThat(RowBatch.join(List.of(first, second)).getVectors().getBinaryVector())
        .isEqualTo(ByteString.copyFrom(new byte[] {1, 2, 3, 4}));
  }

  @Test
  void joinsSparseVectorsToTheWidestDimension() {
    assertThat(
            RowBatch.join(List.of(sparse(70, "a"), sparse(7, "b")))
                .getVectors()
                .getSparseFloatVector())
        .isEqualTo(
            SparseFloatArray.newBuilder()
                .setDim(70)
                .addContents(ByteString.copyFromUtf8("a"))
                .addContents(ByteString.copyFromUtf8("b"))
                .build());
  }

  private static FieldData binary(int... bytes) {
    byte[] vector = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      vector[i] = (byte) bytes[i];
    }
    return FieldData.newBuilder()
        .setType(DataType.BinaryVector)
        .setVectors(VectorField.newBuilder().setDim(8).setBinaryVector(ByteString.copyFrom(vector)))
        .build();
  }

  private static FieldData sparse(long dimension, String content) {
    return FieldData.newBuilder()
        .setType(DataType.SparseFloatVector)
        .setVectors(
            VectorField.newBuilder()
                .setDim(dimension)
                .setSparseFloatVector(
                    SparseFloatArray.newBuilder()
                        .setDim(dimension)
                        .addContents(ByteString.copyFromUtf8(content))))
        .build();
  }
}
