package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.event.LogMessageHeader;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.ArrayArray;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.DataType;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.FloatArray;
import io.milvus.grpc.FunctionSchema;
import io.milvus.grpc.FunctionType;
import io.milvus.grpc.IntArray;
import io.milvus.grpc.JSONArray;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.SparseFloatArray;
import io.milvus.grpc.StringArray;
import io.milvus.grpc.ValueField;
import io.milvus.grpc.VectorField;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import milvus.proto.msg.Msg;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Collections of Milvus 2.4 and 2.5 on their way to a target, with messages as those releases write
 * them: columns are complete, {@code valid_data} says which values of nullable fields are null, and
 * outputs of functions are not there.
 */
class NewerTypesTest {

  /** A field that only releases after the one that this product knows declare. */
  private static final int UNKNOWN_ATTRIBUTE = 171;

  /** {@code schema.proto} of Milvus 2.6: {@code Int8Vector}, and its column in VectorField. */
  private static final int INT8_VECTOR = 105;

  private static final int INT8_VECTOR_COLUMN = 7;

  private final InMemoryTaskStore store = new InMemoryTaskStore();
  private Optional<NewerMilvus> target = Optional.empty();
  private Optional<TargetPipeline> pipeline = Optional.empty();

  private NewerMilvus replicate(CollectionSchema schema, LogMessage... messages) throws Exception {
    return replicate(new NewerMilvus(), schema, messages);
  }

  private NewerMilvus replicate(NewerMilvus milvus, CollectionSchema schema, LogMessage... messages)
      throws Exception {
    target = Optional.of(milvus);
    TargetPipeline to =
        new TargetPipeline(
            new TargetConnection(milvus.cluster(), "src", Selection.everything(), new NoProgress()),
            new NoProgress(),
            new Stops(store.stops(), Clock.systemUTC()),
            Optional.empty(),
            TargetTuning.DEFAULT,
            Duration.ZERO);
    pipeline = Optional.of(to);
    CollectionState state =
        Messages.collection("c").toBuilder().setSchema(schema.toByteString()).build();
    to.submit(new CollectionSeen(state));
    for (LogMessage message : messages) {
      to.submit(message);
    }
    to.flush();
    return milvus;
  }

  @AfterEach
  void close() throws Exception {
    if (pipeline.isPresent()) {
      pipeline.get().close();
    }
    target.ifPresent(NewerMilvus::close);
  }

  @Test
  void everyFieldOfEveryRowIsTheSame() throws Exception {
    NewerMilvus milvus =
        replicate(
            schema(),
            insert(false, 1, row(1, true), row(2, false), row(3, true)),
            insert(false, 2, row(4, false)),
            insert(true, 3, row(5, true), row(6, false)));

    assertThat(store.stops().read()).isEmpty();
    assertThat(milvus.rows()).hasSize(6);
    for (long key = 1; key <= 6; key++) {
      assertThat(milvus.rows().get(key)).isEqualTo(row(key, key == 1 || key == 3 || key == 5));
    }
  }

  @Test
  void messagesAreJoinedIntoOneCall() throws Exception {
    RowBatch batch = new RowBatch(new RowFormat(schema()), TargetTuning.DEFAULT);
    assertThat(batch.add(insert(false, 1, row(1, true), row(2, false)))).isTrue();
    assertThat(batch.add(insert(false, 2, row(3, false), row(40, true)))).isTrue();

    RowBatch.Rows rows = batch.parts().get(0).rows("_default");
    assertThat(rows.count()).isEqualTo(4);
    FieldData note = column(rows, "note");
    assertThat(note.getValidDataList()).containsExactly(true, false, false, true);
    assertThat(note.getScalars().getStringData().getDataList()).containsExactly("n1", "n40");
    assertThat(column(rows, "sparse").getVectors().getSparseFloatVector().getDim()).isEqualTo(41);
    assertThat(column(rows, "count").getValidDataList()).containsOnly(true).hasSize(4);
  }

