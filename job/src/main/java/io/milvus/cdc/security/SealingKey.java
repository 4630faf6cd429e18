package io.milvus.cdc.security;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals secrets for a store that others can read: AES-256-GCM with a new nonce each time. A sealed
 * text is bound to a place and opens nowhere else.
 *
 * <p>Layout: {@code v1:<key id>:<base64 of nonce, ciphertext and tag>}. The key id is the beginning
 * of a digest of the key, so that a wrong key is told from a damaged text.
 */
public final class SealingKey {

  private static final String VERSION = "v1";
  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;
  private static final int ID_BYTES = 4;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final SecretKey key;
  private final String id;

  private SealingKey(byte[] bytes) {
    this.key = new SecretKeySpec(bytes, "AES");
    this.id = id(bytes);
  }

  /**
   * A key as it is configured.
   *
   * @param base64 32 bytes; blanks around it are ignored
   * @throws SealException when it is anything else; the message does not quote it
   */
  public static SealingKey of(String base64) throws SealException {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(base64.strip());
    } catch (IllegalArgumentException e) {
      throw new SealException(
          "is not base64; it must be 32 bytes in base64, as 'openssl rand -base64 32' makes them");
    }
    if (bytes.length != KEY_BYTES) {
      throw new SealException(
          "has "
              + bytes.length
              + " bytes; it must be 32 bytes in base64, as 'openssl rand -base64 32' makes them");
    }
    return new SealingKey(bytes);
  }

  /** Tells this key from others; says nothing about it. */
  public String id() {
    return id;
  }

  /**
   * Seals a text.
   *
   * @param place where it will be kept; it can be opened only with the same words
   */
  public String seal(String text, String place) {
    byte[] nonce = new byte[NONCE_BYTES];
    RANDOM.nextBytes(nonce);
    try {
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, nonce, place);
      byte[] sealed = cipher.doFinal(text.getBytes(StandardCharsets.UTF_8));
      byte[] all = ByteBuffer.allocate(nonce.length + sealed.length).put(nonce).put(sealed).array();
      return VERSION + ":" + id + ":" + Base64.getEncoder().encodeToString(all);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java runtime has no AES-256-GCM", e);
    }
  }

  /**
   * Opens what was sealed.
   *
   * @param place where it was kept
   * @throws SealException when it was sealed by another key, for another place, or is damaged
   */
  public String open(String sealed, String place) throws SealException {
    String[] parts = sealed.split(":", -1);
    if (parts.length != 3 || !parts[0].equals(VERSION)) {
      throw new SealException(
          "is sealed in a layout that this release does not know; use the release that wrote it");
    }
    if (!parts[1].equals(id)) {
      throw new SealException(
          "is sealed with key %s, and the key that is set here is %s; set the right one"
              .formatted(keyId(sealed), id));
    }
    try {
      byte[] all = Base64.getDecoder().decode(parts[2]);
      if (all.length > NONCE_BYTES) {
        Cipher cipher = cipher(Cipher.DECRYPT_MODE, Arrays.copyOf(all, NONCE_BYTES), place);
        return new String(
            cipher.doFinal(all, NONCE_BYTES, all.length - NONCE_BYTES), StandardCharsets.UTF_8);
      }
    } catch (IllegalArgumentException | AEADBadTagException e) {
      // Told below.
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java runtime has no AES-256-GCM", e);
    }
    throw new SealException("is sealed, and damaged or taken from another task or field");
  }

  /** The id of the key that sealed a text; a question mark when it does not look sealed. */
  public static String keyId(String sealed) {
    String[] parts = sealed.split(":", -1);
    return parts.length == 3 && parts[1].matches("[0-9a-f]{1,16}") ? parts[1] : "?";
  }

  /** Nothing of the key. */
  @Override
  public String toString() {
    return "SealingKey[" + id + "]";
  }

  private Cipher cipher(int mode, byte[] nonce, String place) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(place.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  private static String id(byte[] key) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update("milvus-cdc sealing key id".getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest.digest(key), 0, ID_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java runtime has no SHA-256", e);
    }
  }
}
