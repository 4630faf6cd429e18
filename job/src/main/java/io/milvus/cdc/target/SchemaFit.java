package io.milvus.cdc.target;

import com.google.protobuf.UnknownFieldSet;
import io.milvus.cdc.target.TargetException.Kind;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.FunctionSchema;
import io.milvus.grpc.KeyValuePair;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Compares a collection on the target with the source's: whether it can take the source's rows and
 * give back the same.
 */
final class SchemaFit {

  private SchemaFit() {}

  /**
   * Returns when a collection that the target has already fits.
   *
   * @param collection the collection's name, for the error
   * @throws TargetException naming the first field that does not fit, and what to do
   */
  static void check(String collection, CollectionSchema source, CollectionSchema target)
      throws TargetException {
    Optional<String> difference = difference(source, target);
    if (difference.isPresent()) {
      throw new TargetException(
          Kind.PERMANENT,
          "the target's collection "
              + collection
              + " does not fit the source's: "
              + difference.get()
              + "; drop or rename it on the target, then resume the task");
    }
  }

  /**
   * Returns when a collection that was just created has become what was asked for: a server ignores
   * what it does not know.
   *
   * @throws TargetException naming what the target left out
   */
  static void checkCreated(String collection, CollectionSchema source, CollectionSchema target)
      throws TargetException {
    Optional<String> difference = difference(source, target);
    if (difference.isPresent()) {
      throw new TargetException(
          Kind.PERMANENT,
          "the target cannot hold collection "
              + collection
              + ", it took its schema but not all of it: "
              + difference.get()
              + "; a newer release of Milvus may: drop the collection there, upgrade the target or"
              + " choose another one, then resume the task");
    }
  }

  private static Optional<String> difference(CollectionSchema source, CollectionSchema target) {
    Map<String, FieldSchema> targetFields = new TreeMap<>();
    for (FieldSchema field : target.getFieldsList()) {
      if (!field.getIsDynamic()) {
        targetFields.put(field.getName(), field);
      }
    }
    for (FieldSchema field : source.getFieldsList()) {
      FieldSchema other = targetFields.remove(field.getName());
      if (other == null) {
        return Optional.of("field " + field.getName() + " is missing");
      }
      Optional<String> difference = difference(field, other);
      if (difference.isPresent()) {
        return Optional.of("field " + field.getName() + " " + difference.get());
      }
    }
    if (!targetFields.isEmpty()) {
      return Optional.of(
          "field " + targetFields.keySet().iterator().next() + " is not in the source");
    }
    if (source.getEnableDynamicField() != target.getEnableDynamicField()) {
      return Optional.of("the dynamic field is " + onOrOff(target.getEnableDynamicField()));
    }
    return functionDifference(source, target)
        .or(
            () ->
                unknownDifference(source.getUnknownFields(), target.getUnknownFields())
                    .map("the schema "::concat));
  }

  private static Optional<String> difference(FieldSchema source, FieldSchema target) {
    if (source.getDataTypeValue() != target.getDataTypeValue()) {
      return Optional.of(
          "is of type " + target.getDataType() + ", in the source " + source.getDataType());
    }
    if (source.getElementTypeValue() != target.getElementTypeValue()) {
      return Optional.of(
          "has elements of type "
              + target.getElementType()
              + ", in the source "
              + source.getElementType());
    }
    if (source.getIsPrimaryKey() != target.getIsPrimaryKey()
        || source.getIsPartitionKey() != target.getIsPartitionKey()) {
      return Optional.of("plays another role as a key");
    }
    if (target.getAutoID()) {
      return Optional.of("has auto-id on, so that the source's keys could not be kept");
    }
    Map<String, String> sourceParameters = parameters(source.getTypeParamsList());
    Map<String, String> targetParameters = parameters(target.getTypeParamsList());
    if (!sourceParameters.equals(targetParameters)) {
      return Optional.of("has " + targetParameters + ", in the source " + sourceParameters);
    }
    if (source.getNullable() != target.getNullable()) {
      return Optional.of(
          target.getNullable()
              ? "may be null, in the source not"
              : "may not be null, in the source it may");
    }
    if (!source.getDefaultValue().equals(target.getDefaultValue())
        || source.hasDefaultValue() != target.hasDefaultValue()) {
      return Optional.of("has another default value than in the source, or none");
    }
    if (source.getIsFunctionOutput() != target.getIsFunctionOutput()) {
      return Optional.of(
          target.getIsFunctionOutput()
              ? "is computed by a function, in the source not"
              : "is not computed by a function, in the source it is");
    }
    return unknownDifference(source.getUnknownFields(), target.getUnknownFields());
  }

  private static Optional<String> functionDifference(
      CollectionSchema source, CollectionSchema target) {
    return described(source).equals(described(target))
        ? Optional.empty()
        : Optional.of(
            "its functions are " + described(target) + ", in the source " + described(source));
  }

  /** What a function computes, and from what; the numbers of fields are each cluster's own. */
  private static Set<String> described(CollectionSchema schema) {
    Set<String> functions = new TreeSet<>();
    for (FunctionSchema function : schema.getFunctionsList()) {
      functions.add(
          function.getName()
              + " ("
              + function.getType()
              + " of "
              + function.getInputFieldNamesList()
              + " into "
              + function.getOutputFieldNamesList()
              + ")");
    }
    return functions;
  }

  /**
   * What a newer source says and this release does not know must not get lost; what only a newer
   * target says does no harm.
   */
  private static Optional<String> unknownDifference(
      UnknownFieldSet source, UnknownFieldSet target) {
    return source.asMap().entrySet().stream()
        .filter(each -> !each.getValue().equals(target.asMap().get(each.getKey())))
        .findFirst()
        .map(
            each ->
                "has an attribute in the source that this release does not know (number "
                    + each.getKey()
                    + ") and that is not the same on the target");
  }

  private static String onOrOff(boolean onTarget) {
    return onTarget ? "on, in the source off" : "off, in the source on";
  }

  private static Map<String, String> parameters(List<KeyValuePair> pairs) {
    Map<String, String> parameters = new TreeMap<>();
    pairs.forEach(pair -> parameters.put(pair.getKey(), pair.getValue()));
    return parameters;
  }
}