  @Test
  void theSchemaIsPassedOnWhole() throws Exception {
    CollectionSchema schema = withUnknownAttribute(schema());
    NewerMilvus milvus = replicate(schema);

    assertThat(store.stops().read()).isEmpty();
    assertThat(milvus.schema()).isEqualTo(schema);
  }

  @Test
  void columnsOfAnUnknownTypeAreSentAsTheyAreOneMessageACall() throws Exception {
    CollectionSchema schema =
        CollectionSchema.newBuilder()
            .setName("c")
            .addFields(key())
            .addFields(field("small", DataType.None).setDataTypeValue(INT8_VECTOR))
            .build();
    List<FieldData> first = List.of(keys(1, 2), int8Vectors(2, 1, 2, 3, 4));
    List<FieldData> second = List.of(keys(3), int8Vectors(2, 5, 6));
    NewerMilvus milvus =
        replicate(
            new NewerMilvus("v2.6.0", asItIs -> asItIs),
            schema,
            message(false, 1, 2, first),
            message(false, 2, 1, second));

    assertThat(store.stops().read()).isEmpty();
    assertThat(milvus.inserts())
        .extracting(request -> request.getFieldsDataList())
        .containsExactly(first, second);
  }

  @Test
  void messagesWithOtherColumnsAreNotJoined() {
    RowBatch batch = new RowBatch(new RowFormat(schema()), TargetTuning.DEFAULT);
    assertThat(batch.add(message(false, 1, 1, List.of(keys(1), longs("count", 1))))).isTrue();
    assertThat(batch.add(message(false, 2, 1, List.of(keys(2))))).isFalse();
    assertThat(batch.add(message(false, 3, 1, List.of(keys(3), longs("count", 3))))).isTrue();
  }

  @Test
  void aTargetThatIsTooOldIsNotAsked() throws Exception {
    NewerMilvus milvus =
        replicate(new NewerMilvus("v2.3.5-lite", asItIs -> asItIs), schema(), insertOfRow(1));

    assertThat(stop().reason())
        .contains("v2.3.5-lite", "default.c", "field note may be null", "Milvus 2.5");
    assertThat(milvus.collection()).isEmpty();
    assertThat(stop().topics()).hasSize(1);
  }

  @Test
  void theNewestReleaseThatAnyFieldNeedsIsNamed() {
    assertThat(
            NeededRelease.of(CollectionSchema.newBuilder().addFields(key()).build()).isTheFirst())
        .isTrue();
    assertThat(needed(field("s", DataType.SparseFloatVector)).minor()).isEqualTo(4);
    assertThat(needed(field("s", DataType.Float16Vector)).isTheFirst()).isTrue();
    assertThat(needed(field("s", DataType.FloatVector), field("t", DataType.FloatVector)).because())
        .isEqualTo("field t is a second vector field");
    assertThat(needed(field("k", DataType.Int64).setIsClusteringKey(true)).minor()).isEqualTo(4);
    assertThat(
            needed(
                    field("s", DataType.SparseFloatVector),
                    field("o", DataType.SparseFloatVector).setIsFunctionOutput(true))
                .because())
        .isEqualTo("field o is computed by a function");
    assertThat(needed(field("n", DataType.None).setDataTypeValue(INT8_VECTOR)).because())
        .isEqualTo("field n is of type number 105");
  }

  @Test
  void aTargetThatLeavesOutPartOfTheSchemaGetsNoRow() throws Exception {
    assertLeftOut(
        "field note may not be null",
        schema -> changed(schema, "note", field -> field.clearNullable()));
    assertLeftOut(
        "field count has another default value",
        schema -> changed(schema, "count", field -> field.clearDefaultValue()));
    assertLeftOut(
        "field terms is not computed",
        schema -> changed(schema, "terms", field -> field.clearIsFunctionOutput()));
    assertLeftOut("its functions are []", schema -> schema.toBuilder().clearFunctions().build());
    assertLeftOut(
        "number " + UNKNOWN_ATTRIBUTE,
        schema ->
            schema.toBuilder().setUnknownFields(UnknownFieldSet.getDefaultInstance()).build());
  }

