package io.milvus.cdc.task;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.google.protobuf.ByteString;
import io.milvus.cdc.security.SealException;
import io.milvus.cdc.security.SealingKey;
import io.milvus.cdc.security.Secret;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/**
 * The JSON documents of the task store, versions 1 and 2: times as ISO-8601, bytes as base64. A
 * field that is not known is ignored: a release that adds one which must not be ignored raises the
 * version, and a document of a newer version is refused.
 *
 * <p>A secret is a text, or since version 2 {@code {"sealed": "..."}} as {@link SealingKey} writes
 * it. The place that it is bound to is {@code <task id>/<path of the field>}.
 */
final class TaskJson {

  private static final ObjectMapper MAPPER =
      SharedJvm.jsonMapper()
          .addModule(new Jdk8Module())
          .addModule(new JavaTimeModule())
          .addModule(
              new SimpleModule()
                  .addSerializer(ByteString.class, new Base64Serializer())
                  .addDeserializer(ByteString.class, new Base64Deserializer())
                  .addSerializer(Secret.class, new SecretSerializer())
                  .addDeserializer(Secret.class, new SecretDeserializer()))
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .build();

  private static final String UNREADABLE = "unreadable";
  private static final String SEALED = "sealed";

  /** Attribute of a writer: the {@link Seal} of its secrets. */
  private static final String SEAL = "seal";

  private TaskJson() {}

  /** Seals a task's secrets. */
  private record Seal(SealingKey key, String taskId) {}

  /**
   * Writes a definition.
   *
   * @param key seals its secrets; when it is absent they are written as they are
   */
  static ByteString write(TaskDefinition definition, Optional<SealingKey> key) {
    return bytes(
        key.map(known -> MAPPER.writer().withAttribute(SEAL, new Seal(known, definition.taskId())))
            .orElseGet(MAPPER::writer),
        definition);
  }

  static ByteString write(StartPositions.TopicStart start) {
    return bytes(MAPPER.writer(), start);
  }

  static ByteString write(StoppedCollection stopped) {
    return bytes(MAPPER.writer(), stopped);
  }

  static ByteString write(QuarantinedMessage message) {
    return bytes(MAPPER.writer(), message);
  }

  /** Version and start of a reading of a topic. */
  private record Reading(int version, String start) {}

  /** The reading of a topic by a start; only compared, never read. */
  static ByteString reading(String start) {
    return bytes(MAPPER.writer(), new Reading(1, start));
  }

  /**
   * Reads a definition. One of version 1 has no names on the target.
   *
   * @param key where it was found, for the message of a failure
   * @param sealingKey opens its secrets when they are sealed
   * @throws UnreadableTaskException when it is of a newer version, cannot be opened with this key,
   *     or is no definition at all
   */
  static TaskDefinition definition(String key, ByteString json, Optional<SealingKey> sealingKey) {
    return versioned(key, json, TaskDefinition.VERSION, TaskDefinition.class, sealingKey);
  }

  /**
   * Reads a stopped collection.
   *
   * @throws UnreadableTaskException when it is of a newer version, or something else
   */
  static StoppedCollection stopped(String key, ByteString json) {
    return versioned(
        key, json, StoppedCollection.VERSION, StoppedCollection.class, Optional.empty());
  }

  /**
   * Reads a message that was left out.
   *
   * @throws UnreadableTaskException when it is of a newer version, or something else
   */
  static QuarantinedMessage quarantined(String key, ByteString json) {
    return versioned(
        key, json, QuarantinedMessage.VERSION, QuarantinedMessage.class, Optional.empty());
  }

  private static <T> T versioned(
      String key, ByteString json, int newest, Class<T> type, Optional<SealingKey> sealingKey) {
    try {
      JsonNode tree = MAPPER.readTree(json.toByteArray());
      int version = tree.path("version").asInt();
      if (version > newest) {
        throw new UnreadableTaskException(
            "The task at etcd key %s has version %d, this release reads versions up to %d: "
                .concat("use the release that wrote it, or a newer one")
                .formatted(key, version, newest));
      }
      if (version == 1 && type == StoppedCollection.class && tree instanceof ObjectNode stopped) {
        JsonNode one = stopped.path(UNREADABLE);
        ArrayNode all = stopped.putArray(UNREADABLE);
        if (one.isObject()) {
          all.add(one);
        }
      }
      if (version == 1 && tree.path("selection") instanceof ObjectNode selection) {
        selection.putArray("renamings");
      }
      open(key, tree, tree.path("taskId").asText(), "", sealingKey);
      return MAPPER.treeToValue(tree, type);
    } catch (IOException e) {
      throw unreadable(key, e);
    }
  }

