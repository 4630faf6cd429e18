package io.milvus.cdc.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.compare.RowComparison.Acknowledged;
import io.milvus.cdc.workload.AllTypes;
import io.milvus.cdc.workload.AllTypes.KeyKind;
import io.milvus.cdc.workload.AllTypes.VectorKind;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.DeleteRequest;
import io.milvus.grpc.DropCollectionRequest;
import io.milvus.grpc.DropPartitionRequest;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.RenameCollectionRequest;
import io.milvus.grpc.UpsertRequest;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AcknowledgedRowsTest {

  private static final AllTypes NUMBERS = AllTypes.of(KeyKind.INT64, VectorKind.FLOAT);
  private static final AllTypes TEXTS = AllTypes.of(KeyKind.VARCHAR, VectorKind.BINARY);

  private final AcknowledgedRows rows = new AcknowledgedRows();

  @BeforeEach
  void createCollections() {
    create("numbers", NUMBERS);
    create("texts", TEXTS);
    insert("numbers", NUMBERS, "p", 1);
    insert("texts", TEXTS, "", 1);
  }

  @Test
  void knowsWhichRowWasWrittenLast() {
    assertThat(wrote(NUMBERS, "numbers", 7, 1)).isTrue();
    assertThat(wrote(NUMBERS, "numbers", 7, 2)).isFalse();
    assertThat(wrote(NUMBERS, "numbers", 10, 1)).isFalse();
    assertThat(wrote(NUMBERS, "elsewhere", 7, 1)).isFalse();
    assertThat(wrote(TEXTS, "texts", 7, 1)).isTrue();
    rows.acknowledged(
        "Upsert",
        UpsertRequest.newBuilder()
            .setDbName("default")
            .setCollectionName("numbers")
            .addAllFieldsData(NUMBERS.rows(7, 8, 2))
            .build()
            .toByteArray());
    assertThat(wrote(NUMBERS, "numbers", 7, 1)).isFalse();
    assertThat(wrote(NUMBERS, "numbers", 7, 2)).isTrue();
    assertThat(wrote(NUMBERS, "numbers", 8, 1)).isTrue();
  }

  @Test
  void knowsWhatWasDeleted() {
    Object text = key(TEXTS, 7);
    delete("numbers", "", "id in [7,-9]");
    delete("texts", "", TEXTS.expression(LongStream.of(7)));
    assertThat(of("numbers").deleted(7L)).isTrue();
    assertThat(of("numbers").deleted(8L)).isFalse();
    assertThat(wrote(NUMBERS, "numbers", 7, 1)).isFalse();
    assertThat(of("texts").deleted(text)).isTrue();
    insert("numbers", NUMBERS, "p", 1);
    assertThat(of("numbers").deleted(7L)).isFalse();
    delete("texts", "", "id in [\"line\\x0a\\\"\\\\\"]");
    assertThat(of("texts").deleted("line\n\"\\")).isTrue();
  }

  /** A key may have rows in several partitions. */
  @Test
  void doesNotKnowWhatADeleteInAPartitionLeaves() {
    delete("numbers", "p", "id in [7]");
    assertThat(of("numbers").deleted(7L)).isFalse();
    assertThat(wrote(NUMBERS, "numbers", 7, 1)).isFalse();
  }

  @Test
  void followsCollectionsToTheirNewNames() {
    rows.changed(
        "RenameCollection",
        RenameCollectionRequest.newBuilder()
            .setOldName("numbers")
            .setNewName("figures")
            .setNewDBName("shop")
            .build()
            .toByteArray());
    assertThat(wrote(NUMBERS, "numbers", 7, 1)).isFalse();
    RowPage page = RowPage.of("id", NUMBERS.rows(7, 8, 1));
    assertThat(rows.of("shop", "figures").wrote(7L, page, 0)).isTrue();
  }

  @Test
  void forgetsWhatIsDropped() {
    rows.changed(
        "DropPartition",
        DropPartitionRequest.newBuilder()
            .setCollectionName("numbers")
            .setPartitionName("p")
            .build()
            .toByteArray());
    assertThat(wrote(NUMBERS, "numbers", 7, 1)).isFalse();
    rows.changed(
        "DropCollection",
        DropCollectionRequest.newBuilder().setCollectionName("texts").build().toByteArray());
    create("texts", TEXTS);
    assertThat(wrote(TEXTS, "texts", 7, 1)).isFalse();
  }

  private Acknowledged of(String collection) {
    return rows.of("default", collection);
  }

  private boolean wrote(AllTypes types, String collection, long number, int mark) {
    return of(collection)
        .wrote(key(types, number), RowPage.of("id", types.rows(number, number + 1, mark)), 0);
  }

  private static Object key(AllTypes types, long number) {
    return RowPage.of("id", types.rows(number, number + 1, 1)).keys().get(0);
  }

  private void create(String name, AllTypes types) {
    rows.changed(
        "CreateCollection",
        CreateCollectionRequest.newBuilder()
            .setCollectionName(name)
            .setSchema(types.schema(name).toByteString())
            .build()
            .toByteArray());
  }

  private void insert(String name, AllTypes types, String partition, int mark) {
    rows.acknowledged(
        "Insert",
        InsertRequest.newBuilder()
            .setCollectionName(name)
            .setPartitionName(partition)
            .addAllFieldsData(types.rows(5, 10, mark))
            .build()
            .toByteArray());
  }

  private void delete(String name, String partition, String expression) {
    rows.acknowledged(
        "Delete",
        DeleteRequest.newBuilder()
            .setCollectionName(name)
            .setPartitionName(partition)
            .setExpr(expression)
            .build()
            .toByteArray());
  }
}
