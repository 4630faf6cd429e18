package io.milvus.cdc.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.milvus.cdc.log.ChannelPosition;
import io.milvus.cdc.server.tasks.TaskException;
import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.StoppedCollection;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.ParseOptions;
import io.swagger.v3.parser.core.models.SwaggerParseResult;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The document says what the server does, no more and no less. */
class OpenApiTest {

  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path directory;
  private final ObjectMapper json = new ObjectMapper();
  private TestServer server;
  private JsonNode document;

  @BeforeEach
  void start() {
    server = new TestServer(directory);
    HttpResponse<String> response = server.get("/openapi.json");
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    document = server.json(response);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private JsonNode schema(String name) {
    JsonNode schema = document.path("components").path("schemas").path(name);
    assertThat(schema.isObject()).as(name).isTrue();
    return schema;
  }

  /** Follows references. */
  private JsonNode resolved(JsonNode schema) {
    return schema.has("$ref")
        ? schema(schema.path("$ref").asText().replace("#/components/schemas/", ""))
        : schema;
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static List<String> words(String list) {
    return Arrays.stream(list.split(", ", -1)).toList();
  }

  @Test
  void theDocumentIsAnOpenApiDocument() {
    ParseOptions options = new ParseOptions();
    options.setResolve(true);
    SwaggerParseResult result =
        new OpenAPIV3Parser().readContents(document.toString(), List.of(), options);
    assertThat(result.getMessages()).isEmpty();
    OpenAPI parsed = result.getOpenAPI();
    assertThat(parsed.getPaths().keySet())
        .containsExactlyInAnyOrder(
            "/cdc", "/healthz", "/cdc/metrics", "/cdc/lag", "/openapi.json", "/swagger");

    String broken = document.toString().replace("\"responses\":", "\"response\":");
    assertThat(new OpenAPIV3Parser().readContents(broken, List.of(), options).getMessages())
        .as("the parser does look")
        .isNotEmpty();
  }

  @Test
  void everyPathThatIsReadAnswersAsItsTypeSays() {
    document
        .path("paths")
        .fields()
        .forEachRemaining(
            path -> {
              if (path.getValue().has("get")) {
                HttpResponse<String> response = server.get(path.getKey());
                assertThat(response.statusCode()).as(path.getKey()).isEqualTo(200);
                JsonNode content =
                    path.getValue().path("get").path("responses").path("200").path("content");
                assertThat(response.headers().firstValue("Content-Type").orElse(""))
                    .startsWith(names(content).iterator().next());
              }
            });
  }

  @Test
  void theRequestTypesAreThoseThatTheServerKnows() {
    String message = message(server.post("{'request_type':'dance'}"));
    List<String> known = words(message.substring(message.indexOf("ones are ") + 9));
    JsonNode body =
        document
            .path("paths")
            .path("/cdc")
            .path("post")
            .path("requestBody")
            .path("content")
            .path("application/json");
    assertThat(names(body.path("schema").path("discriminator").path("mapping")))
        .containsExactlyInAnyOrderElementsOf(known);
    assertThat(names(body.path("examples"))).containsExactlyInAnyOrderElementsOf(known);
    Set<String> byRequest = new TreeSet<>();
    for (JsonNode each : body.path("schema").path("oneOf")) {
      JsonNode properties = resolved(each).path("properties");
      assertThat(names(properties)).containsExactlyInAnyOrder("request_type", "request_data");
      byRequest.add(properties.path("request_type").path("enum").get(0).asText());
    }
    assertThat(byRequest).containsExactlyInAnyOrderElementsOf(known);
  }

  private String message(HttpResponse<String> response) {
    return server.json(response).path("message").asText();
  }

  /** The parser tells the fields it knows to whoever sends one that it does not know. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "ListRequest | {'request_type':'list','x-x':1}",
        "ListData | {'request_type':'list','request_data':{'x-x':1}}",
        "TaskIdData | {'request_type':'get','request_data':{'task_id':'a','x-x':1}}",
        "TaskIdData | {'request_type':'pause','request_data':{'task_id':'a','x-x':1}}",
        "ResumeData | {'request_type':'resume','request_data':{'task_id':'a','x-x':1}}",
        "TaskIdData | {'request_type':'position','request_data':{'task_id':'a','x-x':1}}",
        "NameMapping | {'request_type':'create','request_data':{'milvus_connect_param':{'uri':'http://h:1'},'collection_infos':[{'name':'*'}],'name_mapping':[{'source_db':'a','target_db':'b','x-x':1}]}}",
        "DeleteData | {'request_type':'delete','request_data':{'task_id':'a','x-x':1}}",
        "CreateData | {'request_type':'create','request_data':{'milvus_connect_param':{'uri':'http://h:1'},'collection_infos':[{'name':'a'}],'x-x':1}}",
        "ConnectParam | {'request_type':'create','request_data':{'milvus_connect_param':{'uri':'http://h:1','x-x':1},'collection_infos':[{'name':'a'}]}}",
        "DialConfig | {'request_type':'create','request_data':{'milvus_connect_param':{'uri':'https://h:1','dial_config':{'x-x':1}},'collection_infos':[{'name':'a'}]}}",
        "CollectionInfo | {'request_type':'create','request_data':{'milvus_connect_param':{'uri':'http://h:1'},'collection_infos':[{'name':'a','x-x':1}]}}",
        "CollectionInfo | {'request_type':'create','request_data':{'milvus_connect_param':{'uri':'http://h:1'},'db_collections':{'d':[{'name':'a','x-x':1}]}}}",
      })
  void theFieldsAreThoseThatTheParserKnows(String name, String request) {
    HttpResponse<String> response = server.post(request);
    assertThat(response.statusCode()).isEqualTo(400);
    Matcher told =
        Pattern.compile(".*x-x is not a known field; .* (may have (?<names>.*)|has no fields)")
            .matcher(message(response));
    assertThat(told.matches()).as(message(response)).isTrue();
    Set<String> known =
        Optional.ofNullable(told.group("names"))
            .map(names -> new TreeSet<>(words(names)))
            .orElseGet(TreeSet::new);
    assertThat(names(schema(name).path("properties"))).isEqualTo(known);
    assertThat(schema(name).path("additionalProperties").asBoolean(true)).isFalse();
  }

  /** Every field that the document calls required is one without which there is no success. */
  @Test
  void theRequiredFieldsAre() {
    for (Map.Entry<String, JsonNode> request : examples().entrySet()) {
      JsonNode data = request.getValue().path("request_data");
      JsonNode ofData =
          resolved(requestSchema(request.getKey()).path("properties").path("request_data"));
      for (JsonNode required : ofData.path("required")) {
        var without =
            (com.fasterxml.jackson.databind.node.ObjectNode) request.getValue().deepCopy();
        ((com.fasterxml.jackson.databind.node.ObjectNode) without.path("request_data"))
            .remove(required.asText());
        assertThat(data.has(required.asText())).isTrue();
        HttpResponse<String> refused = server.send("POST", "/cdc", without.toString());
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(message(refused)).contains(required.asText() + " is missing");
      }
    }
  }

  private Map<String, JsonNode> examples() {
    Map<String, JsonNode> examples = new TreeMap<>();
    document
        .path("paths")
        .path("/cdc")
        .path("post")
        .path("requestBody")
        .path("content")
        .path("application/json")
        .path("examples")
        .fields()
        .forEachRemaining(each -> examples.put(each.getKey(), each.getValue().path("value")));
    return examples;
  }

  private JsonNode requestSchema(String type) {
    return schema(
        type.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + type.substring(1) + "Request");
  }

  /** A body has the fields that a schema requires, and none that it does not name. */
  private void assertFits(JsonNode value, JsonNode unresolved) {
    JsonNode schema = resolved(unresolved);
    if (schema.has("enum")) {
      List<JsonNode> words = new ArrayList<>();
      schema.path("enum").forEach(words::add);
      assertThat(words).contains(value);
    }
    switch (schema.path("type").asText()) {
      case "object" -> {
        assertThat(value.isObject()).isTrue();
        schema.path("required").forEach(field -> assertThat(value.has(field.asText())).isTrue());
        value
            .fields()
            .forEachRemaining(
                field -> {
                  if (schema.path("properties").has(field.getKey())) {
                    assertFits(field.getValue(), schema.path("properties").path(field.getKey()));
                  } else {
                    JsonNode others = schema.path("additionalProperties");
                    assertThat(others.asBoolean(others.isObject())).as(field.getKey()).isTrue();
                    if (others.isObject()) {
                      assertFits(field.getValue(), others);
                    }
                  }
                });
      }
      case "array" -> value.forEach(item -> assertFits(item, schema.path("items")));
      case "integer" -> assertThat(value.isIntegralNumber()).isTrue();
      case "number" -> assertThat(value.isNumber()).isTrue();
      case "boolean" -> assertThat(value.isBoolean()).isTrue();
      case "string" -> assertThat(value.isTextual()).isTrue();
      default -> assertThat(schema.has("type")).as(schema.toString()).isFalse();
    }
  }

  @Test
  void theAnswersFitAndAFullTaskHasEveryField() {
    JsonNode create = examples().get("create");
    assertFits(create, schema("CreateRequest"));
    HttpResponse<String> created = server.send("POST", "/cdc", create.toString());
    assertThat(created.statusCode()).isEqualTo(200);
    assertFits(server.json(created), schema("CreateAnswer"));
    String id = server.json(created).path("data").path("task_id").asText();
    assertFits(server.json(server.ask("get", id)), schema("GetAnswer"));
    String job = task(id).path("job_id").asText();
    server.everythingIsReported(job);
    assertThat(task(id).has("lag_ms")).isTrue();
    server.lags.record();
    JsonNode lag = server.json(server.get("/cdc/lag"));
    assertThat(lag.at("/data/tasks/0/samples")).hasSize(1);
    assertFits(lag, schema("LagAnswer"));
    server.sourceLog.positions =
        List.of(
            new ChannelPosition(
                "default", "a", "dml_0_5v0", new RequestedStarts.Place(ByteString.EMPTY, 5)));
    assertFits(server.json(server.ask("position", id)), schema("PositionAnswer"));
    server.definitions.stop(
        id,
        new StoppedCollection(
            StoppedCollection.VERSION,
            7,
            "collection d.c",
            Optional.of(new StoppedCollection.Name("d", "c")),
            "it does not fit",
            server.clock.instant(),
            "stop",
            0,
            Map.of("t", new StoppedCollection.FirstMessage(1, 2)),
            List.of()));
    JsonNode stopped = task(id).path("stopped_collections").path(0);
    assertThat(names(stopped)).isEqualTo(names(schema("StoppedCollection").path("properties")));
    server.definitions.quarantine(
        id,
        new QuarantinedMessage(
            QuarantinedMessage.VERSION,
            7,
            "collection d.c",
            Optional.of(new StoppedCollection.Name("d", "c")),
            "t",
            1,
            2,
            3,
            "refused",
            server.clock.instant()));
    JsonNode quarantined = task(id).path("quarantined").path(0);
    assertThat(names(quarantined))
        .isEqualTo(names(schema("QuarantinedMessage").path("properties")));
    assertFits(server.json(server.ask("get", id)), schema("GetAnswer"));
    assertFits(server.json(server.ask("pause", id)), schema("DoneAnswer"));
    Set<String> seen = names(task(id));
    HttpResponse<String> other =
        server.request(
            "create",
            "{'milvus_connect_param':{'host':'h','port':1,'username':'u','password':'p',"
                + "'enable_tls':true},'db_collections':{'d':[{'name':'*'}]},"
                + "'name_mapping':[{'source_db':'d','target_db':'e'}]}");
    assertFits(server.json(other), schema("CreateAnswer"));
    seen.addAll(names(task(server.json(other).path("data").path("task_id").asText())));
    assertThat(seen).isEqualTo(names(schema("Task").path("properties")));
    assertFits(server.json(server.post("{'request_type':'list'}")), schema("ListAnswer"));
    assertFits(server.json(server.ask("resume", id)), schema("DoneAnswer"));
    assertFits(server.json(server.ask("delete", id)), schema("DoneAnswer"));
    assertFits(server.json(server.get("/healthz")), schema("Health"));
    assertFits(server.json(server.ask("get", id)), schema("Failure"));
  }

  private JsonNode task(String id) {
    return server.json(server.ask("get", id)).path("data").path("task");
  }

  /** Every status that the document names can be had, and no other was seen. */
  @Test
  void theStatusesOfCdcAreThoseOfTheDocument() throws IOException {
    Set<String> seen = new TreeSet<>();
    note(seen, server.post("{'request_type':'list'}"), 200);
    note(seen, server.post("{"), 400);
    note(seen, server.send("POST", "/cdc", "{}", "Origin", "http://elsewhere.example"), 403);
    note(seen, server.ask("get", "none"), 404);
    note(seen, server.create("one", "a"), 200);
    note(seen, server.create("two", "a"), 409);
    note(seen, server.create("two", "b"), 200);
    note(seen, server.create("three", "c"), 429);
    note(seen, server.post(" ".repeat((1 << 20) + 1)), 413);
    note(seen, server.ask("delete", "two"), 200);
    server.target =
        target -> {
          throw new TaskException(TaskException.Kind.TARGET_UNREACHABLE, "away");
        };
    note(seen, server.create("two", "b"), 502);
    server.storeIsAway = true;
    note(seen, server.post("{'request_type':'list'}"), 500);
    try (TestServer guarded =
        new TestServer(directory, Optional.of("token"), Duration.ofMillis(300), LONG)) {
      HttpResponse<String> refused = guarded.post("{'request_type':'list'}");
      note(seen, refused, 401);
      seen.add(statusOfAStalledBody(guarded));
    }
    CountDownLatch never = new CountDownLatch(1);
    try (TestServer slow =
        new TestServer(directory, Optional.empty(), LONG, Duration.ofMillis(300))) {
      slow.target =
          target -> {
            try {
              never.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          };
      note(seen, slow.create("one", "a"), 504);
      never.countDown();
    }
    assertThat(names(document.path("paths").path("/cdc").path("post").path("responses")))
        .isEqualTo(seen);
  }

  private void note(Set<String> seen, HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    if (status != 200) {
      assertFits(server.json(response), schema("Failure"));
    }
    seen.add(Integer.toString(status));
  }

  private static String statusOfAStalledBody(TestServer server) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port)) {
      socket.setSoTimeout(20_000);
      socket
          .getOutputStream()
          .write(
              "POST /cdc HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer token\r\nContent-Length: 9\r\n\r\n{"
                  .getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII)
          .substring(9);
    }
  }

