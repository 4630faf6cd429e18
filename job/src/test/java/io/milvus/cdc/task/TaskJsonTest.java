package io.milvus.cdc.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.milvus.cdc.security.ClientCertificate;
import io.milvus.cdc.security.SealException;
import io.milvus.cdc.security.SealingKey;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.TlsSettings;
import io.milvus.cdc.security.UserPassword;
import io.milvus.cdc.task.StartPositions.TopicStart;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TaskJsonTest {

  private static final Optional<SealingKey> NO_KEY = Optional.empty();

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
              Optional.of(new TargetCluster.Credentials(new Secret("root:secret"))),
              12.5),
          new Selection(
              List.of(new Selection.Entry("default", "*")),
              List.of(new Selection.Renaming("default", "other", Map.of("a", "b")))),
          2,
          false);

  @Test
  void aDefinitionSurvives() {
    assertThat(TaskJson.definition("k", TaskJson.write(DEFINITION, NO_KEY), NO_KEY))
        .isEqualTo(DEFINITION);
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
            1,
            false);
    assertThat(TaskJson.definition("k", TaskJson.write(open, NO_KEY), NO_KEY)).isEqualTo(open);
  }

  @Test
  void anotherTopicOfRequestsSurvives() {
    SourceCluster usual = DEFINITION.source();
    TaskDefinition other =
        new TaskDefinition(
            TaskDefinition.VERSION,
            "a",
            Instant.EPOCH,
            new SourceCluster(
                usual.etcdEndpoints(),
                usual.etcdRootPath(),
                usual.etcdMetaPath(),
                usual.pulsarServiceUrl(),
                usual.pulsarAdminUrl(),
                usual.pulsarTenant(),
                usual.pulsarNamespace(),
                usual.topicPrefix(),
                Optional.of("requests"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty()),
            DEFINITION.target(),
            DEFINITION.selection(),
            1,
            false);
    assertThat(TaskJson.definition("k", TaskJson.write(other, NO_KEY), NO_KEY)).isEqualTo(other);
    assertThat(other.source().isLogTopic("requests")).isTrue();
    assertThat(other.source().isLogTopic(usual.topicPrefix() + "-replicate-msg")).isFalse();
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
    assertThat(TaskJson.definition("k", ByteString.copyFromUtf8(VERSION_ONE), NO_KEY))
        .isEqualTo(
            new TaskDefinition(
                1,
                DEFINITION.taskId(),
                DEFINITION.createdAt(),
                DEFINITION.source(),
                DEFINITION.target(),
                new Selection(DEFINITION.selection().collections()),
                DEFINITION.parallelism(),
                false));
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
            List.of(new StoppedCollection.UnreadableMessage("t", 1, 2, false)));
    String json =
        "{\"version\":2,\"collectionId\":7,\"collection\":\"collection default.c\","
            + "\"name\":{\"database\":\"default\",\"collection\":\"c\"},"
            + "\"reason\":\"it does not fit\",\"since\":\"1970-01-01T00:00:00Z\","
            + "\"stopId\":\"stop\",\"fromTimestamp\":5,"
            + "\"topics\":{\"t\":{\"ledgerId\":1,\"entryId\":2}},"
            + "\"unreadable\":[{\"pchannel\":\"t\",\"ledgerId\":1,\"entryId\":2,"
            + "\"skip\":false}]}";
    assertThat(TaskJson.write(stopped).toStringUtf8()).isEqualTo(json);
    assertThat(TaskJson.stopped("k", ByteString.copyFromUtf8(json))).isEqualTo(stopped);
    String first = json.replace("\"version\":2", "\"version\":1").replaceAll("[\\[\\]]", "");
    assertThat(TaskJson.stopped("k", ByteString.copyFromUtf8(first)).unreadable())
        .isEqualTo(stopped.unreadable());
    String older =
        first
            .replaceFirst("\"name\":\\{[^}]*\\},", "")
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
  void keepsAQuarantinedMessage() {
    QuarantinedMessage message =
        new QuarantinedMessage(
            QuarantinedMessage.VERSION,
            7,
            "collection default.c",
            Optional.of(new StoppedCollection.Name("default", "c")),
            "t",
            1,
            2,
            5,
            "refused",
            Instant.EPOCH);
    String json =
        "{\"version\":1,\"collectionId\":7,\"collection\":\"collection default.c\","
            + "\"name\":{\"database\":\"default\",\"collection\":\"c\"},\"pchannel\":\"t\","
            + "\"ledgerId\":1,\"entryId\":2,\"timestamp\":5,\"reason\":\"refused\","
            + "\"since\":\"1970-01-01T00:00:00Z\"}";
    assertThat(TaskJson.write(message).toStringUtf8()).isEqualTo(json);
    assertThat(TaskJson.quarantined("k", ByteString.copyFromUtf8(json))).isEqualTo(message);
    assertThatThrownBy(
            () ->
                TaskJson.quarantined(
                    "k", ByteString.copyFromUtf8(json.replace("version\":1", "version\":2"))))
        .isInstanceOf(UnreadableTaskException.class)
        .hasMessageContaining("version 2");
  }

  @Test
  void ignoresAFieldItDoesNotKnow() {
    assertThat(
            TaskJson.definition(
                "k",
                ByteString.copyFromUtf8(
                    VERSION_ONE.replace("{\"version\"", "{\"x\":1,\"version\"")),
                NO_KEY))
        .isEqualTo(TaskJson.definition("k", ByteString.copyFromUtf8(VERSION_ONE), NO_KEY));
  }

  @Test
  void refusesANewerVersionAndSaysWhatToDo() {
    assertThatThrownBy(
            () ->
                TaskJson.definition(
                    "cdc/v1/tasks/a/definition",
                    ByteString.copyFromUtf8(VERSION_ONE.replace("\"version\":1", "\"version\":3")),
                    NO_KEY))
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
                    ByteString.copyFromUtf8(VERSION_ONE.replace("12.5", "\"root:secret\"")),
                    NO_KEY))
        .isInstanceOf(UnreadableTaskException.class)
        .hasMessageContaining("cdc/v1/tasks/a/definition")
        .hasNoCause()
        .message()
        .doesNotContain("secret");
  }

  @Test
  void readsASealedDocumentOfVersionTwo() throws SealException {
    assertThat(TaskJson.definition("k", ByteString.copyFromUtf8(VERSION_TWO), key(0)))
        .isEqualTo(SECURED);
  }

  @Test
  void sealsEverySecretAndNothingElse() throws SealException {
    String sealed = TaskJson.write(SECURED, key(0)).toStringUtf8();

    assertThat(sealed)
        .doesNotContain("root:secret", "hidden", "KEY PEM", "pulsar-token")
        .contains("CA PEM", "CHAIN PEM", "\"cdc\"");
    assertThat(sealed.split("\\{\"sealed\":\"v1:", -1)).hasSize(6);
    assertThat(TaskJson.definition("k", ByteString.copyFromUtf8(sealed), key(0)))
        .isEqualTo(SECURED);
    // Without a key they are legible, and a key that is set later does not hinder.
    assertThat(TaskJson.definition("k", TaskJson.write(SECURED, NO_KEY), key(0)))
        .isEqualTo(SECURED);
  }

  @Test
  void aSealedSecretIsBoundToItsTaskAndField() throws SealException {
    String sealed = TaskJson.write(SECURED, key(0)).toStringUtf8();
    assertThatThrownBy(
            () ->
                TaskJson.definition(
                    "k",
                    ByteString.copyFromUtf8(sealed.replace("\"taskId\":\"s\"", "\"taskId\":\"t\"")),
                    key(0)))
        .isInstanceOf(UnreadableTaskException.class)
        .hasMessageEndingWith(
            "of the task at etcd key k is sealed, and damaged or taken from another task or field");
  }

  @Test
  void saysWhichKeyIsMissingAndWhereToSetIt() throws SealException {
    ByteString sealed = TaskJson.write(SECURED, key(0));
    String id = key(0).orElseThrow().id();
    assertThatThrownBy(() -> TaskJson.definition("cdc/%s", sealed, NO_KEY))
        .isInstanceOf(UnreadableTaskException.class)
        .hasMessage(
            "source/etcdUser/password of the task at etcd key cdc/%s is sealed with key "
                + id
                + ", and no key is set here: set CDC_SECRET_KEY or CDC_SECRET_KEY_FILE for this"
                + " process (job manager, task managers, control server) and start it again");
    assertThatThrownBy(() -> TaskJson.definition("k", sealed, key(1)))
        .isInstanceOf(UnreadableTaskException.class)
        .hasMessageContaining("is sealed with key " + id + ", and the key that is set here is ");
  }

  private static Optional<SealingKey> key(int first) throws SealException {
    byte[] bytes = new byte[32];
    bytes[0] = (byte) first;
    return Optional.of(SealingKey.of(Base64.getEncoder().encodeToString(bytes)));
  }

  private static TlsSettings tls(String name) {
    return new TlsSettings(
        Optional.of("CA PEM"),
        Optional.of(new ClientCertificate("CHAIN PEM", new Secret("KEY PEM"))),
        Optional.of(name));
  }

  private static final TaskDefinition SECURED =
      new TaskDefinition(
          2,
          "s",
          Instant.EPOCH,
          new SourceCluster(
              List.of("https://etcd:2379"),
              "by-dev",
              "meta",
              "pulsar+ssl://pulsar:6651",
              "https://pulsar:8443",
              "public",
              "default",
              "by-dev",
              Optional.empty(),
              Optional.of(new UserPassword("cdc", new Secret("hidden"))),
              Optional.of(tls("etcd")),
              Optional.of(new Secret("pulsar-token")),
              Optional.empty()),
          new TargetCluster(
              "localhost",
              29530,
              true,
              Optional.of(new TargetCluster.Credentials(new Secret("root:secret"))),
              10,
              Optional.of(tls("milvus"))),
          Selection.everything(),
          1,
          false);

  private static final String VERSION_TWO =
      """
      {"version":2,"taskId":"s","createdAt":"1970-01-01T00:00:00Z","source":{"etcdEndpoint\
      s":["https://etcd:2379"],"etcdRootPath":"by-dev","etcdMetaPath":"meta","pulsarServic\
      eUrl":"pulsar+ssl://pulsar:6651","pulsarAdminUrl":"https://pulsar:8443","pulsarTenan\
      t":"public","pulsarNamespace":"default","topicPrefix":"by-dev","etcdUser":{"user":"c\
      dc","password":{"sealed":"v1:d22c4243:YwKDkbBoGK9b9lu98DvRNesyxOVbOQkYwff1+YZv6jZkAA\
      =="}},"etcdTls":{"trusted":"CA PEM","client":{"chain":"CHAIN PEM","privateKey":{"sea\
      led":"v1:d22c4243:ZtJvPcbqNW6ZAjcu4ji59MCxOEia9BqjT48+uV6DHgTPM0s="}},"serverName":"\
      etcd"},"pulsarToken":{"sealed":"v1:d22c4243:jEg6O9raMm/DKDoadYQjwKoozgLvyXr4RKBpnr8S\
      VRlFeL4hAKDjaw=="},"pulsarTls":null},"target":{"host":"localhost","port":29530,"secu\
      re":true,"credentials":{"token":{"sealed":"v1:d22c4243:rjId4YwTMBA1ilUO02AoiMP/r7zsS\
      iCpVFb0U+jnAZp6Y+i7cg6q"}},"connectTimeoutSeconds":10.0,"tls":{"trusted":"CA PEM","c\
      lient":{"chain":"CHAIN PEM","privateKey":{"sealed":"v1:d22c4243:h7/eSXQZyFTSw6BgFVTT\
      rudfHqBRCKD0q5dg8Rof7+JmN8Y="}},"serverName":"milvus"}},"selection":{"collections":[\
      {"database":"*","collection":"*"}],"renamings":[]},"parallelism":1}\
      """;

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
