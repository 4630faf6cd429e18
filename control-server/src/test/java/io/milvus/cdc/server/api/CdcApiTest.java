package io.milvus.cdc.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.milvus.cdc.log.ChannelPosition;
import io.milvus.cdc.log.UnusableStartException;
import io.milvus.cdc.server.flink.JobMeasures;
import io.milvus.cdc.server.flink.SnapshotFiles;
import io.milvus.cdc.server.tasks.FakeFlink;
import io.milvus.cdc.server.tasks.FakeSourceLog;
import io.milvus.cdc.server.tasks.InMemoryDefinitions;
import io.milvus.cdc.server.tasks.InMemoryLifecycleStore;
import io.milvus.cdc.server.tasks.LagHistory;
import io.milvus.cdc.server.tasks.Parallelism;
import io.milvus.cdc.server.tasks.Reconciler;
import io.milvus.cdc.server.tasks.ReconcilerSettings;
import io.milvus.cdc.server.tasks.RetentionWatch;
import io.milvus.cdc.server.tasks.SettableClock;
import io.milvus.cdc.server.tasks.Steps;
import io.milvus.cdc.server.tasks.TaskException;
import io.milvus.cdc.server.tasks.TaskService;
import io.milvus.cdc.task.JobWork;
import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.StoppedCollection;
import io.milvus.cdc.task.TargetCluster;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The contract of the interface, over real HTTP. */
class CdcApiTest {

  private static final String URI_FORM =
      "{'uri':'http://localhost:19530','token':'root:SecretOne','connect_timeout':10}";

  @TempDir Path directory;

  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient http = HttpClient.newHttpClient();
  private final SettableClock clock = new SettableClock();
  private final List<TargetCluster> probed = new ArrayList<>();
  private FakeFlink flink;
  private InMemoryDefinitions definitions;
  private CdcApi api;
  private int port;
  private Optional<TaskException> targetTrouble = Optional.empty();
  private final FakeSourceLog sourceLog = new FakeSourceLog();
  private final RetentionWatch retention = new RetentionWatch(sourceLog, FakeSourceLog.SOURCE);

  private record Answer(int status, JsonNode body) {
    String message() {
      return body.path("message").asText();
    }

    JsonNode data() {
      return body.path("data");
    }
  }

  @BeforeEach
  void start() {
    flink = new FakeFlink(directory, Steps.GO_ON);
    definitions = new InMemoryDefinitions(Steps.GO_ON);
    InMemoryLifecycleStore store = new InMemoryLifecycleStore(definitions, Steps.GO_ON);
    Reconciler reconciler =
        new Reconciler(
            store,
            definitions,
            flink,
            new SnapshotFiles(directory.toUri()),
            ReconcilerSettings.remote(),
            clock);
    TaskService tasks =
        new TaskService(
            store,
            definitions,
            reconciler,
            sourceLog,
            retention,
            target -> {
              probed.add(target);
              targetTrouble.ifPresent(CdcApiTest::raise);
            },
            FakeSourceLog.SOURCE,
            new Parallelism(1, 4),
            3,
            clock);
    api =
        new CdcApi(
            tasks,
            new LagHistory(tasks::list, clock),
            List.of(new HealthCheck("flink", reconciler::checkCluster)),
            new ApiSettings(
                "127.0.0.1",
                0,
                Optional.empty(),
                Duration.ofSeconds(30),
                Duration.ofSeconds(30),
                URI.create("http://flink.example")));
    port = api.start();
  }