  @Test
  void theHealthChecksFailureIsDocumented() {
    server.flink.unreachable(true);
    HttpResponse<String> response = server.get("/healthz");
    JsonNode documented = document.path("paths").path("/healthz").path("get").path("responses");
    assertThat(documented.has(Integer.toString(response.statusCode()))).isTrue();
    assertThat(response.statusCode()).isEqualTo(503);
    assertFits(server.json(response), schema("Failure"));
  }

  @Test
  void thePageNeedsNothingFromElsewhere() throws IOException {
    HttpResponse<String> page = server.get("/swagger");
    assertThat(page.headers().firstValue("Content-Type").orElse("")).startsWith("text/html");
    assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
        .startsWith("default-src 'self'")
        .doesNotContain("http");
    Matcher loaded = Pattern.compile("(?:src|href)=\"([^\"]*)\"").matcher(page.body());
    List<String> files = new ArrayList<>();
    while (loaded.find()) {
      files.add(loaded.group(1));
    }
    assertThat(files).hasSize(4).allMatch(file -> file.matches("/swagger/[a-z0-9.-]+"));
    for (String file : files) {
      HttpResponse<String> response = server.get(file);
      assertThat(response.statusCode()).as(file).isEqualTo(200);
      assertThat(response.body()).isNotEmpty();
      assertThat(response.headers().firstValue("Content-Type").orElse(""))
          .as(file)
          .startsWith(
              file.endsWith(".css")
                  ? "text/css"
                  : file.endsWith(".js") ? "text/javascript" : "image/png");
    }
    assertThat(server.get("/swagger/swagger-ui-bundle.js").body()).contains("SwaggerUIBundle");
    assertThat(server.get("/swagger/start.js").body())
        .contains("url: \"/openapi.json\"")
        .contains("validatorUrl: null");
    assertThat(server.get("/swagger/index.html").statusCode()).isEqualTo(404);
    assertThat(json.readTree(server.get("/swagger/..%2fopenapi.json").body()).path("code").asInt())
        .isIn(400, 404);
  }
}
