package io.milvus.cdc.server.api;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Optional;

/** The token that requests have to bring (RFC 6750). Shows itself to nobody. */
public final class BearerToken {

  private static final String SCHEME = "bearer ";

  private final byte[] token;

  /**
   * @param token letters, digits and {@code -._~+/=}
   */
  public BearerToken(String token) {
    this.token = token.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Whether a request may pass; how long the comparison takes does not tell how much of the token
   * is right.
   *
   * @param authorization the request's header {@code Authorization}
   */
  boolean admits(Optional<String> authorization) {
    return authorization
        .filter(header -> header.toLowerCase(Locale.ROOT).startsWith(SCHEME))
        .map(header -> header.substring(SCHEME.length()).strip().getBytes(StandardCharsets.UTF_8))
        .filter(given -> MessageDigest.isEqual(token, given))
        .isPresent();
  }
}
