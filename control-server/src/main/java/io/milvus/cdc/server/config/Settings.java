package io.milvus.cdc.server.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.milvus.cdc.security.AccessSettings;
import io.milvus.cdc.security.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
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
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * Raw settings by dotted key, from (the later wins) a YAML file, the environment and the command
 * line.
 *
 * <p>A key's environment variable is {@code CDC_} and the key in capitals, with dots as underscores
 * and further underscores as one likes: {@code metaStore.rootPath} is {@code
 * CDC_METASTORE_ROOTPATH} or {@code CDC_META_STORE_ROOT_PATH}.
 */
public final class Settings {

  private static final String COMMAND_LINE = "--set";
  private static final String ENVIRONMENT_PREFIX = "CDC_";
  private static final Pattern DURATION = Pattern.compile("(\\d+)\\s*(ms|s|min|m|h)");

  /** The part of an address that may hold a password. */
  private static final Pattern USER_INFO = Pattern.compile("//[^/@\\s]*@");

  private record Value(String text, String origin) {}

  /**
   * A setting as the server understands it, fit to be shown: nothing secret is in it.
   *
   * @param key the dotted key
   * @param value what holds; absent when it is not set and there is no default
   * @param origin where it came from: {@code default}, {@code <file>:<line>}, {@code environment
   *     variable <name>}, {@code --set}, or {@code file <path>} for a secret kept in a file
   */
  public record Effective(String key, Optional<String> value, String origin) {}

  private final Map<String, Value> values = new TreeMap<>();
  private final Map<String, Value> environment = new HashMap<>();
  private final Map<String, Effective> known = new TreeMap<>();

  /** Where a secret was found. */
  private final Set<Path> secretFiles = new TreeSet<>();

  private Optional<Path> configurationFile = Optional.empty();

  private Settings() {}

  /**
   * Reads all sources.
   *
   * @throws InvalidConfigurationException when the file cannot be read or is not YAML
   */
  public static Settings load(
      Optional<Path> file, Map<String, String> environment, Map<String, String> commandLine) {
    Settings settings = new Settings();
    settings.configurationFile = file;
    file.ifPresent(settings::readFile);
    environment.forEach(
        (name, text) -> {
          if (name.startsWith(ENVIRONMENT_PREFIX)) {
            settings.environment.put(
                squeezed(name.substring(ENVIRONMENT_PREFIX.length())),
                new Value(text, "environment variable " + name));
          }
        });
    commandLine.forEach((key, text) -> settings.values.put(key, new Value(text, COMMAND_LINE)));
    return settings;
  }

  private void readFile(Path file) {
    YAMLFactory yaml =
        YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    try (YAMLParser parser = yaml.createParser(Files.readString(file))) {
      if (parser.nextToken() == JsonToken.START_OBJECT) {
        readObject(parser, "", file);
      } else if (parser.currentToken() != null) {
        throw new InvalidConfigurationException(
            "The configuration file "
                + file
                + " has no settings; write for example server.port: 1");
      }
    } catch (JsonProcessingException e) {
      // The parser's own words quote the line, and with it a secret.
      throw new InvalidConfigurationException(
          "The configuration file "
              + file
              + " is not YAML at "
              + place(e)
              + "; put a value with special characters into quotes, and give no setting twice");
    } catch (IOException e) {
      throw new InvalidConfigurationException(
          "The configuration file " + file + " cannot be read: " + e);
    }
  }

  /** Where a file ceases to be YAML; the parser itself stands after the last good token then. */
  private static String place(JsonProcessingException e) {
    if (e.getCause() instanceof MarkedYAMLException marked && marked.getProblemMark() != null) {
      Mark mark = marked.getProblemMark();
      return "line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1);
    }
    JsonLocation location = e.getLocation();
    return "line " + location.getLineNr() + ", column " + location.getColumnNr();
  }

