package io.milvus.cdc.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * The manifests of {@code docs/kubernetes} against the schemas of Kubernetes 1.30 and of the Flink
 * Kubernetes Operator, and against the settings that the server and {@code flink-conf} have.
 */
class KubernetesFilesTest {

  private static final Path ROOT = Path.of("..");
  private static final YAMLMapper YAML = new YAMLMapper();

  /** Written by people; the operator reads every value as a text. */
  private static final String FLINK_CONFIGURATION = "flinkConfiguration";

  @Test
  void everyFieldIsOneOfItsSchemaAndHasItsType() throws IOException {
    Map<String, JsonNode> definitions = kubernetes();
    List<String> wrong = new ArrayList<>();
    for (JsonNode object : objects("control-server.yaml")) {
      String kind = object.path("kind").asText();
      String group = object.path("apiVersion").asText().startsWith("apps/") ? "apps" : "core";
      JsonNode schema = definitions.get("kubernetes_" + group + "_" + kind);
      assertThat(schema).as(kind).isNotNull();
      check(object, schema, definitions, kind, wrong);
    }
    JsonNode flink = flink();
    check(flink, flinkDeployment(), definitions, "FlinkDeployment", wrong);
    assertThat(wrong).isEmpty();
  }

  @Test
  void aWrongFieldIsFound() throws IOException {
    Map<String, JsonNode> definitions = kubernetes();
    List<String> wrong = new ArrayList<>();
    check(
        YAML.readTree("spec: {replica: 1, template: {spec: {containers: [{name: 5}]}}}"),
        definitions.get("kubernetes_apps_Deployment"),
        definitions,
        "d",
        wrong);
    check(
        YAML.readTree("spec: {flinkVersion: v0_1, taskManager: {memory: 1g}}"),
        flinkDeployment(),
        definitions,
        "f",
        wrong);
    assertThat(wrong)
        .containsExactlyInAnyOrder(
            "d.spec.replica is not known",
            "d.spec.template.spec.containers.name is not of type string",
            "f.spec.flinkVersion is none of the values",
            "f.spec.taskManager.memory is not known");
  }

  @Test
  void theServerUnderstandsItsSettings() throws IOException {
    Map<String, String> environment = new HashMap<>();
    JsonNode container =
        objects("control-server.yaml").stream()
            .map(object -> object.at("/spec/template/spec/containers/0"))
            .filter(found -> !found.isMissingNode())
            .findFirst()
            .orElseThrow();
    for (JsonNode variable : container.path("env")) {
      environment.put(
          variable.path("name").asText(),
          variable.path("value").asText("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="));
    }
    Settings settings = Settings.load(Optional.empty(), environment, Map.of());
    ServerConfig config = ServerConfig.from(settings);

    assertThat(GivenVariables.understood(settings)).isEqualTo(environment.keySet());
    assertThat(config.flink().cluster())
        .isInstanceOfSatisfying(
            ServerConfig.Remote.class,
            remote ->
                assertThat(remote.toString())
                    .contains("http://" + flink().at("/metadata/name").asText() + "-rest:8081"));
    assertThat(container.at("/ports/0/containerPort").asInt()).isEqualTo(8444);
  }

  @Test
  void flinkHasTheSettingsOfFlinkConf() throws IOException {
    Map<String, String> all = new TreeMap<>();
    flatten("", YAML.readTree(ROOT.resolve("flink-conf/config.yaml").toFile()), all);
    Map<String, String> here = new TreeMap<>();
    flatten("", flink().at("/spec/" + FLINK_CONFIGURATION), here);

    // Addresses and the memory of the processes are the operator's.
    all.keySet().removeIf(key -> key.contains("address") || key.contains("bind-host"));
    all.keySet().removeIf(key -> key.equals("rest.port") || key.endsWith("process.size"));
    assertThat(here).isEqualTo(all);
  }

  @Test
  void flinkLogsAsFlinkConfSays() throws IOException {
    String file = "log4j-console.properties";
    assertThat(flink().at("/spec/logConfiguration").path(file).asText())
        .isEqualTo(Files.readString(ROOT.resolve("flink-conf").resolve(file)));
  }

  private static void flatten(String path, JsonNode node, Map<String, String> into) {
    if (!node.isObject()) {
      into.put(path, node.asText());
      return;
    }
    node.properties()
        .forEach(
            field ->
                flatten(
                    path.isEmpty() ? field.getKey() : path + "." + field.getKey(),
                    field.getValue(),
                    into));
  }

  private static JsonNode flink() {
    return objects("flink.yaml").get(0);
  }

  private static List<JsonNode> objects(String file) {
    try {
      return YAML.readerFor(JsonNode.class)
          .<JsonNode>readValues(
              new YAMLFactory().createParser(ROOT.resolve("docs/kubernetes/" + file).toFile()))
          .readAll();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Definitions by name, as the models of the fabric8 client carry them. */
  private static Map<String, JsonNode> kubernetes() throws IOException {
    Map<String, JsonNode> definitions = new HashMap<>();
    for (URL schema : resources("schema/validation-schema.json")) {
      new ObjectMapper()
          .readTree(schema)
          .path("definitions")
          .properties()
          .forEach(each -> definitions.put(each.getKey(), each.getValue()));
    }
    return definitions;
  }

  /** The operator's own definition of the resource. */
  private static JsonNode flinkDeployment() throws IOException {
    URL definition = resources("META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml").get(0);
    return YAML.readTree(definition).at("/spec/versions/0/schema/openAPIV3Schema");
  }

  private static List<URL> resources(String name) throws IOException {
    List<URL> found =
        Collections.list(KubernetesFilesTest.class.getClassLoader().getResources(name));
    assertThat(found).as(name).isNotEmpty();
    return found;
  }

  private static void check(
      JsonNode value,
      JsonNode schema,
      Map<String, JsonNode> definitions,
      String path,
      List<String> wrong) {
    if (schema.has("$ref")) {
      String name = schema.path("$ref").asText().replace("#/definitions/", "");
      check(value, definitions.get(name), definitions, path, wrong);
      return;
    }
    String type = schema.path("type").asText();
    if (!isOfType(value, type)) {
      wrong.add(path + " is not of type " + type);
    } else if (schema.has("enum") && !contains(schema.path("enum"), value)) {
      wrong.add(path + " is none of the values");
    } else if (value.isArray()) {
      value.forEach(item -> check(item, schema.path("items"), definitions, path, wrong));
    } else if (value.isObject() && schema.has("properties")) {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        JsonNode of = schema.path("properties").path(field.getKey());
        String inner = path + "." + field.getKey();
        boolean isPartOfEveryObject =
            !path.contains(".")
                && List.of("apiVersion", "kind", "metadata").contains(field.getKey());
        if (!of.isMissingNode()) {
          check(field.getValue(), of, definitions, inner, wrong);
        } else if (!isPartOfEveryObject) {
          wrong.add(inner + " is not known");
        }
      }
    }
  }

  /** A schema without a type takes any. */
  private static boolean isOfType(JsonNode value, String type) {
    return switch (type) {
      case "string" -> value.isTextual();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "boolean" -> value.isBoolean();
      case "array" -> value.isArray();
      case "object" -> value.isObject() || value.isValueNode();
      default -> true;
    };
  }

  private static boolean contains(JsonNode values, JsonNode value) {
    for (JsonNode each : values) {
      if (each.equals(value)) {
        return true;
      }
    }
    return false;
  }
}
