package io.milvus.cdc.playground;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Date;
import java.util.concurrent.atomic.AtomicLong;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A certificate authority for tests: its certificates hold for a day. Lies beside the product's
 * code because the tests of other modules use it as well.
 */
public final class TestingAuthority {

  private static final AtomicLong SERIAL = new AtomicLong(1);

  private final Path directory;
  private final X500Principal name;
  private final KeyPair keys;
  private final Path certificate;

  /**
   * The PEM files of a certificate and its key.
   *
   * @param key PKCS#8, not encrypted
   */
  public record Issued(Path certificate, Path key) {}

  private TestingAuthority(Path directory, X500Principal name, KeyPair keys, Path certificate) {
    this.directory = directory;
    this.name = name;
    this.keys = keys;
    this.certificate = certificate;
  }

  /**
   * A new authority.
   *
   * @param directory where its certificates go
   * @param name its name, and that of its file {@code <name>.pem}
   */
  public static TestingAuthority create(Path directory, String name) {
    KeyPair keys = rsa();
    X500Principal principal = new X500Principal("CN=" + name);
    try {
      X509v3CertificateBuilder builder = builder(principal, principal, keys);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
      return new TestingAuthority(
          directory,
          principal,
          keys,
          write(directory.resolve(name + ".pem"), signed(builder, keys)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its own certificate. */
  public Path certificate() {
    return certificate;
  }

  /**
   * A certificate for an RSA key.
   *
   * @param subject its common name, and that of its files {@code <subject>.pem} and {@code
   *     <subject>.key}
   * @param hosts the names and addresses that it holds for
   */
  public Issued issue(String subject, String... hosts) {
    return issue(subject, rsa(), hosts);
  }

  /** As {@link #issue(String, String...)}, for a given key. */
  public Issued issue(String subject, KeyPair subjectKeys, String... hosts) {
    try {
      X509v3CertificateBuilder builder =
          builder(name, new X500Principal("CN=" + subject), subjectKeys);
      if (hosts.length > 0) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(
                Arrays.stream(hosts)
                    .map(
                        host ->
                            new GeneralName(
                                Character.isDigit(host.charAt(0))
                                    ? GeneralName.iPAddress
                                    : GeneralName.dNSName,
                                host))
                    .toArray(GeneralName[]::new)));
      }
      return new Issued(
          write(directory.resolve(subject + ".pem"), signed(builder, keys)),
          write(
              directory.resolve(subject + ".key"),
              new JcaPKCS8Generator(subjectKeys.getPrivate(), null)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static X509v3CertificateBuilder builder(
      X500Principal issuer, X500Principal subject, KeyPair subjectKeys) {
    Instant now = Instant.now();
    return new JcaX509v3CertificateBuilder(
        issuer,
        BigInteger.valueOf(SERIAL.getAndIncrement()),
        Date.from(now.minus(1, ChronoUnit.HOURS)),
        Date.from(now.plus(1, ChronoUnit.DAYS)),
        subject,
        subjectKeys.getPublic());
  }

  private static X509CertificateHolder signed(X509v3CertificateBuilder builder, KeyPair keys) {
    try {
      return builder.build(new JcaContentSignerBuilder("SHA256withRSA").build(keys.getPrivate()));
    } catch (OperatorCreationException e) {
      throw new IllegalStateException("this Java runtime cannot sign", e);
    }
  }

  private static KeyPair rsa() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java runtime has no RSA", e);
    }
  }

  private static Path write(Path file, Object content) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(content);
    }
    return Files.writeString(file, text.toString());
  }
}
