package io.milvus.cdc.playground;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The files of this package's resources. */
final class Resources {

  private Resources() {}

  static String text(String name) {
    try (InputStream in = Resources.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the resource " + name + "; build again.", e);
    }
  }

  /** The text with each <code>{{key}}</code> replaced by its value. */
  static String filled(String name, Map<String, ?> values) {
    String text = text(name);
    for (Map.Entry<String, ?> entry : values.entrySet()) {
      text = text.replace("{{" + entry.getKey() + "}}", entry.getValue().toString());
    }
    if (text.contains("{{")) {
      throw new IllegalStateException("A value is missing in " + name + ":\n" + text);
    }
    return text;
  }
}