  /**
   * Reads a start position.
   *
   * @throws UnreadableTaskException when it is none
   */
  static StartPositions.TopicStart start(String key, ByteString json) {
    try {
      return MAPPER.readValue(json.toByteArray(), StartPositions.TopicStart.class);
    } catch (IOException e) {
      throw unreadable(key, e);
    }
  }

  /** Puts in the place of everything sealed what it was. */
  private static void open(
      String key, JsonNode node, String taskId, String path, Optional<SealingKey> sealingKey) {
    if (!(node instanceof ObjectNode object)) {
      return;
    }
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      String fieldPath = path + "/" + field.getKey();
      JsonNode sealed = field.getValue().path(SEALED);
      if (sealed.isTextual()) {
        field.setValue(TextNode.valueOf(open(key, sealed.asText(), taskId, fieldPath, sealingKey)));
      } else {
        open(key, field.getValue(), taskId, fieldPath, sealingKey);
      }
    }
  }

  private static String open(
      String key, String sealed, String taskId, String path, Optional<SealingKey> sealingKey) {
    String what = "%s of the task at etcd key %s ".formatted(path.substring(1), key);
    try {
      return sealingKey
          .orElseThrow(
              () ->
                  new UnreadableTaskException(
                      what
                          + "is sealed with key "
                          + SealingKey.keyId(sealed)
                          + ", and no key is set here: set CDC_SECRET_KEY or CDC_SECRET_KEY_FILE for"
                          + " this process (job manager, task managers, control server) and start"
                          + " it again"))
          .open(sealed, place(taskId, path));
    } catch (SealException e) {
      throw new UnreadableTaskException(what + e.getMessage());
    }
  }

  private static String place(String taskId, String path) {
    return taskId + path;
  }

  /** Names the place but quotes nothing: the document may hold a secret. */
  private static UnreadableTaskException unreadable(String key, IOException cause) {
    String where =
        cause instanceof JsonProcessingException json && json.getLocation() != null
            ? " (line %d, column %d)"
                .formatted(json.getLocation().getLineNr(), json.getLocation().getColumnNr())
            : "";
    return new UnreadableTaskException(
        "The task document at etcd key %s is damaged%s: delete the task and create it again"
            .formatted(key, where));
  }

  private static ByteString bytes(ObjectWriter writer, Object document) {
    try {
      return ByteString.copyFrom(writer.writeValueAsBytes(document));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write a " + document.getClass().getSimpleName(), e);
    }
  }

  private static final class Base64Serializer extends StdSerializer<ByteString> {
    private static final long serialVersionUID = 1L;

    Base64Serializer() {
      super(ByteString.class);
    }

    @Override
    public void serialize(ByteString value, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      out.writeBinary(value.toByteArray());
    }
  }

  private static final class Base64Deserializer extends StdDeserializer<ByteString> {
    private static final long serialVersionUID = 1L;

    Base64Deserializer() {
      super(ByteString.class);
    }

    @Override
    public ByteString deserialize(JsonParser in, DeserializationContext context)
        throws IOException {
      return ByteString.copyFrom(in.getBinaryValue());
    }
  }

  private static final class SecretSerializer extends StdSerializer<Secret> {
    private static final long serialVersionUID = 1L;

    SecretSerializer() {
      super(Secret.class);
    }

    @Override
    public void serialize(Secret secret, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      if (provider.getAttribute(SEAL) instanceof Seal seal) {
        String path = out.getOutputContext().pathAsPointer().toString();
        out.writeStartObject();
        out.writeStringField(SEALED, seal.key().seal(secret.value(), place(seal.taskId(), path)));
        out.writeEndObject();
      } else {
        out.writeString(secret.value());
      }
    }
  }

  private static final class SecretDeserializer extends StdDeserializer<Secret> {
    private static final long serialVersionUID = 1L;

    SecretDeserializer() {
      super(Secret.class);
    }

    @Override
    public Secret deserialize(JsonParser in, DeserializationContext context) throws IOException {
      return in.hasToken(JsonToken.VALUE_STRING)
          ? new Secret(in.getText())
          : (Secret) context.handleUnexpectedToken(Secret.class, in);
    }
  }
}
