package io.milvus.cdc.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.playground.TestingAuthority;
import io.milvus.cdc.playground.TestingAuthority.Issued;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PKCS8Generator;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PemTest {

  @TempDir Path directory;

  private TestingAuthority authority;

  @BeforeEach
  void create() {
    authority = TestingAuthority.create(directory, "ca");
  }

  @ParameterizedTest
  @ValueSource(strings = {"RSA", "EC", "Ed25519"})
  void aKeyIsReadInEveryForm(String algorithm) throws Exception {
    KeyPair keys = KeyPairGenerator.getInstance(algorithm).generateKeyPair();
    Issued issued = authority.issue("client", keys);
    String chain = Files.readString(issued.certificate());
    // PKCS#8, and where there is one the algorithm's own form (PKCS#1, SEC1).
    String pkcs8 = Files.readString(issued.key());
    String own = algorithm.equals("EC") ? sec1(keys) : pem(keys.getPrivate());

    for (String key : new String[] {pkcs8, own, "a comment\n" + pkcs8}) {
      ClientCertificate certificate = ClientCertificate.of(chain, key);
      assertThat(certificate.key().getAlgorithm()).isEqualTo(keys.getPrivate().getAlgorithm());
      assertThat(
              new TlsSettings(
                      Optional.of(Files.readString(authority.certificate())),
                      Optional.of(certificate),
                      Optional.empty())
                  .sslContext())
          .isNotNull();
    }
  }

  @Test
  void aKeyOfAnotherCertificateIsRefused() throws Exception {
    Issued issued = authority.issue("client");
    Issued other = authority.issue("other");
    KeyPair elliptic = KeyPairGenerator.getInstance("EC").generateKeyPair();

    for (String key : new String[] {Files.readString(other.key()), sec1(elliptic)}) {
      assertThatThrownBy(() -> ClientCertificate.of(Files.readString(issued.certificate()), key))
          .isInstanceOf(PemException.class)
          .hasMessage("does not belong to the first certificate of the client's certificates");
    }
  }

  @Test
  void anEncryptedKeyIsRefused() throws Exception {
    Issued issued = authority.issue("client");
    KeyPair keys = KeyPairGenerator.getInstance("RSA").generateKeyPair();
    String encrypted =
        pem(
            new JcaPKCS8Generator(
                keys.getPrivate(),
                new JceOpenSSLPKCS8EncryptorBuilder(PKCS8Generator.AES_256_CBC)
                    .setProvider(new BouncyCastleProvider())
                    .setPassword("password".toCharArray())
                    .build()));

    assertThatThrownBy(
            () -> ClientCertificate.of(Files.readString(issued.certificate()), encrypted))
        .isInstanceOf(PemException.class)
        .hasMessageStartingWith("holds a private key that is encrypted; decrypt it");
  }

  @Test
  void aBundleHasAllItsCertificates() throws Exception {
    TestingAuthority other = TestingAuthority.create(directory, "other-ca");
    Path bundle = directory.resolve("bundle.pem");
    Files.writeString(
        bundle,
        "# two authorities\n"
            + Files.readString(authority.certificate())
            + Files.readString(other.certificate()));

    assertThat(Pem.certificates(PemFiles.certificates(bundle.toString()))).hasSize(2);
    assertThatCode(
            () ->
                new TlsSettings(
                        Optional.of(Files.readString(bundle)), Optional.empty(), Optional.empty())
                    .trustManager())
        .doesNotThrowAnyException();
  }

  /** As openssl writes it: with the name of the curve. */
  private static String sec1(KeyPair keys) throws IOException {
    BigInteger number = ((ECPrivateKey) keys.getPrivate()).getS();
    int bits = ((ECPrivateKey) keys.getPrivate()).getParams().getOrder().bitLength();
    ASN1Encodable curve =
        SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded())
            .getAlgorithm()
            .getParameters();
    return pem(
        new PemObject(
            "EC PRIVATE KEY",
            new org.bouncycastle.asn1.sec.ECPrivateKey(bits, number, curve).getEncoded()));
  }

  private static String pem(Object object) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(object);
    }
    return text.toString();
  }
}