  private void assertLeftOut(String difference, UnaryOperator<CollectionSchema> understanding)
      throws Exception {
    NewerMilvus milvus =
        replicate(
            new NewerMilvus("cloud", understanding),
            withUnknownAttribute(schema()),
            insertOfRow(1));
    assertThat(stop().reason()).contains("default.c", difference, "newer release");
    assertThat(milvus.rows()).isEmpty();
    close();
    store.stops().change(Messages.COLLECTION, before -> Optional.empty());
  }

  @Test
  void aColumnThatContradictsItselfNamesTopicMessageAndField() throws Exception {
    FieldData note =
        FieldData.newBuilder()
            .setFieldName("note")
            .setType(DataType.VarChar)
            .setScalars(
                ScalarField.newBuilder()
                    .setStringData(StringArray.newBuilder().addData("a").addData("b")))
            .addAllValidData(List.of(true, false, false))
            .build();
    replicate(schema(), message(false, 7, 3, List.of(keys(1, 2, 3), note)));

    assertThat(stop().collection()).contains("default.c");
    assertThat(stop().reason()).contains("t message 1:7", "field note", "2 values for 3 rows");
  }

  @Test
  void outputsOfFunctionsAreLeftToTheTarget() throws Exception {
    List<FieldData> columns = new ArrayList<>(columns(row(1, true)));
    columns.add(sparse("terms", Map.of("terms", ByteString.copyFromUtf8("12345678"))));
    NewerMilvus milvus = replicate(schema(), message(false, 1, 1, columns));

    assertThat(store.stops().read()).isEmpty();
    assertThat(milvus.rows()).hasSize(1);
  }

  private StoppedCollection stop() {
    assertThat(store.stops().read()).hasSize(1);
    return store.stops().read().get(0);
  }

  private static NeededRelease needed(FieldSchema.Builder... fields) {
    CollectionSchema.Builder schema = CollectionSchema.newBuilder().addFields(key());
    Stream.of(fields).forEach(schema::addFields);
    return NeededRelease.of(schema.build());
  }

  private static CollectionSchema changed(
      CollectionSchema schema, String name, Consumer<FieldSchema.Builder> change) {
    CollectionSchema.Builder changed = schema.toBuilder();
    changed
        .getFieldsBuilderList()
        .forEach(
            field -> {
              if (field.getName().equals(name)) {
                change.accept(field);
              }
            });
    return changed.build();
  }

