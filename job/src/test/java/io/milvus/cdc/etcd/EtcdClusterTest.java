package io.milvus.cdc.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.playground.TestingAuthority;
import io.milvus.cdc.security.ClientCertificate;
import io.milvus.cdc.security.PemException;
import io.milvus.cdc.security.TlsSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EtcdClusterTest {

  @TempDir Path directory;

  @Test
  void anAddressWithoutAPortIsProbedAtThePortThatTheClientUses() {
    EtcdCluster cluster =
        new EtcdCluster(List.of("https://nowhere.invalid"), Optional.empty(), Optional.empty());
    assertThat(cluster.tlsTrouble().orElseThrow()).startsWith("https://nowhere.invalid: ");
  }

  /** etcd says so, too, but closes the connection at once, so that it is not always heard. */
  @Test
  void aServerThatSaysThatItWantsACertificateIsQuotedAndTheClientsIsToBeChecked() throws Exception {
    TestingAuthority authority = TestingAuthority.create(directory, "ca");
    TestingAuthority.Issued issued = authority.issue("server", "127.0.0.1");
    Optional<String> trusted = Optional.of(Files.readString(authority.certificate()));
    TlsSettings ofServer =
        new TlsSettings(
            trusted,
            Optional.of(
                ClientCertificate.of(
                    Files.readString(issued.certificate()), Files.readString(issued.key()))),
            Optional.empty());
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CompletableFuture<Void> unused =
          CompletableFuture.runAsync(() -> refuseOne(server, ofServer));
      EtcdCluster cluster =
          new EtcdCluster(
              List.of("https://127.0.0.1:" + server.getLocalPort()),
              Optional.empty(),
              Optional.of(new TlsSettings(trusted, Optional.empty(), Optional.empty())));

      assertThat(cluster.tlsTrouble().orElseThrow())
          .contains("TLS fails: Received fatal alert: bad_certificate")
          .endsWith("; check the client's certificate");
    }
  }

  /** Stays until the client goes, so that what it says is heard. */
  private static void refuseOne(ServerSocket server, TlsSettings tls) {
    try (Socket plain = server.accept()) {
      SSLSocket secured =
          (SSLSocket) tls.sslContext().getSocketFactory().createSocket(plain, null, 0, false);
      secured.setUseClientMode(false);
      secured.setNeedClientAuth(true);
      // With it the verdict is a part of the handshake.
      secured.setEnabledProtocols(new String[] {"TLSv1.2"});
      assertThatThrownBy(secured::startHandshake).hasMessageContaining("certificate");
      long unused = plain.getInputStream().transferTo(OutputStream.nullOutputStream());
    } catch (IOException | PemException e) {
      throw new AssertionError(e);
    }
  }
}
