package io.milvus.cdc.server.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.PlaygroundSettings;
import io.milvus.cdc.playground.SecuredBroker;
import io.milvus.cdc.playground.TestingAuthority;
import io.milvus.cdc.workload.SourceWriter;
import io.milvus.grpc.UpdateCredentialRequest;
import io.milvus.param.ConnectParam;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A task between servers that all want certificates and credentials: etcd (for the source and the
 * task store), Pulsar, and the target.
 */
class SecuredTaskIT {

  private static final String PASSWORD = "Milvus";
  private static final String NEW_PASSWORD = "Milvus2";
  private static final String SEALING_KEY = "A".repeat(43) + "=";

  @TempDir Path directory;

  private TestingAuthority authority;
  private TestingAuthority.Issued server;
  private TestingAuthority.Issued client;

  @Test
  void replicatesAcrossARestartOfTheTargetAndTellsNoSecret() throws IOException {
    authority = TestingAuthority.create(directory, "ca");
    server = authority.issue("server", "127.0.0.1");
    client = authority.issue("client");
    try (TaskScenario scenario = new TaskScenario(settings(), this::toTarget)) {
      String task = create(scenario);
      scenario.awaitState(task, "Running");
      SourceWriter writer = scenario.newCollection("secured");
      writer.insert(0, 100, 1);
      scenario.awaitSame("secured");

      // Its users are looked up anew.
      scenario.playground.kill(Part.TARGET);
      writer.upsert(50, 150, 2);
      scenario.playground.start(Part.TARGET);
      writer.delete("id in [1, 2, 3]");
      scenario.awaitSame("secured");
      assertThat(scenario.client.state(task)).isEqualTo("Running");

      scenario.client.ask("pause", task).data();
      writer.insert(150, 160, 1);
      scenario.client.ask("resume", task).data();
      scenario.awaitSame("secured");
      assertNothingTold(scenario, task);

      changePassword(scenario);
      writer.insert(160, 170, 1);
      scenario.awaitState(task, "Failed");
      assertThat(scenario.client.task(task).get("reason").asText())
          .contains("auth check failure", "correct the user at the target");
      assertNothingTold(scenario, task);
    }
  }

  private PlaygroundSettings settings() throws IOException {
    SecuredBroker broker = SecuredBroker.create(authority);
    Map<String, String> product = new LinkedHashMap<>();
    for (String section : List.of("META_STORE", "SOURCE_ETCD", "SOURCE_PULSAR")) {
      product.put("CDC_" + section + "_CA_FILE", authority.certificate().toString());
      product.put("CDC_" + section + "_CERTIFICATE_FILE", client.certificate().toString());
      product.put("CDC_" + section + "_KEY_FILE", client.key().toString());
    }
    product.put("CDC_SOURCE_PULSAR_SERVICE_URL", broker.serviceUrl("127.0.0.1"));
    product.put("CDC_SOURCE_PULSAR_ADMIN_URL", broker.adminUrl("127.0.0.1"));
    product.put("CDC_SOURCE_PULSAR_TOKEN", SecuredBroker.token(SecuredBroker.ADMIN));
    product.put(
        "CDC_SECRET_KEY_FILE",
        Files.writeString(directory.resolve("sealing.key"), SEALING_KEY).toString());
    // Flink's processes get what the task store wants, and the job the rest from there.
    Map<String, String> store = new LinkedHashMap<>(product);
    store.keySet().removeIf(name -> name.startsWith("CDC_SOURCE"));
    return PlaygroundSettings.defaults()
        .withFlinkMode(TaskScenario.FLINK)
        .withPartSettings(Part.JOB_MANAGER, store)
        .withPartSettings(Part.TASK_MANAGER, store)
        .withPartSettings(Part.SECOND_TASK_MANAGER, store)
        .withPartSettings(
            Part.ETCD,
            Map.of(
                "cert-file", server.certificate().toString(),
                "key-file", server.key().toString(),
                "trusted-ca-file", authority.certificate().toString(),
                "client-cert-auth", "true"))
        .withBrokerSettings(broker.settings())
        .withPartSettings(
            Part.SOURCE,
            Map.of(
                "etcd.ssl.enabled",
                "true",
                // Milvus asks for 1.3 otherwise, which etcd 3.5.1 does not have.
                "etcd.ssl.tlsMinVersion",
                "1.2",
                "etcd.ssl.tlsCert",
                client.certificate().toString(),
                "etcd.ssl.tlsKey",
                client.key().toString(),
                "etcd.ssl.tlsCACert",
                authority.certificate().toString(),
                "pulsar.authPlugin",
                "token",
                "pulsar.authParams",
                "token:" + SecuredBroker.token(SecuredBroker.ADMIN)))
        .withPartSettings(
            Part.TARGET,
            Map.of(
                "common.security.authorizationEnabled", "true",
                "common.security.tlsMode", "2",
                "tls.serverPemPath", server.certificate().toString(),
                "tls.serverKeyPath", server.key().toString(),
                "tls.caPemPath", authority.certificate().toString()))
        .withPartSettings(Part.SERVER, product);
  }