  private static CollectionSchema withUnknownAttribute(CollectionSchema schema) {
    return schema.toBuilder()
        .setUnknownFields(
            UnknownFieldSet.newBuilder()
                .addField(
                    UNKNOWN_ATTRIBUTE, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build())
        .build();
  }

  /** With everything that 2.4 and 2.5 added. */
  private static CollectionSchema schema() {
    return CollectionSchema.newBuilder()
        .setName("c")
        .addFields(key())
        .addFields(vector("sparse", DataType.SparseFloatVector, 0))
        .addFields(vector("half", DataType.Float16Vector, 2))
        .addFields(vector("brain", DataType.BFloat16Vector, 2))
        .addFields(vector("plain", DataType.FloatVector, 2))
        .addFields(field("note", DataType.VarChar).setNullable(true))
        .addFields(field("json", DataType.JSON).setNullable(true))
        .addFields(field("list", DataType.Array).setElementType(DataType.Int32).setNullable(true))
        .addFields(
            field("count", DataType.Int64)
                .setIsClusteringKey(true)
                .setDefaultValue(ValueField.newBuilder().setLongData(7)))
        .addFields(
            field("level", DataType.Int8)
                .setNullable(true)
                .setDefaultValue(ValueField.newBuilder().setIntData(3)))
        .addFields(
            field("text", DataType.VarChar).addTypeParams(parameter("enable_analyzer", "true")))
        .addFields(vector("terms", DataType.SparseFloatVector, 0).setIsFunctionOutput(true))
        .addFunctions(
            FunctionSchema.newBuilder()
                .setName("bm25")
                .setType(FunctionType.BM25)
                .addInputFieldNames("text")
                .addOutputFieldNames("terms"))
        .build();
  }

  private static FieldSchema.Builder key() {
    return field("id", DataType.Int64).setIsPrimaryKey(true);
  }

  private static FieldSchema.Builder field(String name, DataType type) {
    return FieldSchema.newBuilder().setName(name).setDataType(type);
  }

  private static FieldSchema.Builder vector(String name, DataType type, int dimension) {
    FieldSchema.Builder field = field(name, type);
    return dimension == 0
        ? field
        : field.addTypeParams(parameter("dim", Integer.toString(dimension)));
  }

  private static KeyValuePair parameter(String key, String value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(value).build();
  }

  /** What a row holds; with nulls or without. A sparse vector's highest index is its key. */
  private static Map<String, Object> row(long key, boolean complete) {
    Map<String, Object> row = new TreeMap<>();
    row.put("id", key);
    row.put("sparse", ByteString.copyFrom(new byte[] {(byte) key, 0, 0, 0, 0, 0, 0, 64}));
    row.put("half", ByteString.copyFrom(new byte[] {(byte) key, 1, 2, 3}));
    row.put("brain", ByteString.copyFrom(new byte[] {4, 5, 6, (byte) key}));
    row.put("plain", List.of((float) key, 0.5f));
    row.put("count", key * 10);
    row.put("level", (int) key);
    row.put("text", "words of " + key);
    if (complete) {
      row.put("note", "n" + key);
      row.put("json", ByteString.copyFromUtf8("{\"key\":" + key + "}"));
      row.put(
          "list",
          ScalarField.newBuilder()
              .setIntData(IntArray.newBuilder().addData((int) key).addData(9))
              .build());
    }
    return row;
  }

  private static LogMessage insertOfRow(long key) {
    return insert(false, 1, row(key, true));
  }

  @SafeVarargs
  private static LogMessage insert(
      boolean maybeApplied, long entryId, Map<String, Object>... rows) {
    return message(maybeApplied, entryId, rows.length, columns(rows));
  }

  /** As Milvus 2.5 writes columns: a value for each row, zero where it is null. */
  @SafeVarargs
  private static List<FieldData> columns(Map<String, Object>... rows) {
    return List.of(
        keys(Arrays.stream(rows).mapToLong(row -> (Long) row.get("id")).toArray()),
        sparse("sparse", rows),
        vectors("half", DataType.Float16Vector)
            .setVectors(
                VectorField.newBuilder()
                    .setDim(2)
                    .setFloat16Vector(ByteString.copyFrom(values(rows, "half", ByteString.EMPTY))))
            .build(),
        vectors("brain", DataType.BFloat16Vector)
            .setVectors(
                VectorField.newBuilder()
                    .setDim(2)
                    .setBfloat16Vector(
                        ByteString.copyFrom(values(rows, "brain", ByteString.EMPTY))))
            .build(),
        vectors("plain", DataType.FloatVector)
            .setVectors(
                VectorField.newBuilder()
                    .setDim(2)
                    .setFloatVector(
                        FloatArray.newBuilder()
                            .addAllData(
                                values(rows, "plain", List.<Float>of()).stream()
                                    .flatMap(List::stream)
                                    .toList())))
            .build(),
        nullable(rows, "note", DataType.VarChar)
            .setScalars(
                ScalarField.newBuilder()
                    .setStringData(StringArray.newBuilder().addAllData(values(rows, "note", ""))))
            .build(),
        nullable(rows, "json", DataType.JSON)
            .setScalars(
                ScalarField.newBuilder()
                    .setJsonData(
                        JSONArray.newBuilder().addAllData(values(rows, "json", ByteString.EMPTY))))
            .build(),
        nullable(rows, "list", DataType.Array)
            .setScalars(
                ScalarField.newBuilder()
                    .setArrayData(
                        ArrayArray.newBuilder()
                            .setElementType(DataType.Int32)
                            .addAllData(values(rows, "list", ScalarField.getDefaultInstance()))))
            .build(),
        longs("count", values(rows, "count", 0L).stream().mapToLong(Long::longValue).toArray()),
        nullable(rows, "level", DataType.Int8)
            .setScalars(
                ScalarField.newBuilder()
                    .setIntData(IntArray.newBuilder().addAllData(values(rows, "level", 0))))
            .build(),
        FieldData.newBuilder()
            .setFieldName("text")
            .setType(DataType.VarChar)
            .setScalars(
                ScalarField.newBuilder()
                    .setStringData(StringArray.newBuilder().addAllData(values(rows, "text", ""))))
            .build());
  }

  @SuppressWarnings("unchecked") // Each field has values of one type.
  private static <T> List<T> values(Map<String, Object>[] rows, String field, T ofNull) {
    return Arrays.stream(rows).map(row -> (T) row.getOrDefault(field, ofNull)).toList();
  }

  private static FieldData.Builder vectors(String name, DataType type) {
    return FieldData.newBuilder().setFieldName(name).setType(type);
  }

  private static FieldData.Builder nullable(
      Map<String, Object>[] rows, String name, DataType type) {
    return FieldData.newBuilder()
        .setFieldName(name)
        .setType(type)
        .addAllValidData(Arrays.stream(rows).map(row -> row.containsKey(name)).toList());
  }

  @SafeVarargs
  private static FieldData sparse(String name, Map<String, Object>... rows) {
    SparseFloatArray.Builder vectors =
        SparseFloatArray.newBuilder().addAllContents(values(rows, name, ByteString.EMPTY));
    vectors.setDim(
        vectors.getContentsList().stream()
            .mapToInt(vector -> vector.byteAt(0) + 1)
            .max()
            .orElse(0));
    return FieldData.newBuilder()
        .setFieldName(name)
        .setType(DataType.SparseFloatVector)
        .setVectors(VectorField.newBuilder().setDim(vectors.getDim()).setSparseFloatVector(vectors))
        .build();
  }

  private static FieldData keys(long... keys) {
    return longs("id", keys);
  }

  private static FieldData longs(String name, long... values) {
    LongArray.Builder longs = LongArray.newBuilder();
    Arrays.stream(values).forEach(longs::addData);
    return FieldData.newBuilder()
        .setFieldName(name)
        .setType(DataType.Int64)
        .setScalars(ScalarField.newBuilder().setLongData(longs))
        .build();
  }

  private static FieldData int8Vectors(int dimension, int... bytes) {
    byte[] run = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      run[i] = (byte) bytes[i];
    }
    UnknownFieldSet column =
        UnknownFieldSet.newBuilder()
            .addField(
                INT8_VECTOR_COLUMN,
                UnknownFieldSet.Field.newBuilder()
                    .addLengthDelimited(ByteString.copyFrom(run))
                    .build())
            .build();
    return FieldData.newBuilder()
        .setFieldName("small")
        .setTypeValue(INT8_VECTOR)
        .setVectors(VectorField.newBuilder().setDim(dimension).setUnknownFields(column))
        .build();
  }

  private static FieldData column(RowBatch.Rows rows, String name) {
    return rows.columns().stream()
        .filter(column -> column.getFieldName().equals(name))
        .map(Messages::read)
        .findFirst()
        .orElseThrow();
  }

  private static LogMessage message(
      boolean maybeApplied, long entryId, int rows, List<FieldData> columns) {
    return new LogMessage(
        new LogMessageHeader(
            Kind.INSERT,
            "t",
            1,
            entryId,
            Messages.COLLECTION,
            "t_9001v0",
            100 + entryId,
            maybeApplied),
        Msg.InsertRequest.newBuilder()
            .setPartitionName("_default")
            .setNumRows(rows)
            .addAllFieldsData(columns)
            .build()
            .toByteString());
  }
}
