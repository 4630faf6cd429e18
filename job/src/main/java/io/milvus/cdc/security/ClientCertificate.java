package io.milvus.cdc.security;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * By what a client proves who it is: contents of PEM files, not paths, because a task's job runs on
 * other machines than the one that has the files.
 *
 * @param chain its certificate, and those between it and the authority, as PEM
 * @param privateKey the certificate's key as PEM, not encrypted
 */
public record ClientCertificate(String chain, Secret privateKey) {

  /**
   * A certificate with its key.
   *
   * @throws PemException when the key is not the certificate's
   */
  public static ClientCertificate of(String chain, String privateKey) throws PemException {
    Pem.requirePair(Pem.certificates(chain), Pem.privateKey(privateKey));
    return new ClientCertificate(chain, new Secret(privateKey));
  }

  /**
   * Its certificates, the client's own first.
   *
   * @throws PemException when they cannot be read
   */
  public List<X509Certificate> certificates() throws PemException {
    return Pem.certificates(chain);
  }

  /**
   * Its key.
   *
   * @throws PemException when it cannot be read
   */
  public PrivateKey key() throws PemException {
    return Pem.privateKey(privateKey.value());
  }
}
