package io.milvus.cdc.task;

import io.milvus.cdc.security.AccessSettings;
import io.milvus.cdc.security.SealingKey;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.TlsSettings;
import io.milvus.cdc.security.UserPassword;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a process needs to get into the task store and to read the secrets in it. It is not part of
 * a job: a job's arguments and graph can be read by everybody who reaches Flink.
 *
 * @param user who reads and writes the store's etcd; absent when it has no authentication
 * @param tls how the store's etcd is known when its addresses are {@code https}
 * @param key seals the secrets; absent when they are kept as they are
 */
public record StoreAccess(
    Optional<UserPassword> user, Optional<TlsSettings> tls, Optional<SealingKey> key) {

  /** For a store that wants no credentials and seals nothing. */
  public static final StoreAccess NONE =
      new StoreAccess(Optional.empty(), Optional.empty(), Optional.empty());

  private static final String PREFIX = "CDC_";

  private static volatile Optional<StoreAccess> installed = Optional.empty();

  /**
   * Reads {@code metaStore.*} and {@code secretKey}.
   *
   * @throws AccessSettings.WrongException naming what is wrong
   */
  public static StoreAccess read(AccessSettings settings) {
    return new StoreAccess(
        settings.user("metaStore"), settings.tls("metaStore"), settings.sealingKey());
  }

  /**
   * Tells all jobs of this process how to get into the store, instead of the environment: for a
   * Flink that is embedded in the process which has read the settings.
   */
  public static void install(StoreAccess access) {
    installed = Optional.of(access);
  }

  /**
   * What was installed, or what the environment says.
   *
   * @throws PermanentFailure naming the variable that is wrong
   */
  static StoreAccess ofThisProcess() {
    return installed.orElseGet(() -> fromEnvironment(System.getenv()));
  }

  /**
   * Reads the variables by which the control server is given the same settings: {@code
   * CDC_META_STORE_USERNAME}, {@code CDC_META_STORE_PASSWORD} or {@code
   * CDC_META_STORE_PASSWORD_FILE}, {@code CDC_META_STORE_CA_FILE}, {@code
   * CDC_META_STORE_CERTIFICATE_FILE} with {@code CDC_META_STORE_KEY_FILE}, {@code
   * CDC_META_STORE_SERVER_NAME}, {@code CDC_SECRET_KEY} or {@code CDC_SECRET_KEY_FILE}. Underscores
   * inside do not matter, as for the server.
   *
   * @throws PermanentFailure naming the variable that is wrong
   */
  static StoreAccess fromEnvironment(Map<String, String> environment) {
    Map<String, String> values = new HashMap<>();
    environment.forEach(
        (name, value) -> {
          if (name.startsWith(PREFIX) && !value.isBlank()) {
            values.put(squeezed(name), value.strip());
          }
        });
    try {
      return read(
          new AccessSettings(
              key -> find(values, key), key -> secret(values, key), StoreAccess::variable));
    } catch (AccessSettings.WrongException e) {
      throw wrong(e.getMessage());
    }
  }

  private static Optional<String> find(Map<String, String> values, String key) {
    return Optional.ofNullable(values.get(squeezed(PREFIX + key)));
  }

  private static Optional<Secret> secret(Map<String, String> values, String key) {
    Optional<String> value = find(values, key);
    Optional<String> file = find(values, key + "File");
    if (value.isPresent() && file.isPresent()) {
      throw wrong(
          variable(key) + " and " + variable(key + "File") + " are both set; leave one out");
    }
    return value
        .map(Secret::new)
        .or(() -> file.map(path -> AccessSettings.secretInFile(variable(key + "File"), path)));
  }

  /** {@code CDC_META_STORE_CA_FILE} for {@code metaStore.caFile}. */
  private static String variable(String key) {
    return PREFIX
        + key.replaceAll("([a-z])([A-Z])", "$1_$2").replace('.', '_').toUpperCase(Locale.ROOT);
  }

  private static String squeezed(String name) {
    return name.replaceAll("[._-]", "").toUpperCase(Locale.ROOT);
  }

  private static PermanentFailure wrong(String what) {
    return new PermanentFailure(
        "The environment of this Flink process is wrong: %s. Correct it, start the process again and resume the task."
            .formatted(what));
  }
}
