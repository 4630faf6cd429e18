package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.milvus.cdc.workload.AllTypes;
import io.milvus.cdc.workload.AllTypes.KeyKind;
import io.milvus.cdc.workload.AllTypes.VectorKind;
import io.milvus.grpc.DataType;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FloatArray;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.SparseFloatArray;
import io.milvus.grpc.StringArray;
import io.milvus.grpc.VectorField;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import milvus.proto.msg.Msg;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ColumnTest {

  private static final FieldData VECTORS =
      FieldData.newBuilder()
          .setType(DataType.FloatVector)
          .setFieldName("v")
          .setFieldId(101)
          .setVectors(
              VectorField.newBuilder()
                  .setDim(2)
                  .setFloatVector(FloatArray.newBuilder().addAllData(List.of(1f, 2f, 3f, 4f))))
          .build();

  private static final FieldData NUMBERS =
      FieldData.newBuilder()
          .setType(DataType.Int64)
          .setFieldName("id")
          .setFieldId(100)
          .setScalars(
              ScalarField.newBuilder().setLongData(LongArray.newBuilder().addData(7).addData(-1)))
          .build();

  private static final UnknownFieldSet UNKNOWN =
      UnknownFieldSet.newBuilder()
          .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
          .build();

  /** One for all columns: what it keeps of one must not get into another. */
  private static final ColumnReader READER = new ColumnReader();

  private static Column read(FieldData column) {
    try {
      return read(column.toByteString());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static Column read(ByteString encoded) throws IOException {
    CodedInputStream in = Column.input(encoded);
    int unused = in.pushLimit(encoded.size());
    return READER.read(in, encoded);
  }

  private static FieldData parsed(FieldData column) throws InvalidProtocolBufferException {
    return FieldData.parseFrom(column.toByteString());
  }

  @Property(tries = 100)
  void joinedColumnsOfAllTypesHaveAllValuesInTheirOrder(
      @ForAll KeyKind key,
      @ForAll VectorKind vector,
      @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 1, max = 40) Integer> sizes)
      throws Exception {
    AllTypes types = AllTypes.of(key, vector).withDynamicField();
    List<List<Column>> parts = new ArrayList<>();
    int rows = 0;
    for (int size : sizes) {
      List<FieldData> columns = types.rows(rows, rows + size, 1);
      for (int i = 0; i < columns.size(); i++) {
        if (rows == 0) {
          parts.add(new ArrayList<>());
        }
        Column column = read(columns.get(i));
        assertThat(column.isJoinable(size)).isTrue();
        assertThat(column.inWhole()).isEqualTo(columns.get(i));
        assertThat(parsed(column.toCall())).isEqualTo(columns.get(i));
        parts.get(i).add(column);
      }
      rows += size;
    }
    List<FieldData> all = types.rows(0, rows, 1);
    for (int i = 0; i < all.size(); i++) {
      assertThat(parsed(Column.join(parts.get(i)))).isEqualTo(all.get(i));
    }
  }

  @Test
  void largeColumnsAreJoinedToo() throws Exception {
    List<Float> floats = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      floats.add((float) i);
    }
    FieldData large = withFloats(VECTORS, floats);
    List<Float> twice = new ArrayList<>(floats);
    twice.addAll(floats);
    assertThat(parsed(Column.join(List.of(read(large), read(large)))))
        .isEqualTo(withFloats(VECTORS, twice));
  }

  private static FieldData withFloats(FieldData column, List<Float> floats) {
    FieldData.Builder changed = column.toBuilder();
    changed.getVectorsBuilder().setFloatVector(FloatArray.newBuilder().addAllData(floats));
    return changed.build();
  }

  @Test
  void valuesAreNotReadUntilSomebodyAsks() {
    Column column = read(VECTORS);
    assertThat(column.name()).isEqualTo("v");
    assertThat(column.toCall().hasVectors()).isFalse();
    assertThat(column.inWhole()).isEqualTo(VECTORS);
    assertThat(read(NUMBERS).toCall().hasScalars()).isFalse();
    assertThat(List.<Object>copyOf(read(NUMBERS).keys())).containsExactly(7L, -1L);
    assertThat(
            List.<Object>copyOf(
                read(NUMBERS.toBuilder().setScalars(texts("a", "ü")).build()).keys()))
        .containsExactly("a", "ü");
  }

  private static ScalarField texts(String... texts) {
    return ScalarField.newBuilder()
        .setStringData(StringArray.newBuilder().addAllData(List.of(texts)))
        .build();
  }

  /** Releases differ in how they encode; two runs of numbers are as good as one. */
  @Test
  void aColumnThatIsReadInWholeAndOneThatIsNotAreJoined() throws Exception {
    ByteString twoRuns =
        VECTORS.toByteString().concat(withFloats(VECTORS, List.of()).toByteString());
    assertThat(parsed(Column.join(List.of(read(VECTORS), read(twoRuns)))))
        .isEqualTo(withFloats(VECTORS, List.of(1f, 2f, 3f, 4f, 1f, 2f, 3f, 4f)));
  }

  @Test
  void sparseVectorsAreJoinedToTheWidestDimension() {
    assertThat(
            Column.join(List.of(read(sparse(70, "a")), read(sparse(7, "b"))))
                .getVectors()
                .getSparseFloatVector())
        .isEqualTo(
            SparseFloatArray.newBuilder()
                .setDim(70)
                .addContents(ByteString.copyFromUtf8("a"))
                .addContents(ByteString.copyFromUtf8("b"))
                .build());
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

  @Test
  void whatIsNotKnownIsKeptAndJoinedWithNothing() throws Exception {
    for (FieldData column :
        List.of(
            NUMBERS.toBuilder().setUnknownFields(UNKNOWN).build(),
            NUMBERS.toBuilder()
                .setScalars(NUMBERS.getScalars().toBuilder().setUnknownFields(UNKNOWN))
                .build(),
            withVectors(VECTORS.getVectors().toBuilder().setUnknownFields(UNKNOWN)))) {
      assertThat(read(column).isJoinable(2)).isFalse();
      assertThat(parsed(read(column).toCall())).isEqualTo(column);
    }
  }

  private static FieldData withVectors(VectorField.Builder vectors) {
    return VECTORS.toBuilder().setVectors(vectors).build();
  }

  /** Joined, the values of one message would become those of another one's rows. */
  @Test
  void columnsOfAnotherSizeThanTheMessageAreJoinedWithNothing() {
    FieldData bytes =
        withVectors(
            VectorField.newBuilder().setDim(16).setBinaryVector(ByteString.copyFromUtf8("abcd")));
    FieldData halves =
        withVectors(
            VectorField.newBuilder().setDim(1).setFloat16Vector(ByteString.copyFromUtf8("abcd")));
    FieldData texts = NUMBERS.toBuilder().setScalars(texts("a", "b")).build();
    for (FieldData column : List.of(NUMBERS, VECTORS, bytes, halves, texts)) {
      assertThat(read(column).isJoinable(2)).isTrue();
      assertThat(read(column).isJoinable(1)).isFalse();
      assertThat(read(column).isJoinable(3)).isFalse();
    }
  }

  @Test
  void whatIsCutOffIsNoColumn() throws Exception {
    for (UnaryOperator<ByteString> damage :
        List.<UnaryOperator<ByteString>>of(
            // A number whose last byte is missing.
            all -> all.substring(0, all.size() - 1).concat(ByteString.copyFrom(new byte[] {-1})),
            all -> all.substring(0, all.size() - 1))) {
      FieldData onlyNumbers = FieldData.newBuilder().setScalars(NUMBERS.getScalars()).build();
      assertThatThrownBy(() -> read(damage.apply(onlyNumbers.toByteString())))
          .isInstanceOf(InvalidProtocolBufferException.class);
    }
    ByteString text = FieldData.newBuilder().setScalars(texts("a")).build().toByteString();
    ByteString noText =
        text.substring(0, text.size() - 1).concat(ByteString.copyFrom(new byte[] {-1}));
    assertThatThrownBy(() -> read(noText)).isInstanceOf(InvalidProtocolBufferException.class);
  }

  @Test
  void columnsThatDifferInOneThingAreNotTakenForEachOther() {
    VectorField narrow = VECTORS.getVectors().toBuilder().setDim(1).build();
    for (FieldData column :
        List.of(
            VECTORS,
            VECTORS.toBuilder().setFieldName("other").build(),
            VECTORS.toBuilder().setFieldId(7).build(),
            VECTORS.toBuilder().setIsDynamic(true).build(),
            VECTORS.toBuilder().setTypeValue(7).build(),
            VECTORS.toBuilder().setVectors(narrow).build(),
            VECTORS)) {
      assertThat(read(column).inWhole()).isEqualTo(column);
    }
  }

  @Test
  void aMessageIsReadWithoutWhatNobodyNeeds() throws Exception {
    Msg.InsertRequest message =
        Msg.InsertRequest.newBuilder()
            .setPartitionName("p")
            .addTimestamps(1)
            .addRowIDs(2)
            .addFieldsData(NUMBERS)
            .addFieldsData(VECTORS)
            .setNumRows(2)
            .build();
    LoggedRows rows = LoggedRows.parse(message.toByteString(), new ColumnReader());
    assertThat(rows.partition()).isEqualTo("p");
    assertThat(rows.count()).isEqualTo(2);
    assertThat(rows.columns().stream().map(Column::inWhole)).containsExactly(NUMBERS, VECTORS);

    ByteString cut = message.toByteString().substring(0, message.getSerializedSize() - 5);
    assertThatThrownBy(() -> LoggedRows.parse(cut, new ColumnReader()))
        .isInstanceOf(InvalidProtocolBufferException.class);
  }
}
