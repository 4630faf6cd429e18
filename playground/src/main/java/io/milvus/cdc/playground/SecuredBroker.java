package io.milvus.cdc.playground;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A broker for tests that wants a token on its usual ports, and a client's certificate as well on
 * two more ports with TLS.
 *
 * @param port of the binary protocol over TLS
 * @param webPort of the HTTP interface over TLS
 * @param settings for {@link PlaygroundSettings#withBrokerSettings}
 */
public record SecuredBroker(int port, int webPort, Map<String, String> settings) {

  /** The role that may do everything. */
  public static final String ADMIN = "admin";

  private static final byte[] TOKEN_KEY =
      "a key of at least 32 bytes for HS256".getBytes(StandardCharsets.UTF_8);

  /**
   * On free ports.
   *
   * @param authority issues the broker's certificate, for 127.0.0.1 and localhost, and those of its
   *     clients
   */
  public static SecuredBroker create(TestingAuthority authority) {
    Ports more = Ports.free();
    TestingAuthority.Issued broker = authority.issue("broker", "127.0.0.1", "localhost");
    return new SecuredBroker(
        more.pulsar(),
        more.pulsarWeb(),
        Map.ofEntries(
            // Under other addresses as well.
            Map.entry("bindAddress", "0.0.0.0"),
            Map.entry("authenticationEnabled", "true"),
            Map.entry("authorizationEnabled", "true"),
            Map.entry("superUserRoles", ADMIN),
            Map.entry(
                "authenticationProviders",
                "org.apache.pulsar.broker.authentication.AuthenticationProviderToken"),
            Map.entry(
                "tokenSecretKey", "data:;base64," + Base64.getEncoder().encodeToString(TOKEN_KEY)),
            Map.entry(
                "brokerClientAuthenticationPlugin",
                "org.apache.pulsar.client.impl.auth.AuthenticationToken"),
            Map.entry("brokerClientAuthenticationParameters", "token:" + token(ADMIN)),
            Map.entry("brokerServicePortTls", Integer.toString(more.pulsar())),
            Map.entry("webServicePortTls", Integer.toString(more.pulsarWeb())),
            Map.entry("tlsCertificateFilePath", broker.certificate().toString()),
            Map.entry("tlsKeyFilePath", broker.key().toString()),
            Map.entry("tlsTrustCertsFilePath", authority.certificate().toString()),
            Map.entry("tlsRequireTrustedClientCertOnConnect", "true")));
  }

  /** The address of the binary protocol over TLS. */
  public String serviceUrl(String host) {
    return "pulsar+ssl://" + host + ":" + port;
  }

  /** The address of the HTTP interface over TLS. */
  public String adminUrl(String host) {
    return "https://" + host + ":" + webPort;
  }

  /** A JSON web token of a role, signed as the broker expects. */
  public static String token(String role) {
    String content = encoded("{\"alg\":\"HS256\"}") + "." + encoded("{\"sub\":\"" + role + "\"}");
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(TOKEN_KEY, "HmacSHA256"));
      return content + "." + encoded(mac.doFinal(content.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java runtime has no HmacSHA256", e);
    }
  }

  private static String encoded(String text) {
    return encoded(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String encoded(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
