package io.milvus.cdc.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.workload.AllTypes;
import io.milvus.cdc.workload.AllTypes.KeyKind;
import io.milvus.cdc.workload.AllTypes.VectorKind;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.IntArray;
import io.milvus.grpc.ScalarField;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RowPageTest {

  @ParameterizedTest
  @EnumSource
  void namesTheFieldsThatDifferOfEveryType(VectorKind vector) {
    AllTypes types = AllTypes.of(KeyKind.INT64, vector);
    RowPage page = RowPage.of(AllTypes.KEY, types.rows(0, 100, 1));
    RowPage shifted = RowPage.of(AllTypes.KEY, types.rows(40, 60, 1));
    RowPage other = RowPage.of(AllTypes.KEY, types.rows(0, 100, 2));
    assertThat(page.keys()).hasSize(100).startsWith(0L, 1L);

    List<String> everDiffering = new ArrayList<>();
    for (int row = 0; row < 100; row++) {
      everDiffering.addAll(page.fieldsThatDiffer(row, other, row));
    }
    for (int row = 0; row < 20; row++) {
      assertThat(page.fieldsThatDiffer(40 + row, shifted, row)).isEmpty();
    }

    List<String> all = new ArrayList<>(AllTypes.SCALARS);
    all.add(AllTypes.VECTOR);
    assertThat(everDiffering).doesNotContain(AllTypes.KEY).containsAll(all);
  }

  @Test
  void tellsZerosOfDifferentSignsAndNullsApart() {
    FieldData zero = floats(0f);
    assertThat(RowPage.value(zero, 0)).isEqualTo(RowPage.value(floats(0f), 0));
    assertThat(RowPage.value(zero, 0)).isNotEqualTo(RowPage.value(floats(-0f), 0));
    assertThat(RowPage.value(zero.toBuilder().addValidData(false).build(), 0))
        .isNotEqualTo(RowPage.value(zero, 0));
  }

  @Test
  void ordersTextsAsMilvusDoesByTheirBytes() {
    // In UTF-16, as Java compares, the second would be the smaller one.
    assertThat(RowPage.KEY_ORDER.compare("\uffee", "\ud83d\ude00")).isNegative();
    assertThat(RowPage.KEY_ORDER.compare("a", "ab")).isNegative();
    assertThat(RowPage.KEY_ORDER.compare(-1L, 1L)).isNegative();
  }

  @Test
  void anEmptyArrayIsTheSameWithoutTheKindOfItsElements() {
    FieldData typed =
        arrays(
            ScalarField.newBuilder().setIntData(IntArray.getDefaultInstance()).build(),
            ScalarField.newBuilder().setIntData(IntArray.newBuilder().addData(0)).build());
    FieldData bare = arrays(ScalarField.getDefaultInstance());
    assertThat(RowPage.value(typed, 0)).isEqualTo(RowPage.value(bare, 0));
    assertThat(RowPage.value(typed, 1)).isNotEqualTo(RowPage.value(bare, 0));
  }

  private static FieldData arrays(ScalarField... rows) {
    FieldData.Builder data = FieldData.newBuilder();
    data.getScalarsBuilder().getArrayDataBuilder().addAllData(List.of(rows));
    return data.build();
  }

  private static FieldData floats(float value) {
    FieldData.Builder data = FieldData.newBuilder();
    data.getScalarsBuilder().getFloatDataBuilder().addData(value);
    return data.build();
  }
}
