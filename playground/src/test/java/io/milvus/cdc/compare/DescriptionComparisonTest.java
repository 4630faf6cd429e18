package io.milvus.cdc.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.workload.AllTypes;
import io.milvus.cdc.workload.AllTypes.KeyKind;
import io.milvus.cdc.workload.AllTypes.VectorKind;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.ConsistencyLevel;
import io.milvus.grpc.DataType;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.IndexDescription;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.ValueField;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class DescriptionComparisonTest {

  private static final DescribedCollection SOURCE =
      described(AllTypes.of(KeyKind.INT64, VectorKind.FLOAT).schema("films"));

  @Test
  void findsNothingBetweenEqualDescriptions() {
    assertThat(differences(SOURCE, SOURCE)).isEmpty();
  }

  @Test
  void findsEachAttributeOfAField() {
    assertThat(withField("int8", field -> field.setDataType(DataType.Int16)))
        .containsExactly("field int8: data type is Int8 on the source, Int16 on the target");
    assertThat(withField("int8", field -> field.setIsPartitionKey(true)))
        .contains("field int8: partition key is false on the source, true on the target");
    assertThat(withField("int8", field -> field.setIsClusteringKey(true)))
        .containsExactly("field int8: clustering key is false on the source, true on the target");
    assertThat(withField("int8", field -> field.setNullable(true)))
        .containsExactly("field int8: nullable is false on the source, true on the target");
    assertThat(withField("int8", field -> field.setDescription("small")))
        .containsExactly("field int8: description is \"\" on the source, \"small\" on the target");
    assertThat(withField("array_int8", field -> field.setElementType(DataType.Int16)))
        .containsExactly(
            "field array_int8: element type is Int8 on the source, Int16 on the target");
    assertThat(
            withField(
                "with_default",
                field -> field.setDefaultValue(ValueField.newBuilder().setLongData(43))))
        .containsExactly(
            "field with_default: default value is long_data: 42 on the source, long_data: 43 on"
                + " the target");
    assertThat(withField("varchar", field -> field.setTypeParams(0, pair("max_length", "9"))))
        .containsExactly(
            "field varchar: type parameter max_length is \"200\" on the source, \"9\" on the"
                + " target");
    assertThat(withField("varchar", FieldSchema.Builder::clearTypeParams))
        .containsExactly(
            "field varchar: type parameter max_length is \"200\" on the source, not set on the"
                + " target");
  }

  @Test
  void findsWhatTheCollectionIs() {
    assertThat(with(description -> description.setShardsNum(3)))
        .containsExactly("number of shards is 2 on the source, 3 on the target");
    assertThat(with(description -> description.setConsistencyLevel(ConsistencyLevel.Strong)))
        .containsExactly("consistency level is Bounded on the source, Strong on the target");
    assertThat(with(description -> description.getSchemaBuilder().setEnableDynamicField(true)))
        .containsExactly("dynamic field is false on the source, true on the target");
    assertThat(with(description -> description.getSchemaBuilder().removeFields(1)))
        .contains("field bool is missing on the target")
        .anyMatch(text -> text.startsWith("order of the fields is id, bool, int8"));
  }

  @Test
  void leavesOutWhatMilvusNumbersAndTheMarker() {
    assertThat(
            with(
                description ->
                    description
                        .setCollectionID(9)
                        .setCreatedTimestamp(9)
                        .addProperties(pair("cdc.source.collection", "by-dev/9"))
                        .getSchemaBuilder()
                        .getFieldsBuilder(0)
                        .setFieldID(9)))
        .isEmpty();
  }

  @Test
  void wantsAutoIdOffOnTheTarget() {
    DescribedCollection made =
        described(AllTypes.of(KeyKind.AUTO_ID, VectorKind.FLOAT).schema("films"));
    assertThat(differences(made, SOURCE)).isEmpty();
    assertThat(differences(made, made))
        .containsExactly("field id: auto-id is on on the target, which then makes keys of its own");
    assertThat(differences(SOURCE, made))
        .containsExactly("field id: auto-id is false on the source, true on the target");
  }

  @Test
  void comparesIndexParametersHoweverTheyWereGiven() {
    DescribedCollection inJson =
        with(SOURCE, List.of(index(pair("params", "{\"nlist\": 16, \"m\": \"4\"}"))));
    DescribedCollection alone = with(SOURCE, List.of(index(pair("m", "4"), pair("nlist", "16"))));
    DescribedCollection other =
        with(SOURCE, List.of(index(pair("params", "{\"m\": 4, \"nlist\": 17}"))));
    assertThat(differences(inJson, alone)).isEmpty();
    assertThat(differences(inJson, other))
        .containsExactly("index i: parameter nlist is 16 on the source, 17 on the target");
    assertThat(differences(SOURCE, alone)).containsExactly("index i is only on the target");
  }

  @Test
  void comparesPartitionsOfAPartitionKeyByTheirNumber() {
    CollectionSchema schema =
        AllTypes.of(KeyKind.INT64, VectorKind.FLOAT).withPartitionKey().schema("films");
    DescribedCollection source = described(schema);
    DescribedCollection renamed = withPartitions(source, Set.of("_default_0", "_default_1"));
    DescribedCollection fewer = withPartitions(source, Set.of("_default"));
    assertThat(differences(source, renamed)).isEmpty();
    assertThat(differences(source, fewer))
        .containsExactly("number of partitions is 2 on the source, 1 on the target");
  }

  @Test
  void comparesWhatIsLoaded() {
    DescribedCollection whole = loaded(LoadState.LoadStateLoaded, 1, "_default", "old");
    DescribedCollection part = loaded(LoadState.LoadStateLoaded, 1, "old");
    DescribedCollection twice = loaded(LoadState.LoadStateLoaded, 2, "_default", "old");
    DescribedCollection loading = loaded(LoadState.LoadStateLoading, 0, "_default", "old");
    assertThat(differences(whole, part))
        .containsExactly("partition _default is loaded on the source only");
    assertThat(differences(part, whole))
        .containsExactly("partition _default is loaded on the target only");
    assertThat(differences(whole, twice))
        .containsExactly("is loaded with 1 replicas on the source, 2 on the target");
    assertThat(differences(whole, loading))
        .containsExactly("is loaded on the source, still loading after a minute on the target");
    assertThat(differences(SOURCE, whole))
        .containsExactly("is not loaded on the source, loaded on the target");
  }

  private static List<String> withField(String name, Consumer<FieldSchema.Builder> change) {
    return with(
        description ->
            description.getSchemaBuilder().getFieldsBuilderList().stream()
                .filter(field -> field.getName().equals(name))
                .forEach(change));
  }

  private static List<String> with(Consumer<DescribeCollectionResponse.Builder> change) {
    DescribeCollectionResponse.Builder description = SOURCE.description().toBuilder();
    change.accept(description);
    return differences(
        SOURCE,
        new DescribedCollection(
            description.build(), SOURCE.partitionIds(), SOURCE.indexes(), SOURCE.loaded()));
  }

  private static DescribedCollection with(
      DescribedCollection collection, List<IndexDescription> indexes) {
    return new DescribedCollection(
        collection.description(), collection.partitionIds(), indexes, collection.loaded());
  }

  private static DescribedCollection withPartitions(
      DescribedCollection collection, Set<String> partitions) {
    return new DescribedCollection(
        collection.description(), numbered(partitions), collection.indexes(), collection.loaded());
  }

  private static DescribedCollection loaded(LoadState state, int replicas, String... partitions) {
    return new DescribedCollection(
        SOURCE.description(),
        SOURCE.partitionIds(),
        SOURCE.indexes(),
        new LoadedPart(state, new TreeSet<>(Set.of(partitions)), replicas));
  }

  private static DescribedCollection described(CollectionSchema schema) {
    return new DescribedCollection(
        DescribeCollectionResponse.newBuilder()
            .setSchema(schema)
            .setShardsNum(2)
            .setConsistencyLevel(ConsistencyLevel.Bounded)
            .build(),
        numbered(Set.of("_default", "old")),
        List.of(),
        LoadedPart.NOTHING);
  }

  private static SortedMap<String, Long> numbered(Set<String> partitions) {
    SortedMap<String, Long> ids = new TreeMap<>();
    partitions.forEach(name -> ids.put(name, ids.size() + 1L));
    return ids;
  }

  private static IndexDescription index(KeyValuePair... parameters) {
    return IndexDescription.newBuilder()
        .setIndexName("i")
        .setFieldName(AllTypes.VECTOR)
        .addAllParams(List.of(parameters))
        .build();
  }

  private static KeyValuePair pair(String key, String value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(value).build();
  }

  private static List<String> differences(DescribedCollection source, DescribedCollection target) {
    Findings differences = new Findings();
    DescriptionComparison.compare(source, target, differences);
    return differences.toList();
  }
}
