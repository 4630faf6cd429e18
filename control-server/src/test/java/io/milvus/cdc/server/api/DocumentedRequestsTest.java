package io.milvus.cdc.server.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users know from Milvus' documentation of CDC tasks (2.3 to 2.5), sent by a shell's curl. */
class DocumentedRequestsTest {

  private static final String BY_URI =
      """
      curl -X POST http://localhost:8444/cdc \\
      -H "Content-Type: application/json" \\
      -d '{
        "request_type": "create",
        "request_data": {
          "milvus_connect_param": {
            "uri": "http://localhost:19530",
            "token":"root:Milvus",
            "connect_timeout": 10
          },
          "collection_infos": [ { "name": "*" } ]
        }
      }'
      """;

  private static final String BY_HOST =
      """
      curl -X POST http://localhost:8444/cdc \\
      -H "Content-Type: application/json" \\
      -d '{
        "request_type": "create",
        "request_data": {
          "milvus_connect_param": {
            "host": "localhost",
            "port": 19530,
            "username": "root",
            "password": "Milvus",
            "enable_tls": false,
            "connect_timeout": 10
          },
          "collection_infos": [ { "name": "*" } ],
          "rpc_channel_info": { "name": "by-dev-replicate-msg" }
        }
      }'
      """;

  private static final String LIST =
      """
      curl -X POST -H "Content-Type: application/json" -d '{
        "request_type": "list"
      }' http://localhost:8444/cdc
      """;

  /** The same line for pause, resume, get and delete. */
  private static final String ABOUT_A_TASK =
      """
      curl -X POST -H "Content-Type: application/json" -d '{
        "request_type":"%s",
        "request_data": {
          "task_id": "%s"
        }
      }' http://localhost:8444/cdc
      """;

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;
  private TestServer server;

  @BeforeEach
  void start() throws IOException {
    server = new TestServer(directory);
    // So that the lines can name the usual port.
    Files.writeString(
        directory.resolve(".curlrc"),
        "silent\nconnect-to = localhost:8444:127.0.0.1:" + server.port + "\n");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void aTaskLivesAsDocumented() throws Exception {
    for (String create : List.of(BY_URI, BY_HOST)) {
      JsonNode created = run(create);
      String id = created.path("data").path("task_id").asText();
      assertThat(created)
          .isEqualTo(JSON.readTree("{\"code\":200,\"data\":{\"task_id\":\"" + id + "\"}}"));
      run(ABOUT_A_TASK.formatted("get", id));

      JsonNode listed = run(LIST);
      assertThat(listed.path("code").asInt()).isEqualTo(200);
      assertThat(listed.path("data").path("tasks")).hasSize(1);
      assertDocumented(listed.path("data").path("tasks").get(0), id, "Running");

      assertThat(run(ABOUT_A_TASK.formatted("pause", id)))
          .isEqualTo(JSON.readTree("{\"code\":200,\"data\":{}}"));
      JsonNode got = run(ABOUT_A_TASK.formatted("get", id));
      assertDocumented(got.path("data").path("Task"), id, "Paused");
      assertThat(run(ABOUT_A_TASK.formatted("resume", id)))
          .isEqualTo(JSON.readTree("{\"code\":200,\"data\":{}}"));
      assertThat(run(ABOUT_A_TASK.formatted("delete", id)))
          .isEqualTo(JSON.readTree("{\"code\":200,\"data\":{}}"));
    }
  }

  /** The fields of the documentation's own answers; there may be more. */
  private static void assertDocumented(JsonNode task, String id, String state) {
    assertThat(task.path("task_id").asText()).isEqualTo(id);
    assertThat(task.path("milvus_connect_param").path("connect_timeout").asInt()).isEqualTo(10);
    assertThat(task.path("milvus_connect_param").toString())
        .doesNotContain("token", "password", "root");
    assertThat(task.path("collection_infos").toString()).isEqualTo("[{\"name\":\"*\"}]");
    assertThat(task.path("state").asText()).isEqualTo(state);
  }

  private JsonNode run(String line) throws IOException, InterruptedException {
    ProcessBuilder shell = new ProcessBuilder("sh", "-c", line);
    shell.environment().put("CURL_HOME", directory.toString());
    Process process = shell.redirectErrorStream(true).start();
    String answer = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(answer).isZero();
    return JSON.readTree(answer);
  }
}