  private void readObject(YAMLParser parser, String path, Path file) throws IOException {
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = path.isEmpty() ? parser.currentName() : path + "." + parser.currentName();
      JsonToken token = parser.nextToken();
      String origin = file + ":" + parser.currentTokenLocation().getLineNr();
      if (token == JsonToken.START_OBJECT) {
        readObject(parser, key, file);
      } else if (token == JsonToken.START_ARRAY) {
        StringBuilder joined = new StringBuilder();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          if (!parser.currentToken().isScalarValue()) {
            throw new InvalidConfigurationException(
                key + " (" + origin + ") must be a list of texts");
          }
          joined.append(joined.isEmpty() ? "" : ",").append(parser.getText());
        }
        values.put(key, new Value(joined.toString(), origin));
      } else if (token != JsonToken.VALUE_NULL) {
        values.put(key, new Value(parser.getText(), origin));
      }
    }
  }

  private Optional<Value> find(String key) {
    Optional<Value> written = Optional.ofNullable(values.get(key));
    Optional<Value> fromEnvironment = Optional.ofNullable(environment.get(squeezed(key)));
    boolean byCommandLine =
        written.filter(value -> value.origin().equals(COMMAND_LINE)).isPresent();
    return (byCommandLine ? written : fromEnvironment.or(() -> written))
        .filter(value -> !value.text().isBlank());
  }

  private Optional<Value> find(String key, Optional<String> byDefault) {
    Optional<Value> value = find(key);
    known.put(
        key,
        new Effective(
            key,
            value.map(found -> masked(found.text().strip())).or(() -> byDefault),
            value.map(Value::origin).orElse("default")));
    return value;
  }

  /** What holds of each setting that was read, by key. */
  public List<Effective> effective() {
    return List.copyOf(known.values());
  }

  /** A text, or the default when it is not set. */
  String text(String key, String byDefault) {
    return find(key, Optional.of(byDefault)).map(value -> value.text().strip()).orElse(byDefault);
  }

  /** A text, or empty when it is not set. */
  Optional<String> text(String key) {
    return find(key, Optional.empty()).map(value -> value.text().strip());
  }

  /**
   * A text that is shown to nobody: as the key says, or the content of the file that {@code
   * <key>File} names, without space at its ends; empty when neither is set.
   */
  Optional<Secret> secret(String key) {
    String fileKey = key + "File";
    Optional<Value> direct = find(key);
    Optional<String> file = text(fileKey);
    if (direct.isPresent() && file.isPresent()) {
      throw new InvalidConfigurationException(
          key
              + " ("
              + direct.get().origin()
              + ") and "
              + fileKey
              + " ("
              + known.get(fileKey).origin()
              + ") are both set; leave one out");
    }
    Optional<Value> value =
        direct.or(
            () ->
                file.map(
                    path ->
                        new Value(
                            AccessSettings.secretInFile(fileKey, path).value(), "file " + path)));
    known.put(
        key,
        new Effective(
            key, value.map(found -> Secret.MASK), value.map(Value::origin).orElse("default")));
    file.map(Path::of).ifPresent(secretFiles::add);
    configurationFile
        .filter(path -> direct.filter(found -> found.origin().startsWith(path + ":")).isPresent())
        .ifPresent(secretFiles::add);
    return value.map(found -> new Secret(found.text().strip()));
  }

  /** The files that hold a secret which was read, and that other users of the machine may read. */
  public List<Path> exposedFiles() {
    return secretFiles.stream().filter(Settings::othersMayRead).toList();
  }

  private static boolean othersMayRead(Path file) {
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      return permissions.contains(PosixFilePermission.GROUP_READ)
          || permissions.contains(PosixFilePermission.OTHERS_READ);
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
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
    Optional<Value> value = find(key, Optional.of(Integer.toString(byDefault)));
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

  /**
   * A time such as {@code 500ms}, {@code 10s}, {@code 5min}, {@code 1h}.
   *
   * @param byDefault whole seconds
   */
  Duration duration(String key, Duration byDefault) {
    Optional<Value> value = find(key, Optional.of(byDefault.toSeconds() + "s"));
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
    Optional<Value> value = find(key, Optional.of(byDefault));
    if (value.isPresent() && !Arrays.asList(words).contains(value.get().text().strip())) {
      throw wrong(key, value.get(), "one of " + String.join(", ", words));
    }
    return text(key, byDefault);
  }

  /** Refuses what is set but was read by nobody, so that a typing error does not pass silently. */
  void refuseUnknown() {
    values.forEach(
        (key, value) -> {
          if (!known.containsKey(key)) {
            throw new InvalidConfigurationException(
                key
                    + " ("
                    + value.origin()
                    + ") is not a setting; the settings are "
                    + String.join(", ", known.keySet()));
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
            + masked(value.text().strip())
            + "' ("
            + value.origin()
            + ") but must be "
            + expected);
  }

  private static String masked(String text) {
    return USER_INFO.matcher(text).replaceAll("//" + Secret.MASK + "@");
  }

  private static String squeezed(String name) {
    return Stream.of(name.split("[._-]", -1)).reduce("", String::concat).toUpperCase(Locale.ROOT);
  }
}
