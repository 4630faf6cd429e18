package io.milvus.cdc.security;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Reads certificates and keys from files of this machine, and checks what they hold. */
public final class PemFiles {

  /** No bundle of certificates is larger; a mistaken path may lead to anything. */
  private static final long MOST_BYTES = 4L << 20;

  private PemFiles() {}

  /**
   * The text of a file that holds certificates.
   *
   * @throws PemException naming the file and what is wrong with it
   */
  public static String certificates(String file) throws PemException {
    String text = text(file);
    try {
      var unused = Pem.certificates(text);
      return text;
    } catch (PemException e) {
      throw of(file, e);
    }
  }

  /**
   * A client's certificates with their key.
   *
   * @param chain the certificates, as {@link #certificates} has read them
   * @throws PemException naming the key's file and what is wrong with it
   */
  public static ClientCertificate clientCertificate(String chain, String keyFile)
      throws PemException {
    String key = text(keyFile);
    try {
      return ClientCertificate.of(chain, key);
    } catch (PemException e) {
      throw of(keyFile, e);
    }
  }

  private static String text(String file) throws PemException {
    try {
      Path path = Path.of(file);
      if (!Files.exists(path)) {
        throw new PemException("'" + file + "' does not exist on this machine");
      }
      if (!Files.isRegularFile(path) || !Files.isReadable(path)) {
        throw new PemException("'" + file + "' is not a file that this process can read");
      }
      if (Files.size(path) > MOST_BYTES) {
        throw new PemException("'" + file + "' is larger than " + (MOST_BYTES >> 20) + " MiB");
      }
      return Files.readString(path, StandardCharsets.ISO_8859_1);
    } catch (InvalidPathException e) {
      throw new PemException("'" + file + "' is not a path");
    } catch (IOException e) {
      throw new PemException("'" + file + "' cannot be read: " + e.getClass().getSimpleName());
    }
  }

  private static PemException of(String file, PemException e) {
    return new PemException("'" + file + "' " + e.getMessage());
  }
}
