package io.milvus.cdc.target;

import static io.milvus.cdc.target.Messages.delete;
import static io.milvus.cdc.target.Messages.insert;
import static io.milvus.cdc.target.Messages.ofShard;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.VectorField;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import milvus.proto.msg.Msg;
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

    RowBatch.Rows rows = onlyPart(batch).rows("_default");
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
  void joinsColumnsByTheirNamesWhateverTheirOrder() {
    assertThat(batch.add(insert(false, 1, 10))).isTrue();
    assertThat(batch.add(withColumns(insert(false, 1, 20), 1, 0))).isTrue();

    RowBatch.Rows rows = onlyPart(batch).rows("_default");
    assertThat(keys(rows)).containsExactly(10L, 20L);
    assertThat(rows.columns()).hasSize(2);
  }

  @Test
  void doesNotJoinOtherColumns() {
    for (LogMessage first : List.of(insert(false, 1, 10), withColumns(insert(false, 1), 0))) {
      RowBatch begun = new RowBatch(FORMAT, TargetTuning.DEFAULT);
      assertThat(begun.add(first)).isTrue();
      assertThat(begun.add(withColumns(insert(false, 1, 20), 0, 0))).isFalse();
      assertThat(begun.add(withColumns(insert(false, 1, 20), 0, 1, 1))).isFalse();
    }
  }

  /** The same message with some of its columns, by their places. */
  private static LogMessage withColumns(LogMessage message, int... places) {
    try {
      Msg.InsertRequest insert = Msg.InsertRequest.parseFrom(message.payload());
      Msg.InsertRequest.Builder other = insert.toBuilder().clearFieldsData();
      IntStream.of(places).forEach(place -> other.addFieldsData(insert.getFieldsData(place)));
      return new LogMessage(message.header(), other.build().toByteString());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void leavesThePartitionToATargetWithAPartitionKey() {
    RowBatch keyed = new RowBatch(PLACED, TargetTuning.DEFAULT);
    keyed.add(insert(false, 1, 10));
    assertThat(onlyPart(keyed).partitions()).containsExactly("");
  }

  @Test
  void whatOneCallTakesIsOnePart() {
    RowBatch small = new RowBatch(FORMAT, callsOf(3));
    assertThat(small.add(ofShard("t_v0", insert(false, 1, 10)))).isTrue();
    assertThat(small.add(ofShard("u_v1", insert(false, 1, 11, 12)))).isTrue();

    assertThat(onlyPart(small).rows("_default").count()).isEqualTo(3);
  }

  @Test
  void whatIsTooMuchForOneCallIsInPartsByShards() {
    RowBatch large = new RowBatch(FORMAT, callsOf(3));
    assertThat(large.add(ofShard("t_v0", insert(false, 1, 10)))).isTrue();
    assertThat(large.add(ofShard("u_v1", insert(false, 1, 21, 22)))).isTrue();
    assertThat(large.add(ofShard("t_v0", insert(false, 1, 11, 12)))).isTrue();
    assertThat(large.add(ofShard("u_v1", insert(false, 1, 23)))).isTrue();
    assertThat(large.add(ofShard("t_v0", insert(false, 1, 13)))).as("a fourth row").isFalse();

    assertThat(large.parts())
        .extracting(part -> keys(part.rows("_default")))
        .containsExactly(List.of(10L, 11L, 12L), List.of(21L, 22L, 23L));
  }

  @Test
  void rowsOfAShardAreAlwaysInTheSamePart() {
    RowBatch large = new RowBatch(FORMAT, callsOf(100));
    for (int i = 0; i < 200; i++) {
      assertThat(large.add(ofShard("t_v" + i % 10, insert(false, 1, i)))).isTrue();
    }

    assertThat(large.parts()).hasSize(4);
    assertThat(large.parts().stream().flatMap(part -> keys(part.rows("_default")).stream()))
        .hasSize(200)
        .doesNotHaveDuplicates();
    for (int shard = 0; shard < 10; shard++) {
      long key = shard;
      List<Long> together =
          large.parts().stream()
              .map(part -> keys(part.rows("_default")))
              .filter(keys -> keys.contains(key))
              .findFirst()
              .orElseThrow();
      assertThat(together)
          .containsSubsequence(LongStream.range(0, 20).mapToObj(i -> key + 10 * i).toList());
    }
  }

  private static TargetTuning callsOf(int rows) {
    return new TargetTuning(
        1, 1 << 20, rows, 8 << 20, Duration.ofSeconds(5), Duration.ofMinutes(10));
  }

  private static RowBatch.Part onlyPart(RowBatch batch) {
    assertThat(batch.parts()).hasSize(1);
    return batch.parts().get(0);
  }

  private static List<Long> keys(RowBatch.Rows rows) {
    return Messages.read(rows.columns().get(0)).getScalars().getLongData().getDataList();
  }
}
