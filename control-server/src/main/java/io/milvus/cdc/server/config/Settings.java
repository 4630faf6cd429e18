package io.milvus.cdc.server.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Raw settings by dotted key, from (the later wins) a YAML file, the environment and the command
 * line.
 *
 * <p>A key's environment variable is {@code CDC_} and the key in capitals, with dots as underscores
 * and further underscores as one likes: {@code metaStore.rootPath} is {@code
 * CDC_METASTORE_ROOTPATH} or {@code CDC_META_STORE_ROOT_PATH}.
 */
public final class Settings {

  private static final String ENVIRONMENT_PREFIX = "CDC_";
  private static final Pattern DURATION = Pattern.compile("(\\d+)\\s*(ms|s|min|m|h)");

  private record Value(String text, String origin) {}

  private final Map<String, Value> values = new TreeMap<>();
  private final Map<String, Value> environment = new HashMap<>();
  private final Set<String> known = new TreeSet<>();

  private Settings() {}

  /**
   * Reads all sources.
   *
   * @throws InvalidConfigurationException when the file cannot be read or is not YAML
   */
  public static Settings load(
      Optional<Path> file, Map<String, String> environment, Map<String, String> commandLine) {
    Settings settings = new Settings();
    file.ifPresent(settings::readFile);
    environment.forEach(
        (name, text) -> {
          if (name.startsWith(ENVIRONMENT_PREFIX)) {
            settings.environment.put(
                squeezed(name.substring(ENVIRONMENT_PREFIX.length())),
                new Value(text, "environment variable " + name));
          }
        });
    commandLine.forEach((key, text) -> settings.values.put(key, new Value(text, "--set")));
    return settings;
  }

  private void readFile(Path file) {
    try {
      JsonNode root = new YAMLMapper().readTree(Files.readString(file));
      flatten("", root, "file " + file);
    } catch (JsonProcessingException e) {
      throw new InvalidConfigurationException(
          "The configuration file " + file + " is not YAML: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new InvalidConfigurationException(
          "The configuration file " + file + " cannot be read: " + e);
    }
  }

  private void flatten(String key, JsonNode node, String origin) {
    if (node.isObject()) {
      node.fields()
          .forEachRemaining(
              field ->
                  flatten(
                      key.isEmpty() ? field.getKey() : key + "." + field.getKey(),
                      field.getValue(),
                      origin));
    } else if (node.isArray()) {
      StringBuilder joined = new StringBuilder();
      node.forEach(item -> joined.append(joined.isEmpty() ? "" : ",").append(item.asText()));
      values.put(key, new Value(joined.toString(), origin));
    } else if (!node.isNull() && !node.isMissingNode()) {
      values.put(key, new Value(node.asText(), origin));
    }
  }

  private Optional<Value> find(String key) {
    known.add(key);
    Optional<Value> written = Optional.ofNullable(values.get(key));
    Optional<Value> fromEnvironment = Optional.ofNullable(environment.get(squeezed(key)));
    boolean byCommandLine = written.filter(value -> value.origin().equals("--set")).isPresent();
    return (byCommandLine ? written : fromEnvironment.or(() -> written))
        .filter(value -> !value.text().isBlank());
  }

  /** A text, or the default when it is not set. */
  String text(String key, String byDefault) {
    return find(key).map(value -> value.text().strip()).orElse(byDefault);
  }

  /** A text, or empty when it is not set. */
  Optional<String> text(String key) {
    return find(key).map(value -> value.text().strip());
  }

  /** A text that has to be set. */
  String required(String key, String example) {
    return text(key)
        .orElseThrow(
            () ->
                new InvalidConfigurationException(
                    key + " is not set; set it, for example " + key + ": " + example));
  }

  /** A comma separated text or a YAML list that has to be set. */
  List<String> requiredList(String key, String example) {
    return Arrays.stream(required(key, example).split(",", -1))
        .map(String::strip)
        .filter(item -> !item.isEmpty())
        .toList();
  }

  /** A whole number between two bounds, both included. */
  int integer(String key, int byDefault, int smallest, int largest) {
    Optional<Value> value = find(key);
    if (value.isEmpty()) {
      return byDefault;
    }
    try {
      int number = Integer.parseInt(value.get().text().strip());
      if (number >= smallest && number <= largest) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below, together with what would be right.
    }
    throw wrong(key, value.get(), "a whole number from " + smallest + " to " + largest);
  }

  /** A time such as {@code 500ms}, {@code 10s}, {@code 5min}, {@code 1h}. */
  Duration duration(String key, Duration byDefault) {
    Optional<Value> value = find(key);
    if (value.isEmpty()) {
      return byDefault;
    }
    Matcher matcher = DURATION.matcher(value.get().text().strip());
    if (!matcher.matches() || matcher.group(1).length() > 9) {
      throw wrong(key, value.get(), "a time such as 500ms, 10s, 5min or 1h");
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "h" -> Duration.ofHours(amount);
      default -> Duration.ofMinutes(amount);
    };
  }

  /** One of the given words. */
  String oneOf(String key, String byDefault, String... words) {
    Optional<Value> value = find(key);
    if (value.isPresent() && !Arrays.asList(words).contains(value.get().text().strip())) {
      throw wrong(key, value.get(), "one of " + String.join(", ", words));
    }
    return text(key, byDefault);
  }

  /** Refuses what is set but was read by nobody, so that a typing error does not pass silently. */
  void refuseUnknown() {
    values.forEach(
        (key, value) -> {
          if (!known.contains(key)) {
            throw new InvalidConfigurationException(
                key
                    + " ("
                    + value.origin()
                    + ") is not a setting; the settings are "
                    + String.join(", ", known));
          }
        });
  }

  InvalidConfigurationException wrong(String key, String expected) {
    return find(key)
        .map(value -> wrong(key, value, expected))
        .orElseGet(() -> new InvalidConfigurationException(key + " must be " + expected));
  }

  private static InvalidConfigurationException wrong(String key, Value value, String expected) {
    return new InvalidConfigurationException(
        key
            + " is '"
            + value.text().strip()
            + "' ("
            + value.origin()
            + ") but must be "
            + expected);
  }

  private static String squeezed(String name) {
    return Stream.of(name.split("[._-]", -1)).reduce("", String::concat).toUpperCase(Locale.ROOT);
  }
}
