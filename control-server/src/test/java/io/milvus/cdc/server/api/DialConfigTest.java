package io.milvus.cdc.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.milvus.cdc.playground.TestingAuthority;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.TlsSettings;
import io.milvus.cdc.server.tasks.NewTask;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DialConfigTest {

  @TempDir static Path directory;

  @BeforeAll
  static void makeFiles() throws IOException {
    TestingAuthority authority = TestingAuthority.create(directory, "ca");
    authority.issue("client");
    authority.issue("other");
    Files.writeString(directory.resolve("words.pem"), "Secret words");
    Files.createDirectory(directory.resolve("directory"));
  }

  @Test
  void oneWay() throws IOException {
    TlsSettings tls =
        tls("'uri':'https://h:1'", "'server_pem_path':'@/ca.pem','server_name':'milvus.test'");

    assertThat(tls.trusted()).hasValue(text("ca.pem"));
    assertThat(tls.client()).isEmpty();
    assertThat(tls.serverName()).hasValue("milvus.test");
  }

  @Test
  void mutual() throws IOException {
    TlsSettings tls =
        tls(
            "'host':'h','port':1,'enable_tls':true",
            "'ca_pem_path':'@/ca.pem','client_pem_path':'@/client.pem',"
                + "'client_key_path':'@/client.key'");

    assertThat(tls.trusted()).hasValue(text("ca.pem"));
    assertThat(tls.client().orElseThrow().chain()).isEqualTo(text("client.pem"));
    assertThat(tls.client().orElseThrow().privateKey()).isEqualTo(new Secret(text("client.key")));
  }

  @Test
  void anEmptyOneCountsAsAbsent() {
    assertThat(read("'uri':'http://h:1'", "").target().tls()).isEmpty();
    assertThat(read("'uri':'http://h:1'", "'server_name':'','server_pem_path':''").target().tls())
        .isEmpty();
    assertThat(read("'uri':'https://h:1'", "").target().tls()).isEmpty();
  }

  @Test
  void thePathsStayInTheRequestAndTheContentsDoNotGetIn() {
    NewTask task = read("'uri':'https://h:1'", "'server_pem_path':'@/ca.pem'");

    assertThat(task.request().at("/milvus_connect_param/dial_config/server_pem_path").asText())
        .isEqualTo(directory + "/ca.pem");
    assertThat(task.request().toString()).doesNotContain("BEGIN");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "http  | 'server_pem_path':'@/ca.pem' | dial_config is for a target with TLS; give a uri",
        "https | 'server_name':'milvus_target' | dial_config.server_name is not a host's name",
        "https | 'server_name':'Secret words' | dial_config.server_name is not a host's name",
        "https | 'server_name':'h:1' | dial_config.server_name is not a host's name",
        "https | 'server_pem':'@/ca.pem' | dial_config.server_pem is not a known field",
        "https | 'server_pem_path':7 | dial_config.server_pem_path must be a text",
        "https | 'server_pem_path':'@/no.pem' | server_pem_path: '@/no.pem' does not exist",
        "https | 'server_pem_path':'@/directory' | '@/directory' is not a file that this process",
        "https | 'server_pem_path':'@/words.pem' | '@/words.pem' holds no certificate in PEM",
        "https | 'server_pem_path':'@/client.key' | '@/client.key' holds no certificate in PEM",
        "https | 'ca_pem_path':'@/ca.pem' |"
            + " has ca_pem_path without client_pem_path and client_key_path; mutual TLS needs all",
        "https | 'ca_pem_path':'@/ca.pem','client_pem_path':'@/client.pem' |"
            + " has ca_pem_path and client_pem_path without client_key_path",
        "https | 'server_pem_path':'@/ca.pem','client_key_path':'@/client.key' |"
            + " has both server_pem_path and client_key_path",
        "https | 'ca_pem_path':'@/ca.pem','client_pem_path':'@/client.pem',"
            + "'client_key_path':'@/other.key' |"
            + " client_key_path: '@/other.key' does not belong to the first certificate",
        "https | 'ca_pem_path':'@/ca.pem','client_pem_path':'@/client.pem',"
            + "'client_key_path':'@/client.pem' |"
            + " client_key_path: '@/client.pem' holds no private key in PEM",
        "https | 'ca_pem_path':'@/ca.pem','client_pem_path':'@/no.pem',"
            + "'client_key_path':'@/client.key' | client_pem_path: '@/no.pem' does not exist",
      })
  void refusesWithWords(String scheme, String dialConfig, String part) {
    assertThatThrownBy(() -> read("'uri':'" + scheme + "://h:1'", dialConfig))
        .isInstanceOf(BadRequestException.class)
        .hasMessageContaining(part.replace("@", directory.toString()))
        .message()
        .startsWith("request_data.milvus_connect_param.dial_config")
        .doesNotContain("Secret words", "MII");
  }

  private static TlsSettings tls(String address, String dialConfig) {
    return read(address, dialConfig).target().tls().orElseThrow();
  }

  private static NewTask read(String address, String dialConfig) {
    String request =
        """
        {"milvus_connect_param":{%s,"dial_config":{%s}},"collection_infos":[{"name":"*"}]}
        """
            .formatted(address, dialConfig.replace("@", directory.toString()))
            .replace('\'', '"');
    try {
      return CreateRequest.read((ObjectNode) new ObjectMapper().readTree(request));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(String file) throws IOException {
    return Files.readString(directory.resolve(file));
  }
}
