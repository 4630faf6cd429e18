package io.milvus.cdc.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The fields of one JSON object of a request, read by name and type. Whatever is wrong is told with
 * the field's full name; values are told only where they cannot be secret.
 */
final class Fields {

  private final ObjectNode object;
  private final String path;
  private final Set<String> known = new TreeSet<>();

  /**
   * @param path the object's own name in the request, for messages
   */
  Fields(JsonNode node, String path) {
    if (!(node instanceof ObjectNode asObject)) {
      throw new BadRequestException(path + " must be a JSON object, not " + kind(node));
    }
    this.object = asObject;
    this.path = path;
  }

  /** The full name of a field. */
  String name(String field) {
    return path.equals(ROOT) ? field : path + "." + field;
  }

  /** The full name of the object itself. */
  String path() {
    return path;
  }

  /** The path of a request's outermost object. */
  static final String ROOT = "the request";

  /** Whether a field is given; null counts as absent. */
  boolean has(String field) {
    return find(field).isPresent();
  }

  private Optional<JsonNode> find(String field) {
    known.add(field);
    return Optional.ofNullable(object.get(field)).filter(node -> !node.isNull());
  }

  /** A text; an empty one counts as absent. */
  Optional<String> text(String field) {
    return find(field)
        .map(
            node -> {
              if (!node.isTextual()) {
                throw new BadRequestException(
                    name(field) + " must be a text in quotes, not " + kind(node));
              }
              return node.asText();
            })
        .filter(text -> !text.isEmpty());
  }

  /** A whole number. */
  Optional<Long> integer(String field) {
    return find(field)
        .map(
            node -> {
              if (!node.isIntegralNumber() || !node.canConvertToLong()) {
                throw new BadRequestException(
                    name(field) + " must be a whole number, not " + shown(node));
              }
              return node.asLong();
            });
  }

  /** A number. */
  Optional<Double> number(String field) {
    return find(field)
        .map(
            node -> {
              if (!node.isNumber()) {
                throw new BadRequestException(
                    name(field) + " must be a number, not " + shown(node));
              }
              return node.asDouble();
            });
  }

  /** True or false. */
  Optional<Boolean> bool(String field) {
    return find(field)
        .map(
            node -> {
              if (!node.isBoolean()) {
                throw new BadRequestException(
                    name(field) + " must be true or false, not " + shown(node));
              }
              return node.asBoolean();
            });
  }

  /** An object. */
  Optional<Fields> object(String field) {
    return find(field).map(node -> new Fields(node, name(field)));
  }

  /** A list of objects. */
  Optional<List<Fields>> objects(String field) {
    return find(field)
        .map(
            node -> {
              if (!node.isArray()) {
                throw new BadRequestException(
                    name(field) + " must be a list in square brackets, not " + kind(node));
              }
              List<Fields> items = new ArrayList<>();
              for (JsonNode item : node) {
                items.add(new Fields(item, name(field) + "[" + items.size() + "]"));
              }
              return items;
            });
  }

  /** The names of all fields, when they are a person's choice. */
  List<String> names() {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** Accepts fields without a look at them, for clients of older servers. */
  void ignore(String... fields) {
    known.addAll(Arrays.asList(fields));
  }

  /** Refuses a field of the interface that this release does not act on. */
  void unsupported(String field, String instead) {
    if (find(field).filter(node -> !node.isContainerNode() || !node.isEmpty()).isPresent()) {
      throw new BadRequestException(name(field) + " is not supported by this release; " + instead);
    }
  }

  /** Refuses what nobody has asked for, so that a typing error does not pass silently. */
  void refuseUnknown() {
    Set<String> unknown = new HashSet<>(names());
    unknown.removeAll(known);
    if (!unknown.isEmpty()) {
      throw new BadRequestException(
          name(new TreeSet<>(unknown).first())
              + " is not a known field; "
              + (path.equals(ROOT) ? "a request" : path)
              + (known.isEmpty() ? " has no fields" : " may have " + String.join(", ", known)));
    }
  }

  private static String shown(JsonNode node) {
    return node.isValueNode() && node.toString().length() <= 64 ? node.toString() : kind(node);
  }

  private static String kind(JsonNode node) {
    return switch (node.getNodeType()) {
      case ARRAY -> "a list";
      case OBJECT, POJO -> "an object";
      case STRING -> "a text";
      case NUMBER -> "a number";
      case BOOLEAN -> "true or false";
      case NULL, MISSING -> "nothing";
      case BINARY -> "binary data";
    };
  }
}