  private static void raise(RuntimeException e) {
    throw e;
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private Answer send(String method, String path, String body) {
    try {
      HttpResponse<String> response =
          http.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                  .method(method, HttpRequest.BodyPublishers.ofString(body))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(response.headers().firstValue("Content-Type").orElse(""))
          .startsWith("application/json");
      Answer answer = new Answer(response.statusCode(), json.readTree(response.body()));
      assertThat(answer.body().path("code").asInt()).isEqualTo(answer.status());
      assertThat(response.body()).doesNotContain("Secret");
      if (answer.status() != 200) {
        assertThat(answer.body().has("data")).as("a failure has no data").isFalse();
        assertThat(answer.message()).isNotBlank().doesNotContain("Exception");
      }
      return answer;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Sends a request with single quotes for double ones. */
  private Answer post(String body) {
    return send("POST", "/cdc", body.replace('\'', '"'));
  }

  private Answer request(String type, String data) {
    return post("{'request_type':'" + type + "','request_data':" + data + "}");
  }

  private Answer create(String connection, String rest) {
    return request("create", "{'milvus_connect_param':" + connection + "," + rest + "}");
  }

  private String created(String rest) {
    Answer answer = create(URI_FORM, rest);
    assertThat(answer.status()).as(answer.message()).isEqualTo(200);
    return answer.data().path("task_id").asText();
  }

  private JsonNode task(String taskId) {
    Answer answer = request("get", "{'task_id':'" + taskId + "'}");
    assertThat(answer.data().path("Task")).isEqualTo(answer.data().path("task"));
    return answer.data().path("task");
  }

  @Test
  void getShowsWhatIsStoppedAndResumeCanSkipWhatCannotBeRead() {
    String id = created("'collection_infos':[{'name':'*'}]");
    assertThat(task(id).has("stopped_collections")).isFalse();
    definitions.stop(
        id,
        stopped(
            7,
            Optional.of(new StoppedCollection.Name("db", "c")),
            Map.of("dml_1", new StoppedCollection.FirstMessage(3, 4))));
    definitions.stop(id, stopped(8, Optional.empty(), Map.of()));

    assertThat(task(id).path("stopped_collections").toString())
        .isEqualTo(
            "[{\"database\":\"db\",\"collection\":\"c\",\"collection_id\":7,"
                + "\"reason\":\"message 3:4 is no message\",\"since\":\"1970-01-01T00:00:00Z\","
                + "\"positions\":{\"dml_1\":\"3:4\"}},"
                + "{\"collection_id\":8,\"reason\":\"message 3:4 is no message\","
                + "\"since\":\"1970-01-01T00:00:00Z\"}]");
    assertThat(post("{'request_type':'list'}").body().toString())
        .doesNotContain("stopped_collections");

    String plain = "{'task_id':'" + id + "'}";
    String skipping = "{'task_id':'" + id + "','skip_unreadable':true}";
    assertThat(request("resume", skipping).status()).as("it runs").isEqualTo(409);
    assertThat(request("pause", plain).status()).isEqualTo(200);
    assertThat(request("resume", plain).status()).isEqualTo(200);
    assertThat(skips(id)).isFalse();
    assertThat(request("pause", plain).status()).isEqualTo(200);
    assertThat(request("resume", skipping).status()).isEqualTo(200);
    assertThat(skips(id)).isTrue();
  }

  @Test
  void getShowsWhatIsQuarantinedAndResumeCanPutItBack() {
    String plain = created("'collection_infos':[{'name':'one'}]");
    assertThat(task(plain).has("dead_letter_topic")).isFalse();
    String id = created("'collection_infos':[{'name':'two'}],'poisoned_messages':'quarantine'");
    assertThat(task(id).path("poisoned_messages").asText()).isEqualTo("quarantine");
    assertThat(task(id).path("dead_letter_topic").asText())
        .isEqualTo("persistent://public/default/milvus-cdc-dead-letters-" + id);
    assertThat(task(id).path("quarantined_messages").asInt(-1)).isZero();
    assertThat(task(id).has("quarantined")).isFalse();
    definitions.quarantine(id, quarantined(8, 2, Optional.empty()));
    definitions.quarantine(
        id, quarantined(7, 1, Optional.of(new StoppedCollection.Name("db", "c"))));
    definitions.quarantine(id, quarantined(9, 2, Optional.empty()));

    assertThat(task(id).path("quarantined_messages").asInt())
        .as("one that may be two collections' counts once")
        .isEqualTo(2);
    assertThat(task(id).path("quarantined").get(0).toString())
        .isEqualTo(
            "{\"database\":\"db\",\"collection\":\"c\",\"collection_id\":7,"
                + "\"channel\":\"dml_1\",\"message_id\":\"3:1\",\"reason\":\"refused\","
                + "\"since\":\"1970-01-01T00:00:01Z\"}");
    assertThat(task(id).path("quarantined")).hasSize(3);
    String again = "{'task_id':'" + id + "','put_back_quarantined':true}";
    assertThat(request("resume", again).status()).as("it runs").isEqualTo(409);
    assertThat(task(id).path("quarantined_messages").asInt()).isEqualTo(2);
    assertThat(request("pause", "{'task_id':'" + id + "'}").status()).isEqualTo(200);
    assertThat(request("resume", again).status()).isEqualTo(200);
    assertThat(task(id).path("quarantined_messages").asInt(-1)).isZero();
  }

  private static QuarantinedMessage quarantined(
      long collectionId, long entryId, Optional<StoppedCollection.Name> name) {
    return new QuarantinedMessage(
        QuarantinedMessage.VERSION,
        collectionId,
        "collection",
        name,
        "dml_1",
        3,
        entryId,
        0,
        "refused",
        Instant.ofEpochSecond(entryId));
  }

  private boolean skips(String taskId) {
    return definitions.stopped(taskId).stream()
        .anyMatch(stopped -> stopped.unreadable().get(0).skip());
  }

  private static StoppedCollection stopped(
      long collectionId,
      Optional<StoppedCollection.Name> name,
      Map<String, StoppedCollection.FirstMessage> topics) {
    return new StoppedCollection(
        StoppedCollection.VERSION,
        collectionId,
        "collection",
        name,
        "message 3:4 is no message",
        Instant.EPOCH,
        "stop" + collectionId,
        0,
        topics,
        List.of(new StoppedCollection.UnreadableMessage("dml_1", 3, 4, false)));
  }

  @Test
  void theLifeOfATask() {
    assertThat(post("{'request_type':'list'}").body().toString())
        .isEqualTo("{\"code\":200,\"data\":{\"tasks\":[]}}");
    String id = created("'collection_infos':[{'name':'*'}],'rpc_channel_info':{'name':'x'}");
    assertThat(id).matches("[0-9a-f]{32}");
    // The first look submits the job, the second one sees it at work.
    assertThat(task(id).path("task_id").asText()).isEqualTo(id);
    JsonNode running = task(id);
    assertThat(running.path("state").asText()).isEqualTo("Running");
    assertThat(running.path("milvus_connect_param").toString())
        .isEqualTo("{\"uri\":\"http://localhost:19530\",\"connect_timeout\":10}");
    assertThat(running.path("collection_infos").toString()).isEqualTo("[{\"name\":\"*\"}]");
    assertThat(running.has("lag_ms")).as("not known yet, so absent").isFalse();
    assertThat(running.has("rows_inserted")).isFalse();
    assertThat(running.has("reason")).isFalse();

    String job = running.path("job_id").asText();
    assertThat(running.path("job_url").asText())
        .isEqualTo("http://flink.example/#/job/running/" + job + "/overview");
    flink.report(
        job,
        new JobMeasures(
            Optional.of(clock.instant().minusMillis(250)),
            Optional.empty(),
            7,
            3,
            2,
            JobWork.NONE));
    clock.advance(Duration.ofSeconds(2));
    JsonNode measured = task(id);
    assertThat(measured.path("lag_ms").asLong()).isEqualTo(2250);
    assertThat(measured.path("replicated_until").asText()).isEqualTo("2024-12-31T23:59:59.750Z");
    assertThat(measured.path("rows_inserted").asLong()).isEqualTo(7);
    assertThat(measured.path("rows_deleted").asLong()).isEqualTo(3);
    assertThat(measured.path("ddl_applied").asLong()).isEqualTo(2);

    assertThat(measured.has("retention_left_ms")).as("not known, so absent").isFalse();
    assertThat(measured.path("created_at").asText()).isEqualTo("2025-01-01T00:00:00Z");
    assertThat(post("{'request_type':'list'}").data().path("tasks").get(0)).isEqualTo(measured);

    // While the job reports, its own word on the lag counts.
    Optional<Instant> until = Optional.of(clock.instant().minusSeconds(1));
    flink.report(
        job, new JobMeasures(until, Optional.of(Duration.ofMillis(40)), 7, 3, 2, JobWork.NONE));
    clock.advance(Duration.ofSeconds(2));
    await().until(() -> task(id).path("lag_ms").asLong(), lag -> lag == 40);

    assertThat(request("pause", "{'task_id':'" + id + "'}").body().toString())
        .isEqualTo("{\"code\":200,\"data\":{}}");
    assertThat(task(id).path("state").asText()).isEqualTo("Paused");
    assertThat(request("pause", "{'task_id':'" + id + "'}").status()).isEqualTo(409);
    assertThat(request("resume", "{'task_id':'" + id + "'}").status()).isEqualTo(200);
    assertThat(request("resume", "{'task_id':'" + id + "'}").status()).isEqualTo(409);
    assertThat(request("delete", "{'task_id':'" + id + "'}").status()).isEqualTo(200);
    Answer gone = request("get", "{'task_id':'" + id + "'}");
    assertThat(gone.status()).isEqualTo(404);
    assertThat(gone.message()).contains(id);
  }

  @Test
  void aTaskTellsHowLongTheSourceKeepsWhatItNeeds() throws Exception {
    String id = created("'collection_infos':[{'name':'*'}]");
    var unused = task(id);
    Optional<Instant> until = Optional.of(clock.instant().minusSeconds(10));
    flink.report(
        task(id).path("job_id").asText(),
        new JobMeasures(until, Optional.empty(), 0, 0, 0, JobWork.NONE));
    clock.advance(Duration.ofSeconds(2));
    sourceLog.retention = Optional.of(Duration.ofMinutes(1));
    retention.ask();
    assertThat(task(id).path("retention_left_ms").asLong()).isEqualTo(48_000);
    HttpRequest metrics =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/cdc/metrics")).build();
    assertThat(http.send(metrics, HttpResponse.BodyHandlers.ofString()).body())
        .contains("milvus_cdc_task_retention_left_seconds{task_id=\"" + id + "\"} 48.0");

    sourceLog.trouble = Optional.of(new IllegalStateException("away"));
    retention.ask();
    clock.advance(Duration.ofMinutes(2));
    JsonNode listed = post("{'request_type':'list'}").data().path("tasks").get(0);
    assertThat(listed.path("retention_left_ms").asLong(-1)).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`` | The body is empty",
        "{'request_type' | not JSON",
        "[] | not a JSON object",
        "{'request_type':'list'} {} | not JSON",
        "{'request_type':'list','request_type':'get'} | not JSON",
        "{} | request_type is missing; the known ones are create, delete, get, list, pause, position, resume",
        "{'request_type':'dance'} | 'dance' is not known; the known ones are create",
        "{'request_type':5} | request_type must be a text in quotes, not a number",
        "{'request_type':'list','data':{}} | data is not a known field",
        "{'request_type':'list','request_data':[]} | request_data must be a JSON object",
        "{'request_type':'list','request_data':{'x':1}} | request_data.x is not a known field",
        "{'request_type':'get'} | request_data.task_id is missing",
        "{'request_type':'pause','request_data':{'task_id':''}} | request_data.task_id is missing",
        "{'request_type':'get','request_data':{'task_id':'a','x':1}} | request_data.x is not a known",
      })
  void aRequestThatIsNotOneIsRefused(String body, String words) {
    Answer answer = post(body);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message()).contains(words);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | neither uri nor host",
        "{'uri':''} | neither uri nor host",
        "{'uri':'localhost:19530'} | uri must be http://host:port",
        "{'uri':'ftp://localhost:19530'} | uri must be http://host:port",
        "{'uri':'http://localhost:70000'} | port from 1 to 65535",
        "{'uri':'http://root:Secret@localhost:19530'} | user and password go into token",
        "{'uri':'http://h:1/db'} | nothing else",
        "{'uri':'http://h:1','host':'h'} | fields of both forms",
        "{'uri':'http://h:1','username':'Secret'} | fields of both forms",
        "{'uri':'http://h:1','token':5} | milvus_connect_param.token must be a text",
        "{'uri':'http://h:1','tokn':'Secret'} | milvus_connect_param.tokn is not a known field",
        "{'uri':'http://h:1','connect_timeout':-1} | connect_timeout is -1.0 but must be more than 0",
        "{'uri':'http://h:1','connect_timeout':0} | connect_timeout is 0.0 but must be more than 0",
        "{'uri':'http://h:1','connect_timeout':'5'} | connect_timeout must be a number, not `5`",
        "{'uri':'http://h:1','dial_config':{'server_name':'a'}} | dial_config is for a target with TLS",
        "{'host':'h'} | milvus_connect_param.port is missing",
        "{'host':'h','port':0} | port is 0 but must be from 1 to 65535",
        "{'host':'h','port':65536} | port is 65536 but must be from 1 to 65535",
        "{'host':'h','port':1.5} | port must be a whole number, not 1.5",
        "{'host':'h','port':'19530'} | port must be a whole number, not `19530`",
        "{'host':'h','port':1,'username':'u'} | username is given without a password",
        "{'host':'h','port':1,'password':'Secret'} | password is given without a username",
        "{'host':'h','port':1,'token':'Secret'} | token belongs to uri",
        "{'host':'http://h','port':1} | milvus_connect_param.host is not a host's name or address",
        "{'host':'localhost:19530','port':1} | milvus_connect_param.host is not a host's name",
        "{'host':'milvus_target','port':1} | milvus_connect_param.host is not a host's name",
        "{'host':'h/Secret','port':1} | milvus_connect_param.host is not a host's name",
        "{'host':'root:Secret@h','port':1} | milvus_connect_param.host is not a host's name",
        "{'host':'Secret@h','port':1} | milvus_connect_param.host is not a host's name",
        "{'host':'h Secret','port':1} | milvus_connect_param.host is not a host's name",
        "{'host':'h','port':1,'enable_tls':'yes'} | enable_tls must be true or false",
        "5 | milvus_connect_param must be a JSON object, not a number",
      })
  void aConnectionThatIsWrongIsRefused(String connection, String words) {
    Answer answer = create(connection, "'collection_infos':[{'name':'*'}]");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message()).contains(words.replace('`', '"'));
    assertThat(probed).as("refused before the target is asked").isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'collection_infos':[] | No collection is named",
        "'task_id':'x' | No collection is named",
        "'collection_infos':{} | collection_infos must be a list",
        "'collection_infos':['a'] | collection_infos[0] must be a JSON object, not a text",
        "'collection_infos':[{}] | collection_infos[0].name is missing",
        "'collection_infos':[{'name':'a'},{'name':'1a'}] | collection_infos[1].name has '1a'",
        "'collection_infos':[{'name':'a.b.c'}] | not a legal Milvus name",
        "'collection_infos':[{'name':'a b'}] | not a legal Milvus name",
        "'collection_infos':[{'name':'*'},{'name':'a'}] | must be the only entry",
        "'collection_infos':[{'nam':'a'}] | collection_infos[0].name is missing",
        "'collection_infos':[{'name':'a','x':1}] | collection_infos[0].x is not a known field",
        "'collection_infos':[{'name':'a','positions':{'v':'AA=='}}] | collection_infos[0].positions: the position for channel v is not the base64",
        "'collection_infos':[{'name':'a','positions':{'v':'?'}}] | the position for channel v is not the base64",
        "'collection_infos':[{'name':'a','positions':{'v':1}}] | positions.v must be a text",
        "'collection_infos':[{'name':'a','positions':['v']}] | positions must be a JSON object, not a list",
        "'collection_infos':[{'name':'a','positions':{'w':'CgF2EgQIAxAD'}}] | for channel w is one of channel v",
        "'collection_infos':[{'name':'a','positions':{'v':'CgF2EgQIAxAD'},'use_start_position':true}] | exclude each other",
        "'collection_infos':[{'name':'a','positions':{'v':'CgF2EgQIAxAD'}},{'name':'b','positions':{'v':'CgF2EgQIAxAD'}}] | channel v for the second time",
        "'collection_infos':[{'name':'a','use_start_position':1}] | use_start_position must be true or false",
        "'collection_infos':[{'name':'a'}],'db_collections':{'d':[{'name':'a'}]} | give one of them",
        "'db_collections':{'d':[]} | db_collections.d names no collection",
        "'db_collections':{'1d':[{'name':'a'}]} | not a legal Milvus name",
        "'collection_infos':[{'name':'a'}],'name_mapping':{} | name_mapping must be a list",
        "'collection_infos':[{'name':'a'}],'name_mapping':[{'target_db':'t'}] | name_mapping[0].source_db is missing",
        "'collection_infos':[{'name':'a'}],'name_mapping':[{'source_db':'default'}] | name_mapping[0].target_db is missing",
        "'collection_infos':[{'name':'a'}],'name_mapping':[{'source_db':'d','target_db':'t'}] | source_db 'd' is a database that is not selected",
        "'collection_infos':[{'name':'a'}],'name_mapping':[{'source_db':'default','target_db':'1t'}] | target_db has '1t'",
        "'collection_infos':[{'name':'a'}],'name_mapping':[{'source_db':'default','target_db':'t','x':1}] | name_mapping[0].x is not a known",
        "'collection_infos':[{'name':'a'}],'name_mapping':[{'source_db':'default','target_db':'t','collection_mapping':{'b':'c'}}] | default.b, which is not selected",
        "'collection_infos':[{'name':'a'}],'name_mapping':[{'source_db':'default','target_db':'t','collection_mapping':{'a':''}}] | collection_mapping.a is empty",
        "'collection_infos':[{'name':'a'}],'name_mapping':[{'source_db':'default','target_db':'t','collection_mapping':{'a':'c d'}}] | not a legal Milvus name",
        "'collection_infos':[{'name':'a'}],'name_mapping':[{'source_db':'default','target_db':'t'},{'source_db':'default','target_db':'u'}] | 'default' is mapped for the second time",
        "'collection_infos':[{'name':'*'}],'name_mapping':[{'source_db':'d','target_db':'t','collection_mapping':{'a':'b'}},{'source_db':'d','target_db':'u','collection_mapping':{'a':'b'}}] | maps d.a for the second time",
        "'collection_infos':[{'name':'*'}],'name_mapping':[{'source_db':'d','target_db':'t','collection_mapping':{'a':'x'}},{'source_db':'e','target_db':'t','collection_mapping':{'b':'x'}}] | gives e.b the name of d.a on the target",
        "'collection_infos':[{'name':'a'}],'task_id':'a/b' | task_id 'a/b' must be 1 to 64",
        "'collection_infos':[{'name':'a'}],'disable_auto_start':1 | must be true or false, not 1",
        "'collection_infos':[{'name':'a'}],'parallelism':0 | parallelism is 0 but must be 1 to 4",
        "'collection_infos':[{'name':'a'}],'parallelism':5 | parallelism is 5 but must be 1 to 4",
        "'collection_infos':[{'name':'a'}],'parallelism':'2' | parallelism must be",
        "'collection_infos':[{'name':'a'}],'colection':1 | request_data.colection is not a known field",
      })
  void aSelectionOrOptionThatIsWrongIsRefused(String rest, String words) {
    Answer answer = create(URI_FORM, rest);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message()).contains(words);
  }

  @Test
  void startsAreAskedForAsTheRequestSays() {
    Answer answer =
        create(
            URI_FORM,
            "'collection_infos':[{'name':'d.a','use_start_position':true},"
                + "{'name':'b','positions':{'v':'CgF2EgQIAxADGgAgBw=='}},{'name':'c'}]");
    assertThat(answer.status()).as(answer.message()).isEqualTo(200);
    assertThat(sourceLog.requested)
        .singleElement()
        .satisfies(
            starts -> {
              assertThat(starts.fromBeginning()).containsExactly(new Selection.Entry("d", "a"));
              assertThat(starts.positions())
                  .isEqualTo(
                      Map.of(
                          "v",
                          new RequestedStarts.Place(
                              ByteString.copyFrom(new byte[] {8, 3, 16, 3}), 7)));
            });
  }

  @Test
  void aStartThatTheSourceDoesNotHaveIsRefused() {
    sourceLog.trouble = Optional.of(new UnusableStartException("it is gone"));
    Answer answer = create(URI_FORM, "'collection_infos':[{'name':'a','use_start_position':true}]");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message()).isEqualTo("The task cannot start there: it is gone");
  }

  @Test
  void otherNamesAreTakenOverAndShown() {
    String mapping =
        "[{'source_db':'default','target_db':'other'},"
            + "{'source_db':'default','target_db':'third','collection_mapping':{'a':'b'}}]";
    Answer answer = create(URI_FORM, "'collection_infos':[{'name':'a'}],'name_mapping':" + mapping);
    String id = answer.data().path("task_id").asText();
    assertThat(definitions.definition(id).orElseThrow().selection().onTarget("default", "a"))
        .hasToString("third.b");
    assertThat(task(id).path("name_mapping").toString()).isEqualTo(mapping.replace('\'', '"'));
  }

  @Test
  void namesOnTheTargetOverlapToo() {
    String renamed =
        "'collection_infos':[{'name':'a'}],'name_mapping':[{'source_db':'default',"
            + "'target_db':'default','collection_mapping':{'a':'b'}}]";
    assertThat(create(URI_FORM, renamed).status()).isEqualTo(200);
    assertThat(create(URI_FORM, "'collection_infos':[{'name':'b'}]").status()).isEqualTo(409);
    assertThat(create(URI_FORM, "'collection_infos':[{'name':'a'}]").status()).isEqualTo(409);
    assertThat(create(URI_FORM, "'collection_infos':[{'name':'c'}]").status()).isEqualTo(200);
  }

  @Test
  void positionsAreThoseOfTheNewestReplicatedTime() {
    String id =
        create(URI_FORM, "'collection_infos':[{'name':'a'}]").data().path("task_id").asText();
    assertThat(request("position", "{'task_id':'" + id + "'}").status())
        .as("nothing is applied yet")
        .isEqualTo(409);
    sourceLog.positions =
        List.of(
            new ChannelPosition(
                "default",
                "a",
                "dml_0_5v0",
                new RequestedStarts.Place(
                    ByteString.copyFrom(new byte[] {8, 3, 16, 3}), 1_000L << 18)));
    Instant until = clock.instant();
    flink.report(
        task(id).path("job_id").asText(),
        new JobMeasures(Optional.of(until), Optional.of(Duration.ZERO), 0, 0, 0, JobWork.NONE));
    clock.advance(Duration.ofSeconds(2));

    JsonNode position =
        request("position", "{'task_id':'" + id + "'}").data().path("positions").get(0);
    assertThat(sourceLog.asked).containsExactly(until);
    assertThat(position.path("channel_name").asText()).isEqualTo("dml_0_5v0");
    assertThat(position.path("tso").asLong()).isEqualTo(1_000L << 18);
    assertThat(position.path("time").asText()).isEqualTo("1970-01-01T00:00:01Z");
    assertThat(ChannelPosition.decode("dml_0_5v0", position.path("position").asText()))
        .isEqualTo(sourceLog.positions.get(0).place());
    assertThat(request("position", "{'task_id':'none'}").status()).isEqualTo(404);
  }

  @Test
  void createWithoutATargetIsRefused() {
    Answer answer = request("create", "{'collection_infos':[{'name':'*'}]}");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message()).contains("milvus_connect_param is missing");
  }

  @Test
  void bothFormsOfTheConnectionAreUnderstood() {
    created("'collection_infos':[{'name':'a'}],'task_id':'one'");
    TargetCluster byUri = probed.get(probed.size() - 1);
    assertThat(byUri.address()).isEqualTo("localhost:19530");
    assertThat(byUri.secure()).isFalse();
    assertThat(byUri.credentials().orElseThrow().token().value()).isEqualTo("root:SecretOne");

    Answer answer =
        create(
            "{'uri':'','host':'example.org','port':443,'username':'u','password':'SecretTwo',"
                + "'enable_tls':true,'connect_timeout':1.5,'channel_num':8,'ignore_partition':true}",
            "'db_collections':{'*':[{'name':'b'}],'d':[{'name':'*'}]},'buffer_config':{'size':1}");
    assertThat(answer.status()).as(answer.message()).isEqualTo(200);
    TargetCluster byHost = probed.get(probed.size() - 1);
    assertThat(byHost.address()).isEqualTo("example.org:443");
    assertThat(byHost.secure()).isTrue();
    assertThat(byHost.credentials().orElseThrow().token().value()).isEqualTo("u:SecretTwo");
    assertThat(byHost.connectTimeoutSeconds()).isEqualTo(1.5);
    var selection =
        definitions.definition(answer.data().path("task_id").asText()).orElseThrow().selection();
    assertThat(selection.includes("any", "b")).isTrue();
    assertThat(selection.includes("any", "c")).isFalse();
    assertThat(selection.includes("d", "c")).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"milvus-0.milvus.svc", "192.0.2.1", "::1", "2001:db8::7"})
  void aHostIsANameOrAnAddress(String host) {
    Answer answer =
        create("{'host':'" + host + "','port':19530}", "'collection_infos':[{'name':'a'}]");
    assertThat(answer.status()).as(answer.message()).isEqualTo(200);
    assertThat(probed.get(0).host()).isEqualTo(host);
  }

  @Test
  void aPlainNameIsACollectionOfTheDefaultDatabase() {
    String id = created("'collection_infos':[{'name':'a'},{'name':'db.b'}]");
    var selection = definitions.definition(id).orElseThrow().selection();
    assertThat(selection.includes("default", "a")).isTrue();
    assertThat(selection.includes("db", "b")).isTrue();
    assertThat(selection.includes("db", "a")).isFalse();
  }

  @Test
  void theSameRequestUnderTheSameIdIsTheSameTask() {
    String selection = "'task_id':'mine','collection_infos':[{'name':'a'}]";
    assertThat(created(selection)).isEqualTo("mine");
    assertThat(created(selection)).isEqualTo("mine");
    assertThat(create(URI_FORM, "'task_id':'mine','collection_infos':[{'name':'b'}]").status())
        .isEqualTo(409);
    assertThat(
            create("{'uri':'http://localhost:19530','token':'root:SecretTwo'}", selection).status())
        .isEqualTo(409);
  }

  @Test
  void overlappingSelectionsToOneTargetAreRefused() {
    String a = created("'collection_infos':[{'name':'a'}]");
    String b = created("'collection_infos':[{'name':'b'}]");
    Answer overlapping =
        create("{'host':'127.0.0.1','port':19530}", "'collection_infos':[{'name':'*'}]");
    assertThat(overlapping.status()).isEqualTo(409);
    assertThat(overlapping.message()).contains(a, b);
    assertThat(
            create("{'host':'other','port':19530}", "'collection_infos':[{'name':'*'}]").status())
        .isEqualTo(200);
  }

  @Test
  void aTaskThatCannotBeReadIsShownAndNamedToWhoeverCreatesAnother() {
    String id = created("'collection_infos':[{'name':'a'}],'poisoned_messages':'quarantine'");
    assertThat(task(id).has("dead_letter_topic")).isTrue();
    definitions.makeUnreadable(id, "it is sealed with the key 12345678, which is not here");

    assertThat(task(id).path("task_id").asText()).isEqualTo(id);
    assertThat(task(id).has("dead_letter_topic")).isFalse();
    Answer another = create(URI_FORM, "'collection_infos':[{'name':'b'}]");
    assertThat(another.status()).isEqualTo(409);
    assertThat(another.message()).contains("Task " + id, "the key 12345678");
    assertThat(request("delete", "{'task_id':'" + id + "'}").status()).isEqualTo(200);
    assertThat(create(URI_FORM, "'collection_infos':[{'name':'b'}]").status()).isEqualTo(200);
  }

  @Test
  void moreTasksThanAllowedAreRefused() {
    created("'collection_infos':[{'name':'a'}]");
    created("'collection_infos':[{'name':'b'}]");
    created("'collection_infos':[{'name':'c'}]");
    Answer answer = create(URI_FORM, "'collection_infos':[{'name':'d'}]");
    assertThat(answer.status()).isEqualTo(429);
    assertThat(answer.message()).contains("max_tasks is 3");
  }

  @Test
  void aTaskThatIsNotToStartIsPaused() {
    String id = created("'collection_infos':[{'name':'*'}],'disable_auto_start':true");
    assertThat(task(id).path("state").asText()).isEqualTo("Paused");
    assertThat(task(id).path("reason").asText()).contains("resume starts it");
    assertThat(flink.submissions).isEmpty();
    assertThat(request("resume", "{'task_id':'" + id + "'}").status()).isEqualTo(200);
    assertThat(task(id).path("task_id").asText()).isEqualTo(id);
    assertThat(task(id).path("state").asText()).isEqualTo("Running");
  }

  @Test
  void theNumberOfSubtasksIsTheTasksOrTheServers() {
    String plain = created("'collection_infos':[{'name':'a'}]");
    assertThat(task(plain).path("parallelism").asInt()).isEqualTo(1);

    String id = created("'collection_infos':[{'name':'b'}],'parallelism':3");
    assertThat(task(id).path("parallelism").asInt()).isEqualTo(3);
    assertThat(request("pause", "{'task_id':'" + id + "'}").status()).isEqualTo(200);
    Answer refused = request("resume", "{'task_id':'" + id + "','parallelism':9}");
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.message()).contains("parallelism is 9");
    assertThat(request("resume", "{'task_id':'" + id + "','parallelism':2}").status())
        .isEqualTo(200);
    assertThat(task(id).path("parallelism").asInt()).isEqualTo(2);
    assertThat(flink.submissions)
        .extracting(submission -> submission.parallelism())
        .containsExactly(1, 3, 2);
  }

  @Test
  void aFailedTaskSaysWhy() {
    String id = created("'collection_infos':[{'name':'*'}]");
    assertThat(task(id).path("task_id").asText()).isEqualTo(id);
    flink.fail(task(id).path("job_id").asText(), "topic dml_3: not retained");
    assertThat(task(id).path("task_id").asText()).isEqualTo(id);
    assertThat(task(id).path("state").asText()).isEqualTo("Failed");
    assertThat(task(id).path("reason").asText()).isEqualTo("topic dml_3: not retained");
    assertThat(task(id).path("job_url").asText())
        .startsWith("http://flink.example/#/job/completed/");
  }

  @ParameterizedTest
  @CsvSource({"TARGET_UNREACHABLE,502", "TARGET_REFUSED,400"})
  void aTargetThatCannotBeWrittenIsRefused(TaskException.Kind kind, int status) {
    targetTrouble = Optional.of(new TaskException(kind, "the target is not as it should be"));
    Answer answer = create(URI_FORM, "'collection_infos':[{'name':'*'}]");
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.message()).isEqualTo("the target is not as it should be");
    assertThat(post("{'request_type':'list'}").data().path("tasks")).isEmpty();
  }

  @Test
  void aSourceThatCannotBeReadIsRefused() {
    sourceLog.trouble = Optional.of(new IllegalStateException("etcd at a:1 does not answer"));
    Answer answer = create(URI_FORM, "'collection_infos':[{'name':'*'}]");
    assertThat(answer.status()).isEqualTo(502);
    assertThat(answer.message()).contains("The source cannot be read: etcd at a:1");
  }

  @Test
  void unknownTasksAreNotFound() {
    for (String type : List.of("get", "pause", "resume", "delete")) {
      assertThat(request(type, "{'task_id':'none'}").status()).as(type).isEqualTo(404);
    }
    assertThat(request("delete", "{'task_id':'none','ignore_not_found':true}").status())
        .isEqualTo(200);
  }

  @Test
  void otherMethodsPathsAndLargeBodiesAreRefused() {
    assertThat(send("GET", "/cdc", "").status()).isEqualTo(405);
    assertThat(send("PUT", "/cdc", "{}").status()).isEqualTo(405);
    Answer nothing = send("GET", "/nothing", "");
    assertThat(nothing.status()).isEqualTo(404);
    assertThat(nothing.message()).contains("POST /cdc");
    Answer large = post("{'request_type':'list'}" + " ".repeat(1 << 20));
    assertThat(large.status()).isEqualTo(413);
    assertThat(large.message()).contains("1 MiB");
  }

  @Test
  void healthTellsWhatIsAway() {
    assertThat(send("GET", "/healthz", "").status()).isEqualTo(200);
    flink.unreachable(true);
    Answer answer = send("GET", "/healthz", "");
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.message()).startsWith("flink: ");
  }
}