  private ConnectParam.Builder toTarget(ConnectParam.Builder target) {
    return target
        .withAuthorization("root", PASSWORD)
        .withCaPemPath(authority.certificate().toString())
        .withClientPemPath(client.certificate().toString())
        .withClientKeyPath(client.key().toString());
  }

  private String create(TaskScenario scenario) {
    return scenario.client.createWith(
        """
        "uri":"https://127.0.0.1:%d","token":"root:%s",
        "dial_config":{"ca_pem_path":"%s","client_pem_path":"%s","client_key_path":"%s"}"""
            .formatted(
                scenario.playground.ports().targetMilvus(),
                PASSWORD,
                authority.certificate(),
                client.certificate(),
                client.key()));
  }

  private static void changePassword(TaskScenario scenario) {
    scenario.target.call(
        stub ->
            stub.updateCredential(
                UpdateCredentialRequest.newBuilder()
                    .setUsername("root")
                    .setOldPassword(encoded(PASSWORD))
                    .setNewPassword(encoded(NEW_PASSWORD))
                    .build()));
  }

  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Looks through all that the product has written and answers. */
  private void assertNothingTold(TaskScenario scenario, String task) throws IOException {
    List<String> secrets =
        List.of(
            "root:" + PASSWORD,
            encoded("root:" + PASSWORD),
            SecuredBroker.token(SecuredBroker.ADMIN),
            SEALING_KEY,
            // A line of base64.
            Files.readAllLines(client.key()).get(1));
    Map<String, String> told = told(scenario, task);
    told.forEach(
        (where, text) -> {
          for (String secret : secrets) {
            assertThat(text.contains(secret)).as(secret + " in " + where).isFalse();
          }
        });
    assertThat(told.keySet().stream().filter(where -> told.get(where).contains(task)))
        .as("what was looked through is what tells of the task")
        .anyMatch(where -> where.endsWith("server.log"))
        .anyMatch(where -> where.contains("/etcd/"))
        .anyMatch(where -> where.contains("/jobs/"))
        .contains("list", "metrics");
    assertThat(told)
        .as("checkpoints are among it, though they do not name the task")
        .anySatisfy(
            (where, text) -> {
              assertThat(where).endsWith("_metadata");
              assertThat(text).isNotEmpty();
            });
  }

  private static Map<String, String> told(TaskScenario scenario, String task) throws IOException {
    Map<String, String> told = new LinkedHashMap<>();
    Path home = scenario.playground.directory();
    List<Path> places = new ArrayList<>(List.of(home.resolve("flink")));
    NewLogLines.PARTS.forEach(part -> places.add(home.resolve(part.id())));
    NewLogLines.PARTS.forEach(part -> places.add(scenario.playground.log(part)));
    places.add(home.resolve("etcd"));
    places.add(scenario.playground.log(Part.ETCD));
    places.removeIf(place -> !Files.exists(place));
    for (Path place : places) {
      try (Stream<Path> files = Files.walk(place)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          // Every byte is a character.
          told.put(file.toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
        }
      }
    }
    JsonNode shown = scenario.client.task(task);
    told.put("get", shown.toString());
    told.put("list", scenario.client.post("{\"request_type\":\"list\"}").body().toString());
    told.put("metrics", scenario.client.metrics());
    String flink = scenario.playground.flinkUrl();
    String job = flink + "/jobs/" + shown.get("job_id").asText();
    List<String> urls = new ArrayList<>();
    for (String page : List.of("", "/config", "/plan", "/exceptions", "/checkpoints", "/metrics")) {
      urls.add(job + page);
    }
    for (String page : List.of("/jars", "/jobmanager/config", "/jobmanager/environment")) {
      urls.add(flink + page);
    }
    urls.forEach(url -> told.put(url, scenario.client.text(url)));
    return told;
  }
}
