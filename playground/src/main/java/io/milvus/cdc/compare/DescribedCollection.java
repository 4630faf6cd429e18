package io.milvus.cdc.compare;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import com.google.gson.JsonSyntaxException;
import io.milvus.grpc.DataType;
import io.milvus.grpc.DescribeCollectionRequest;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.IndexDescription;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.ShowPartitionsRequest;
import io.milvus.grpc.ShowPartitionsResponse;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A collection as its Milvus describes it.
 *
 * @param description schema, shards, consistency level, properties, aliases
 * @param partitionIds of all, by name
 * @param indexes at most one a field
 * @param loaded what of it can be read
 */
record DescribedCollection(
    DescribeCollectionResponse description,
    SortedMap<String, Long> partitionIds,
    List<IndexDescription> indexes,
    LoadedPart loaded) {

  /** What a copy's marker is kept in; the source has none, or another one. */
  private static final String MARKER_PROPERTY = "cdc.source.collection";

  /** How Milvus names the field of what the schema does not name. */
  private static final String DYNAMIC_FIELD = "$meta";

  /** Asks for it. */
  static DescribedCollection read(MilvusCluster cluster, String database, String collection) {
    DescribeCollectionRequest request =
        DescribeCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .build();
    return new DescribedCollection(
        cluster.describe(database, collection),
        partitions(cluster, request),
        cluster.indexes(database, collection),
        LoadedPart.read(cluster, request));
  }

  private static SortedMap<String, Long> partitions(
      MilvusCluster cluster, DescribeCollectionRequest collection) {
    ShowPartitionsRequest request =
        ShowPartitionsRequest.newBuilder()
            .setDbName(collection.getDbName())
            .setCollectionName(collection.getCollectionName())
            .build();
    ShowPartitionsResponse shown =
        cluster.call(stub -> stub.showPartitions(request), ShowPartitionsResponse::getStatus);
    SortedMap<String, Long> ids = new TreeMap<>();
    for (int i = 0; i < shown.getPartitionNamesCount(); i++) {
      ids.put(shown.getPartitionNames(i), shown.getPartitionIDs(i));
    }
    return ids;
  }

  /** The names of all. */
  Set<String> partitions() {
    return partitionIds.keySet();
  }

  /** The field of the keys; every collection has one. */
  FieldSchema primaryKey() {
    return fields().stream().filter(FieldSchema::getIsPrimaryKey).findFirst().orElseThrow();
  }

  /** The names of what its rows hold. */
  SortedSet<String> columns() {
    SortedSet<String> names = new TreeSet<>();
    fields().forEach(field -> names.add(field.getName()));
    if (description.getSchema().getEnableDynamicField()) {
      names.add(DYNAMIC_FIELD);
    }
    return names;
  }

  /** Whether Milvus itself chooses each row's partition. */
  boolean hasPartitionKey() {
    return fields().stream().anyMatch(FieldSchema::getIsPartitionKey);
  }

  /** Whether each vector has an index, without which nothing can be loaded. */
  boolean canBeLoaded() {
    return !indexes.isEmpty()
        && fields().stream()
            .filter(field -> isVector(field.getDataType()))
            .allMatch(
                field ->
                    indexes.stream()
                        .anyMatch(index -> index.getFieldName().equals(field.getName())));
  }

  private static boolean isVector(DataType type) {
    return switch (type) {
      case FloatVector, BinaryVector, Float16Vector, BFloat16Vector, SparseFloatVector -> true;
      case None,
          Bool,
          Int8,
          Int16,
          Int32,
          Int64,
          Float,
          Double,
          String,
          VarChar,
          Array,
          JSON,
          Geometry,
          UNRECOGNIZED ->
          false;
    };
  }

  /**
   * Everything but rows and load state that a copy has in common with its original, as words: for
   * each thing (the collection, its fields, partitions, indexes, aliases) its attributes.
   */
  SortedMap<String, SortedMap<String, String>> things() {
    SortedMap<String, SortedMap<String, String>> things = new TreeMap<>();
    things.put("", collection());
    for (FieldSchema field : fields()) {
      things.put("field " + field.getName(), attributes(field));
    }
    for (IndexDescription index : indexes) {
      SortedMap<String, String> attributes = parameters(index);
      attributes.put("field", index.getFieldName());
      things.put("index " + index.getIndexName(), attributes);
    }
    for (String alias : description.getAliasesList()) {
      things.put("alias " + alias, new TreeMap<>());
    }
    if (!hasPartitionKey()) {
      for (String partition : partitions()) {
        things.put("partition " + partition, new TreeMap<>());
      }
    }
    return things;
  }

  private SortedMap<String, String> collection() {
    SortedMap<String, String> attributes = new TreeMap<>();
    attributes.put("description", quoted(description.getSchema().getDescription()));
    attributes.put(
        "dynamic field", Boolean.toString(description.getSchema().getEnableDynamicField()));
    attributes.put(
        "order of the fields",
        String.join(", ", fields().stream().map(FieldSchema::getName).toList()));
    attributes.put("number of shards", Integer.toString(description.getShardsNum()));
    attributes.put("consistency level", description.getConsistencyLevel().name());
    if (hasPartitionKey()) {
      attributes.put("number of partitions", Integer.toString(partitions().size()));
    }
    for (KeyValuePair property : description.getPropertiesList()) {
      if (!property.getKey().equals(MARKER_PROPERTY)) {
        attributes.put("property " + property.getKey(), quoted(property.getValue()));
      }
    }
    return attributes;
  }

  private static SortedMap<String, String> attributes(FieldSchema field) {
    SortedMap<String, String> attributes = new TreeMap<>();
    attributes.put("description", quoted(field.getDescription()));
    attributes.put("data type", field.getDataType().name());
    attributes.put("element type", field.getElementType().name());
    attributes.put("primary key", Boolean.toString(field.getIsPrimaryKey()));
    attributes.put("auto-id", Boolean.toString(field.getAutoID()));
    attributes.put("partition key", Boolean.toString(field.getIsPartitionKey()));
    attributes.put("clustering key", Boolean.toString(field.getIsClusteringKey()));
    attributes.put("nullable", Boolean.toString(field.getNullable()));
    attributes.put("function output", Boolean.toString(field.getIsFunctionOutput()));
    if (field.hasDefaultValue()) {
      attributes.put("default value", field.getDefaultValue().toString().strip());
    }
    for (KeyValuePair parameter : field.getTypeParamsList()) {
      attributes.put("type parameter " + parameter.getKey(), quoted(parameter.getValue()));
    }
    return attributes;
  }

  /**
   * An index' parameters. Those that Milvus keeps as one JSON text are taken out of it, so that
   * neither their order in it matters nor whether they came in it.
   */
  private static SortedMap<String, String> parameters(IndexDescription index) {
    SortedMap<String, String> parameters = new TreeMap<>();
    for (KeyValuePair parameter : index.getParamsList()) {
      if (parameter.getKey().equals("params")) {
        for (var entry : json(parameter.getValue()).entrySet()) {
          parameters.put("parameter " + entry.getKey(), entry.getValue());
        }
      } else {
        parameters.put("parameter " + parameter.getKey(), parameter.getValue());
      }
    }
    return parameters;
  }

  private static SortedMap<String, String> json(String text) {
    SortedMap<String, String> values = new TreeMap<>();
    try {
      for (var entry : JsonParser.parseString(text).getAsJsonObject().entrySet()) {
        JsonElement value = entry.getValue();
        values.put(
            entry.getKey(), value.isJsonPrimitive() ? value.getAsString() : value.toString());
      }
    } catch (JsonSyntaxException | IllegalStateException e) {
      values.put("params", text);
    }
    return values;
  }

  private List<FieldSchema> fields() {
    return description.getSchema().getFieldsList();
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }
}
