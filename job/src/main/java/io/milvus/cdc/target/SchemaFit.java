package io.milvus.cdc.target;

import io.milvus.cdc.target.TargetException.Kind;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.KeyValuePair;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Decides whether a collection that the target has already can take a source collection's rows. */
final class SchemaFit {

  private SchemaFit() {}

  /**
   * Returns when it can.
   *
   * @param collection the collection's name, for the error
   * @throws TargetException naming the first field that does not fit, and what to do
   */
  static void check(String collection, CollectionSchema source, CollectionSchema target)
      throws TargetException {
    Map<String, FieldSchema> targetFields = new HashMap<>();
    for (FieldSchema field : target.getFieldsList()) {
      if (!field.getIsDynamic()) {
        targetFields.put(field.getName(), field);
      }
    }
    for (FieldSchema field : source.getFieldsList()) {
      FieldSchema other = targetFields.remove(field.getName());
      if (other == null) {
        throw unfit(collection, "field " + field.getName() + " is missing");
      }
      checkField(collection, field, other);
    }
    for (String extra : targetFields.keySet()) {
      throw unfit(collection, "field " + extra + " is not in the source");
    }
    if (source.getEnableDynamicField() != target.getEnableDynamicField()) {
      throw unfit(
          collection,
          "the dynamic field is "
              + (target.getEnableDynamicField()
                  ? "on, in the source off"
                  : "off, in the source on"));
    }
  }

  private static void checkField(String collection, FieldSchema source, FieldSchema target)
      throws TargetException {
    String field = "field " + source.getName() + " ";
    if (source.getDataType() != target.getDataType()) {
      throw unfit(
          collection,
          field + "is of type " + target.getDataType() + ", in the source " + source.getDataType());
    }
    if (source.getElementType() != target.getElementType()) {
      throw unfit(
          collection,
          field
              + "has elements of type "
              + target.getElementType()
              + ", in the source "
              + source.getElementType());
    }
    if (source.getIsPrimaryKey() != target.getIsPrimaryKey()
        || source.getIsPartitionKey() != target.getIsPartitionKey()) {
      throw unfit(collection, field + "plays another role as a key");
    }
    if (target.getAutoID()) {
      throw unfit(
          collection, field + "has auto-id on, so that the source's keys could not be kept");
    }
    Map<String, String> sourceParameters = parameters(source.getTypeParamsList());
    Map<String, String> targetParameters = parameters(target.getTypeParamsList());
    if (!sourceParameters.equals(targetParameters)) {
      throw unfit(
          collection, field + "has " + targetParameters + ", in the source " + sourceParameters);
    }
  }

  private static Map<String, String> parameters(List<KeyValuePair> pairs) {
    Map<String, String> parameters = new HashMap<>();
    pairs.forEach(pair -> parameters.put(pair.getKey(), pair.getValue()));
    return parameters;
  }

  private static TargetException unfit(String collection, String difference) {
    return new TargetException(
        Kind.PERMANENT,
        "the target's collection "
            + collection
            + " does not fit the source's: "
            + difference
            + "; drop or rename it on the target, then resume the task");
  }
}
