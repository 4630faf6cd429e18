package io.milvus.cdc.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import io.milvus.cdc.playground.PlaygroundSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** What {@code docker-compose.yml} names is there. */
class ComposeFileTest {

  private static final Path ROOT = PlaygroundSettings.defaults().repository();
  private static final Pattern ADDRESS = Pattern.compile("//([a-z-]+):(\\d+)");

  private JsonNode compose;
  private JsonNode services;

  @BeforeEach
  void read() throws IOException {
    compose = new YAMLMapper().readTree(ROOT.resolve("docker-compose.yml").toFile());
    services = compose.path("services");
    assertThat(services).hasSizeGreaterThan(8);
  }

  /** {@code compose_spec.json} is the schema of docker-compose 1.29.2, as that carries it. */
  @Test
  void itIsWhatTheSchemaOfComposeFilesAllows() throws IOException {
    JsonNode published =
        new ObjectMapper().readTree(ComposeFileTest.class.getResource("compose_spec.json"));
    // Names of its parts that the draft it is written in does not have.
    published.findParents("id").forEach(part -> ((ObjectNode) part).remove("id"));
    JsonSchema schema = JsonSchemaFactory.getInstance(VersionFlag.V201909).getSchema(published);
    // Jackson knows no merge keys.
    Object merged = new Yaml().load(Files.readString(ROOT.resolve("docker-compose.yml")));

    assertThat(schema.validate(new ObjectMapper().valueToTree(merged))).isEmpty();
  }

  @Test
  void volumesAreDeclaredAndFilesExist() {
    Set<String> used = new TreeSet<>();
    for (JsonNode service : services) {
      for (JsonNode volume : service.path("volumes")) {
        String from = volume.asText().split(":", -1)[0];
        if (from.startsWith("./")) {
          assertThat(ROOT.resolve(from)).exists();
        } else {
          used.add(from);
        }
      }
    }
    Set<String> declared = new TreeSet<>();
    compose.path("volumes").fieldNames().forEachRemaining(declared::add);
    assertThat(declared).isEqualTo(used);
  }

  @Test
  void servicesThatAreWaitedForExistAndTellTheirHealth() {
    for (JsonNode service : services) {
      service
          .path("depends_on")
          .fields()
          .forEachRemaining(
              need -> {
                assertThat(need.getValue().path("condition").asText()).isEqualTo("service_healthy");
                assertThat(services.path(need.getKey()).has("healthcheck"))
                    .as(need.getKey())
                    .isTrue();
              });
    }
  }

  /** The image of Flink writes this variable, or else the container's own name, over its file. */
  @Test
  void theProcessesOfFlinkKnowTheirJobManager() throws IOException {
    Map<String, Map<String, Map<String, Object>>> merged =
        new Yaml().load(Files.readString(ROOT.resolve("docker-compose.yml")));
    for (String service : Set.of("jobmanager", "taskmanager")) {
      assertThat(merged.get("services").get(service).get("environment"))
          .as(service)
          .isEqualTo(
              Map.of(
                  "CDC_SECRET_KEY",
                  "${CDC_SECRET_KEY:-}",
                  "JOB_MANAGER_RPC_ADDRESS",
                  "jobmanager"));
    }
  }

  @Test
  void imagesArePinnedAndPortsStayOnThisMachine() {
    for (JsonNode service : services) {
      String image = service.path("image").asText();
      boolean built = image.startsWith("milvus-cdc-");
      assertThat(built || image.matches(".+:[^:]*\\d[^:]*")).as(image).isTrue();
      service.path("ports").forEach(port -> assertThat(port.asText()).startsWith("127.0.0.1:"));
    }
  }

  @Test
  void buildStagesExist() throws IOException {
    String dockerfile = Files.readString(ROOT.resolve("Dockerfile"));
    for (JsonNode service : services) {
      if (service.has("build")) {
        assertThat(dockerfile).contains(" AS " + service.path("build").path("target").asText());
      }
    }
  }

  /** The server's default {@code data/checkpoints} lies below its working directory. */
  @Test
  void theServersUserOwnsItsDataDirectory() throws IOException {
    String dockerfile = Files.readString(ROOT.resolve("Dockerfile"));
    String server = dockerfile.substring(dockerfile.indexOf(" AS server"));
    assertThat(server).contains("WORKDIR /milvus-cdc\n");
    assertThat(server.substring(0, server.indexOf("USER cdc\n")))
        .contains("mkdir /milvus-cdc/data ")
        .contains("chown cdc:cdc /milvus-cdc/data\n");
  }

  @Test
  void theControlServerUnderstandsItsSettings() {
    Map<String, String> environment = new HashMap<>();
    services
        .path("control-server")
        .path("environment")
        .fields()
        .forEachRemaining(
            field -> {
              if (field.getKey().startsWith("CDC_")) {
                environment.put(field.getKey(), field.getValue().asText());
              }
            });
    Settings settings = Settings.load(Optional.empty(), environment, Map.of());
    ServerConfig config = ServerConfig.from(settings);

    assertThat(GivenVariables.understood(settings)).isEqualTo(environment.keySet()).isNotEmpty();
    assertThat(config.flink().cluster()).isInstanceOf(ServerConfig.Remote.class);
    for (String address : environment.values()) {
      Matcher matcher = ADDRESS.matcher(address);
      if (matcher.find()) {
        assertThat(services.has(matcher.group(1))).as(address).isTrue();
      }
    }
  }

  @Test
  void prometheusScrapesServicesAtTheirPorts() throws IOException {
    JsonNode prometheus =
        new YAMLMapper().readTree(ROOT.resolve("docs/monitoring/prometheus.yml").toFile());
    for (JsonNode rules : prometheus.path("rule_files")) {
      assertThat(ROOT.resolve("docs/monitoring").resolve(rules.asText())).exists();
    }
    String flinkConf = Files.readString(ROOT.resolve("flink-conf/config.yaml"));
    for (JsonNode job : prometheus.path("scrape_configs")) {
      for (JsonNode target : job.path("static_configs").path(0).path("targets")) {
        String[] address = target.asText().split(":", -1);
        assertThat(services.has(address[0])).as(target.asText()).isTrue();
        if (address[0].equals("control-server")) {
          assertThat(services.path("control-server").path("ports").path(0).asText())
              .endsWith(":" + address[1]);
        } else {
          assertThat(flinkConf).contains("port: " + address[1] + "-");
        }
      }
    }
  }
}
