package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.milvus.grpc.DataType;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FloatArray;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.VectorField;
import java.util.List;
import milvus.proto.msg.Msg;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.NotEmpty;
import org.junit.jupiter.api.Test;

class FloatColumnTest {

  private static final FieldData COLUMN = vectors(List.of(1f, 2f, 3f, 4f));

  private static FieldData vectors(List<Float> floats) {
    return FieldData.newBuilder()
        .setType(DataType.FloatVector)
        .setFieldName("v")
        .setFieldId(101)
        .setVectors(
            VectorField.newBuilder()
                .setDim(2)
                .setFloatVector(FloatArray.newBuilder().addAllData(floats)))
        .build();
  }

  private static FieldData read(FieldData column) throws InvalidProtocolBufferException {
    return FloatColumn.read(column.toByteString());
  }

  @Test
  void floatsAreNotReadAndWrittenAsTheyWere() throws Exception {
    FieldData column = read(COLUMN);
    assertThat(FloatColumn.is(column)).isTrue();
    assertThat(column.hasVectors()).isFalse();
    assertThat(column.getFieldName()).isEqualTo("v");
    assertThat(RowFormat.isOpaque(column)).isFalse();
    assertThat(FloatColumn.inWhole(column)).isEqualTo(COLUMN);
  }

  @Property(tries = 100)
  void joinedColumnsHaveAllFloatsInTheirOrder(@ForAll @NotEmpty List<@NotEmpty List<Float>> parts)
      throws Exception {
    List<FieldData> columns = parts.stream().map(FloatColumnTest::vectors).toList();
    FieldData joined =
        RowBatch.join(
            columns.stream()
                .map(
                    column -> {
                      try {
                        return read(column);
                      } catch (InvalidProtocolBufferException e) {
                        throw new AssertionError(e);
                      }
                    })
                .toList());
    assertThat(FloatColumn.is(joined)).isTrue();
    assertThat(FloatColumn.inWhole(joined))
        .isEqualTo(vectors(parts.stream().flatMap(List::stream).toList()));
  }

  @Test
  void aColumnThatIsReadAndOneThatIsNotAreJoined() throws Exception {
    FieldData twoRuns =
        FieldData.parseFrom(read(COLUMN).toByteString().concat(vectors(List.of()).toByteString()));
    assertThat(FloatColumn.inWhole(RowBatch.join(List.of(read(COLUMN), twoRuns))))
        .isEqualTo(vectors(List.of(1f, 2f, 3f, 4f, 1f, 2f, 3f, 4f)));
  }

  @Test
  void everythingElseIsReadInWhole() throws Exception {
    UnknownFieldSet unknown =
        UnknownFieldSet.newBuilder()
            .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
            .build();
    VectorField.Builder withMore = COLUMN.getVectors().toBuilder().setUnknownFields(unknown);
    List<FieldData> others =
        List.of(
            FieldData.newBuilder()
                .setFieldName("n")
                .setScalars(ScalarField.newBuilder().setLongData(LongArray.newBuilder().addData(1)))
                .build(),
            FieldData.newBuilder()
                .setVectors(
                    VectorField.newBuilder()
                        .setDim(8)
                        .setBinaryVector(ByteString.copyFromUtf8("x")))
                .build(),
            COLUMN.toBuilder().setVectors(withMore).build(),
            COLUMN.toBuilder().setUnknownFields(unknown).build(),
            vectors(List.of()));
    for (FieldData other : others) {
      FieldData read = read(other);
      assertThat(read).isEqualTo(other);
      assertThat(FloatColumn.is(read)).isFalse();
    }
    assertThat(RowFormat.isOpaque(read(others.get(2)))).isTrue();
    assertThat(RowFormat.isOpaque(read(others.get(3)))).isTrue();
  }

  @Test
  void aMessageIsReadWithoutWhatNobodyNeeds() throws Exception {
    FieldData keys =
        FieldData.newBuilder()
            .setFieldName("id")
            .setScalars(ScalarField.newBuilder().setLongData(LongArray.newBuilder().addData(7)))
            .build();
    Msg.InsertRequest message =
        Msg.InsertRequest.newBuilder()
            .setPartitionName("p")
            .addTimestamps(1)
            .addRowIDs(2)
            .addFieldsData(keys)
            .addFieldsData(COLUMN)
            .setNumRows(2)
            .build();
    LoggedRows rows = LoggedRows.parse(message.toByteString());
    assertThat(rows.partition()).isEqualTo("p");
    assertThat(rows.count()).isEqualTo(2);
    assertThat(rows.columns().get(0)).isEqualTo(keys);
    assertThat(FloatColumn.inWhole(rows.columns().get(1))).isEqualTo(COLUMN);

    ByteString cut = message.toByteString().substring(0, message.getSerializedSize() - 5);
    assertThatThrownBy(() -> LoggedRows.parse(cut))
        .isInstanceOf(InvalidProtocolBufferException.class);
  }
}
