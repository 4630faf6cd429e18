package io.milvus.cdc.security;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * How a client knows its server and shows itself to it over TLS. A server's name is always checked.
 *
 * @param trusted the authorities that are trusted, or the server's own certificate, as PEM; absent
 *     when those of the Java runtime are
 * @param client what the client shows; absent when it shows nothing
 * @param serverName the name that the server's certificate must have; absent when it is the one by
 *     which the server is reached
 */
public record TlsSettings(
    Optional<String> trusted, Optional<ClientCertificate> client, Optional<String> serverName) {

  /** Trusts what the Java runtime trusts, and shows nothing. */
  public static final TlsSettings DEFAULT =
      new TlsSettings(Optional.empty(), Optional.empty(), Optional.empty());

  /**
   * Who decides whether a server is trusted.
   *
   * @throws PemException when the certificates cannot be read
   */
  public TrustManager trustManager() throws PemException {
    try {
      Optional<KeyStore> anchors = Optional.empty();
      if (trusted.isPresent()) {
        KeyStore store = emptyStore();
        for (X509Certificate certificate : Pem.certificates(trusted.get())) {
          store.setCertificateEntry(Integer.toString(store.size()), certificate);
        }
        anchors = Optional.of(store);
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(anchors.orElse(null));
      return factory.getTrustManagers()[0];
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this Java runtime cannot check certificates", e);
    }
  }

  /**
   * Who shows the client's certificate; absent when it shows nothing.
   *
   * @throws PemException when the certificate or its key cannot be read
   */
  public Optional<KeyManager> keyManager() throws PemException {
    if (client.isEmpty()) {
      return Optional.empty();
    }
    // The store is never written anywhere.
    char[] password = new char[0];
    try {
      KeyStore store = emptyStore();
      store.setKeyEntry(
          "client",
          client.get().key(),
          password,
          client.get().certificates().toArray(X509Certificate[]::new));
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(store, password);
      return Optional.of(factory.getKeyManagers()[0]);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this Java runtime cannot use the client's key", e);
    }
  }

  /**
   * Both together, for clients of the Java runtime.
   *
   * @throws PemException when a certificate or the key cannot be read
   */
  public SSLContext sslContext() throws PemException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          keyManager().map(manager -> new KeyManager[] {manager}).orElse(null),
          new TrustManager[] {trustManager()},
          null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java runtime has no TLS", e);
    }
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }
}
