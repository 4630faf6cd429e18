package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundSettings;
import io.milvus.cdc.playground.SecuredBroker;
import io.milvus.cdc.playground.TestingAuthority;
import io.milvus.cdc.playground.TestingPlayground;
import io.milvus.cdc.security.ClientCertificate;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.TlsSettings;
import io.milvus.cdc.task.SourceCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.PulsarClientException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broker that wants a token, on ports without TLS and on ports that want a certificate. */
class SecuredPulsarIT {

  private static final String TOKEN = SecuredBroker.token(SecuredBroker.ADMIN);
  private static final String PCHANNEL = "by-dev-rootcoord-dml_0";

  /** The broker as well, by a name that its certificate does not have. */
  private static final String OTHER_NAME = "127.0.0.2";

  @TempDir static Path directory;

  private static Playground playground;
  private static SecuredBroker broker;
  private static TestingAuthority authority;
  private static TestingAuthority.Issued client;

  @BeforeAll
  static void start() throws Exception {
    authority = TestingAuthority.create(directory, "ca");
    client = authority.issue("client");
    broker = SecuredBroker.create(authority);
    playground =
        TestingPlayground.separate(
            PlaygroundSettings.defaults().withBrokerSettings(broker.settings()));
    playground.start(Part.PULSAR);
    try (PulsarClient writer = new PulsarAccess(plain(TOKEN)).client().build();
        Producer<byte[]> producer =
            writer.newProducer().topic(plain(TOKEN).topic(PCHANNEL)).create()) {
      producer.send(new byte[] {1});
    }
  }

  @AfterAll
  static void stop() {
    playground.close();
  }

  @Test
  void aTokenLetsIn() throws Exception {
    assertReads(plain(TOKEN));
  }

  @Test
  void aTokenAndACertificateLetInOverTls() throws Exception {
    assertReads(tls("127.0.0.1", true, authority));
  }

  @Test
  void withoutATokenOrWithAWrongOneNothingIsRead() {
    assertRefused(plain(null), "Pulsar refuses what it is shown", "401", "source.pulsar.token");
    assertRefused(plain("SecretToken"), "Pulsar refuses what it is shown", "401");
    assertRefused(plain(SecuredBroker.token("stranger")), "Pulsar refuses what it is shown", "403");
  }

  @Test
  void tlsChecksWhoIsThere() throws Exception {
    TestingAuthority stranger = TestingAuthority.create(directory, "stranger");
    assertRefused(tls(OTHER_NAME, true, authority), "TLS fails", OTHER_NAME);
    assertRefused(
        tls("127.0.0.1", true, stranger), "TLS fails", "unable to find valid certification path");
    assertBinaryRefused(tls(OTHER_NAME, true, authority));
    assertBinaryRefused(tls("127.0.0.1", true, stranger));
    assertBinaryRefused(tls("127.0.0.1", false, authority));
  }

  @Test
  void aBrokerThatWantsACertificateRefusesAClientWithoutOne() {
    assertThatThrownBy(() -> read(tls("127.0.0.1", false, authority)))
        .isInstanceOf(IOException.class)
        .message()
        .contains(broker.adminUrl("127.0.0.1"))
        .doesNotContain(TOKEN);
  }

  /** Asks over both protocols, as creating and running a task do. */
  private static void assertReads(SourceCluster source) throws Exception {
    assertThat(StartPositionReader.lastMessages(source))
        .hasEntrySatisfying(PCHANNEL, last -> assertThat(last).isPresent());
    TopicDirectory topics = new TopicDirectory(source);
    assertThat(topics.pchannels()).containsExactly(PCHANNEL);
    assertThat(topics.contents(PCHANNEL).orElseThrow().earliest()).isPresent();
  }

  private static Object read(SourceCluster source) throws IOException {
    return StartPositionReader.lastMessages(source);
  }

  private static void assertRefused(SourceCluster source, String... parts) {
    assertThatThrownBy(() -> read(source))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll(parts)
        .message()
        .doesNotContain("SecretToken", TOKEN);
  }

  private static void assertBinaryRefused(SourceCluster source) throws Exception {
    try (PulsarClient reader =
        new PulsarAccess(source)
            .client()
            .operationTimeout(3, TimeUnit.SECONDS)
            .lookupTimeout(3, TimeUnit.SECONDS)
            .build()) {
      assertThatThrownBy(() -> reader.getPartitionsForTopic(source.topic(PCHANNEL)).get())
          .hasCauseInstanceOf(PulsarClientException.class);
    }
  }

  private static SourceCluster plain(String token) {
    return source(
        playground.pulsarServiceUrl(),
        playground.pulsarAdminUrl(),
        Optional.ofNullable(token),
        Optional.empty());
  }

  private static SourceCluster tls(String host, boolean identity, TestingAuthority trusted) {
    try {
      Optional<ClientCertificate> shown =
          identity
              ? Optional.of(
                  ClientCertificate.of(
                      Files.readString(client.certificate()), Files.readString(client.key())))
              : Optional.empty();
      return source(
          broker.serviceUrl(host),
          broker.adminUrl(host),
          Optional.of(TOKEN),
          Optional.of(
              new TlsSettings(
                  Optional.of(Files.readString(trusted.certificate())), shown, Optional.empty())));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static SourceCluster source(
      String serviceUrl, String adminUrl, Optional<String> token, Optional<TlsSettings> tls) {
    return new SourceCluster(
        List.of("http://127.0.0.1:1"),
        "by-dev",
        "meta",
        serviceUrl,
        adminUrl,
        "public",
        "default",
        "by-dev",
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        token.map(Secret::new),
        tls);
  }
}
