package io.milvus.cdc.security;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Puts credentials and certificates together from settings by dotted key, wherever those come from:
 * the control server's settings, or the environment of a Flink process. No message tells a secret.
 *
 * @param texts the text of a key; empty when it is not set
 * @param secrets the secret of a key, set as it is or by {@code <key>File}
 * @param names what a key is called where it is set, for messages
 */
public record AccessSettings(
    Function<String, Optional<String>> texts,
    Function<String, Optional<Secret>> secrets,
    UnaryOperator<String> names) {

  /** Credentials or certificates are wrong; the message names the setting and what is wrong. */
  public static final class WrongException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    WrongException(String message) {
      super(message);
    }
  }

  /**
   * {@code <section>.username} with {@code <section>.password}.
   *
   * @throws WrongException when one is set without the other
   */
  public Optional<UserPassword> user(String section) {
    Optional<String> user = texts.apply(section + ".username");
    Optional<Secret> password = secrets.apply(section + ".password");
    requireBoth(section + ".username", user, section + ".password", password);
    return user.map(name -> new UserPassword(name, password.orElseThrow()));
  }

  /**
   * {@code <section>.caFile}, {@code certificateFile} with {@code keyFile}, and {@code serverName};
   * empty when none is set.
   *
   * @throws WrongException when a file does not hold what it should
   */
  public Optional<TlsSettings> tls(String section) {
    return tls(section, texts.apply(section + ".serverName"));
  }

  /** As {@link #tls}, for servers that have to be known by the names that they are reached by. */
  public Optional<TlsSettings> tlsWithoutName(String section) {
    return tls(section, Optional.empty());
  }

  private Optional<TlsSettings> tls(String section, Optional<String> serverName) {
    String trustedKey = section + ".caFile";
    String certificateKey = section + ".certificateFile";
    String keyKey = section + ".keyFile";
    Optional<String> trusted = texts.apply(trustedKey);
    Optional<String> certificate = texts.apply(certificateKey);
    Optional<String> key = texts.apply(keyKey);
    requireBoth(certificateKey, certificate, keyKey, key);
    if (trusted.isEmpty() && key.isEmpty() && serverName.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new TlsSettings(
            trusted.map(file -> certificates(trustedKey, file)),
            certificate.map(
                file ->
                    clientCertificate(
                        certificates(certificateKey, file), keyKey, key.orElseThrow())),
            serverName));
  }

  /**
   * {@code secretKey}, the key that seals the secrets of tasks.
   *
   * @throws WrongException when it is none
   */
  public Optional<SealingKey> sealingKey() {
    Optional<Secret> key = secrets.apply("secretKey");
    try {
      return key.isEmpty() ? Optional.empty() : Optional.of(SealingKey.of(key.get().value()));
    } catch (SealException e) {
      throw new WrongException(
          names.apply("secretKey") + " or " + names.apply("secretKeyFile") + " " + e.getMessage());
    }
  }

  /**
   * The secret that a file holds, without blanks at its ends.
   *
   * @param name of the setting that names the file
   * @throws WrongException when it cannot be read or is empty
   */
  public static Secret secretInFile(String name, String file) {
    String content;
    try {
      content = Files.readString(Path.of(file)).strip();
    } catch (IOException | InvalidPathException e) {
      throw new WrongException(
          name + " names " + file + ", which cannot be read: " + e.getClass().getSimpleName());
    }
    if (content.isEmpty()) {
      throw new WrongException(name + " names " + file + ", which is empty");
    }
    return new Secret(content);
  }

  private void requireBoth(String one, Optional<?> first, String other, Optional<?> second) {
    if (first.isPresent() != second.isPresent()) {
      throw new WrongException(
          "%s is set without %s; set both or none"
              .formatted(
                  names.apply(first.isPresent() ? one : other),
                  names.apply(first.isPresent() ? other : one)));
    }
  }

  private String certificates(String key, String file) {
    try {
      return PemFiles.certificates(file);
    } catch (PemException e) {
      throw new WrongException(names.apply(key) + ": " + e.getMessage());
    }
  }

  private ClientCertificate clientCertificate(String chain, String key, String file) {
    try {
      return PemFiles.clientCertificate(chain, file);
    } catch (PemException e) {
      throw new WrongException(names.apply(key) + ": " + e.getMessage());
    }
  }
}
