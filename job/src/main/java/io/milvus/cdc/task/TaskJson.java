package io.milvus.cdc.task;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.google.protobuf.ByteString;
import java.io.IOException;

/**
 * The JSON documents of the task store, version 1: times as ISO-8601, bytes as base64. A field that
 * is not known is ignored: a release that adds one which must not be ignored raises the version,
 * and a document of a newer version is refused.
 */
final class TaskJson {

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .addModule(new Jdk8Module())
          .addModule(new JavaTimeModule())
          .addModule(
              new SimpleModule()
                  .addSerializer(ByteString.class, new Base64Serializer())
                  .addDeserializer(ByteString.class, new Base64Deserializer()))
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .build();

  private TaskJson() {}

  static ByteString write(TaskDefinition definition) {
    return bytes(definition);
  }

  static ByteString write(StartPositions.TopicStart start) {
    return bytes(start);
  }

  static ByteString write(StoppedCollection stopped) {
    return bytes(stopped);
  }

  /**
   * Reads a definition. One of version 1 has no names on the target.
   *
   * @param key where it was found, for the message of a failure
   * @throws UnreadableTaskException when it is of a newer version, or no definition at all
   */
  static TaskDefinition definition(String key, ByteString json) {
    return versioned(key, json, TaskDefinition.VERSION, TaskDefinition.class);
  }

  /**
   * Reads a stopped collection.
   *
   * @throws UnreadableTaskException when it is of a newer version, or something else
   */
  static StoppedCollection stopped(String key, ByteString json) {
    return versioned(key, json, StoppedCollection.VERSION, StoppedCollection.class);
  }

  private static <T> T versioned(String key, ByteString json, int newest, Class<T> type) {
    try {
      JsonNode tree = MAPPER.readTree(json.toByteArray());
      int version = tree.path("version").asInt();
      if (version > newest) {
        throw new UnreadableTaskException(
            "The task at etcd key %s has version %d, this release reads versions up to %d: "
                .concat("use the release that wrote it, or a newer one")
                .formatted(key, version, newest));
      }
      if (version == 1 && tree.path("selection") instanceof ObjectNode selection) {
        selection.putArray("renamings");
      }
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

  private static ByteString bytes(Object document) {
    try {
      return ByteString.copyFrom(MAPPER.writeValueAsBytes(document));
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
}
