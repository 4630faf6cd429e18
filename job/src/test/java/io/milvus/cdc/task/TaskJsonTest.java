package io.milvus.cdc.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.milvus.cdc.task.StartPositions.TopicStart;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TaskJsonTest {

  static final TaskDefinition DEFINITION =
      new TaskDefinition(
          TaskDefinition.VERSION,
          "0123456789abcdef0123456789abcdef",
          Instant.parse("2024-05-06T07:08:09.123Z"),
          new SourceCluster(
              List.of("http://127.0.0.1:2379"),
              "by-dev",
              "meta",
              "pulsar://127.0.0.1:6650",
              "http://127.0.0.1:8080",
              "public",
              "default",
              "by-dev"),
          new TargetCluster(
              "localhost",
              29530,
              true,
              Optional.of(new TargetCluster.Credentials("root:secret")),
              12.5),
          new Selection(
              List.of(new Selection.Entry("default", "*")),
              List.of(new Selection.Renaming("default", "other", Map.of("a", "b")))),
          2);

  @Test
  void aDefinitionSurvives() {
    assertThat(TaskJson.definition("k", TaskJson.write(DEFINITION))).isEqualTo(DEFINITION);
  }

  @Test
  void aDefinitionWithoutCredentialsSurvives() {
    TaskDefinition open =
        new TaskDefinition(
            TaskDefinition.VERSION,
            "a",
            Instant.EPOCH,
            DEFINITION.source(),
            new TargetCluster("h", 1, false, Optional.empty(), 1),
            DEFINITION.selection(),
            1);
    assertThat(TaskJson.definition("k", TaskJson.write(open))).isEqualTo(open);
  }

  @Test
  void aStartSurvivesAndIsReadable() {
    TopicStart start =
        new TopicStart(
            Optional.of(ByteString.copyFrom(new byte[] {8, 3, 16, 3})), true, Map.of("v0", 7L));
    ByteString json = TaskJson.write(start);
    assertThat(json.toStringUtf8())
        .isEqualTo("{\"messageId\":\"CAMQAw==\",\"inclusive\":true,\"checkpoints\":{\"v0\":7}}");
    assertThat(TaskJson.start("k", json)).isEqualTo(start);
    TopicStart empty = new TopicStart(Optional.empty(), false, Map.of());
    assertThat(TaskJson.start("k", TaskJson.write(empty))).isEqualTo(empty);
  }

  @Test
  void readsADocumentOfVersionOneInWhichAllKeepTheirNames() {
    assertThat(TaskJson.definition("k", ByteString.copyFromUtf8(VERSION_ONE)))
        .isEqualTo(
            new TaskDefinition(
                1,
                DEFINITION.taskId(),
                DEFINITION.createdAt(),
                DEFINITION.source(),
                DEFINITION.target(),
                new Selection(DEFINITION.selection().collections()),
                DEFINITION.parallelism()));
  }

  @Test
  void keepsAStoppedCollection() {
    StoppedCollection stopped =
        new StoppedCollection(
            StoppedCollection.VERSION,
            7,
            "collection default.c",
            Optional.of(new StoppedCollection.Name("default", "c")),
            "it does not fit",
            Instant.EPOCH,
            "stop",
            5,
            Map.of("t", new StoppedCollection.FirstMessage(1, 2)),
            Optional.of(new StoppedCollection.UnreadableMessage("t", 1, 2, false)));
    String json =
        "{\"version\":1,\"collectionId\":7,\"collection\":\"collection default.c\","
            + "\"name\":{\"database\":\"default\",\"collection\":\"c\"},"
            + "\"reason\":\"it does not fit\",\"since\":\"1970-01-01T00:00:00Z\","
            + "\"stopId\":\"stop\",\"fromTimestamp\":5,"
            + "\"topics\":{\"t\":{\"ledgerId\":1,\"entryId\":2}},"
            + "\"unreadable\":{\"pchannel\":\"t\",\"ledgerId\":1,\"entryId\":2,"
            + "\"skip\":false}}";
    assertThat(TaskJson.write(stopped).toStringUtf8()).isEqualTo(json);
    assertThat(TaskJson.stopped("k", ByteString.copyFromUtf8(json))).isEqualTo(stopped);
    String older =
        json.replaceFirst("\"name\":\\{[^}]*\\},", "")
            .replaceFirst(",\"unreadable\":\\{[^}]*\\}", "");
    assertThat(TaskJson.stopped("k", ByteString.copyFromUtf8(older)))
        .satisfies(
            read -> {
              assertThat(read.topics()).isEqualTo(stopped.topics());
              assertThat(read.name()).isEmpty();
              assertThat(read.unreadable()).isEmpty();
            });
  }

  @Test
  void ignoresAFieldItDoesNotKnow() {
    assertThat(
            TaskJson.definition(
                "k",
                ByteString.copyFromUtf8(
                    VERSION_ONE.replace("{\"version\"", "{\"x\":1,\"version\""))))
        .isEqualTo(TaskJson.definition("k", ByteString.copyFromUtf8(VERSION_ONE)));
  }

  @Test
  void refusesANewerVersionAndSaysWhatToDo() {
    assertThatThrownBy(
            () ->
                TaskJson.definition(
                    "cdc/v1/tasks/a/definition",
                    ByteString.copyFromUtf8(VERSION_ONE.replace("\"version\":1", "\"version\":3"))))
        .isInstanceOf(UnreadableTaskException.class)
        .hasMessage(
            "The task at etcd key cdc/v1/tasks/a/definition has version 3, this release reads"
                + " versions up to 2: use the release that wrote it, or a newer one");
  }

  @Test
  void namesADamagedDocumentWithoutQuotingIt() {
    assertThatThrownBy(
            () ->
                TaskJson.definition(
                    "cdc/v1/tasks/a/definition",
                    ByteString.copyFromUtf8(VERSION_ONE.replace("12.5", "\"root:secret\""))))
        .isInstanceOf(UnreadableTaskException.class)
        .hasMessageContaining("cdc/v1/tasks/a/definition")
        .hasNoCause()
        .message()
        .doesNotContain("secret");
  }

  private static final String VERSION_ONE =
      """
      {"version":1,"taskId":"0123456789abcdef0123456789abcdef",\
      "createdAt":"2024-05-06T07:08:09.123Z",\
      "source":{"etcdEndpoints":["http://127.0.0.1:2379"],"etcdRootPath":"by-dev",\
      "etcdMetaPath":"meta","pulsarServiceUrl":"pulsar://127.0.0.1:6650",\
      "pulsarAdminUrl":"http://127.0.0.1:8080","pulsarTenant":"public",\
      "pulsarNamespace":"default","topicPrefix":"by-dev"},\
      "target":{"host":"localhost","port":29530,"secure":true,\
      "credentials":{"token":"root:secret"},"connectTimeoutSeconds":12.5},\
      "selection":{"collections":[{"database":"default","collection":"*"}]},"parallelism":2}\
      """;
}
