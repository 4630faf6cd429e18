package io.milvus.cdc.server.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import io.milvus.cdc.log.ChannelPosition;
import io.milvus.cdc.task.QuarantinedMessage;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.StoppedCollection;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The page of the tasks, in a real browser, on a server whose Flink and store are not real. */
class TaskPageBrowserTest {

  private static final Path PICTURES = Path.of("target", "screenshots");
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final String MARKUP = "<img src=x onerror='window.injected=1'>";

  private static Path profile;
  private static Chromium chromium;

  @TempDir Path directory;
  private TestServer server;
  private BrowserPage page;

  /** Parts of what the browser may complain about in this test. */
  private final List<String> expected = new ArrayList<>();

  @BeforeAll
  static void startBrowser() throws IOException {
    profile = Files.createTempDirectory("chromium-");
    chromium = new Chromium(profile);
  }

  @AfterAll
  static void stopBrowser() throws IOException {
    if (chromium != null) {
      chromium.close();
    }
    org.apache.flink.util.FileUtils.deleteDirectory(profile.toFile());
  }

  @BeforeEach
  void open() {
    server = new TestServer(directory, Optional.empty(), LONG, LONG, 9);
    page = chromium.newPage();
  }

  /** What holds in every test. */
  @AfterEach
  void nothingIsWrong() {
    try {
      assertThat(page.complaints())
          .allMatch(complaint -> expected.stream().anyMatch(complaint::contains));
      assertThat(page.addresses())
          .allMatch(address -> address.startsWith(address()) || address.startsWith("data:"));
    } finally {
      page.close();
      server.close();
    }
  }

  private String address() {
    return "http://127.0.0.1:" + server.port;
  }

  private void show() {
    page.open(address() + "/");
  }

  private JsonNode task(String id) {
    return server.json(server.ask("get", id)).path("data").path("task");
  }

  /** Creates a task and lets its job run. */
  private String running(String id, String collection) {
    return running(id, collection, "http://localhost:19530");
  }

  private String running(String id, String collection, String target) {
    HttpResponse<String> created =
        server.request(
            "create",
            ("{'task_id':'%s','milvus_connect_param':{'uri':'%s'},"
                    + "'collection_infos':[{'name':'%s'}]}")
                .formatted(id, target, collection));
    assertThat(created.statusCode()).as(created.body()).isEqualTo(200);
    BrowserPage.await(id + " runs", () -> task(id).path("state").asText().equals("Running"));
    return task(id).path("job_id").asText();
  }

  /** Lets a task have reported lags, four a minute. */
  private void lags(String id, String job, int count) {
    for (int i = 0; i < count; i++) {
      server.clock.advance(Duration.ofSeconds(15));
      server.report(job, Duration.ofMillis(1500 + (i * 7919L) % 1100));
      assertThat(task(id).has("lag_ms")).isTrue();
      server.lags.record();
    }
  }

  private void position(String collection) {
    server.sourceLog.positions =
        List.of(
            new ChannelPosition(
                "default",
                collection,
                "by-dev-rootcoord-dml_0_447530112233445566v0",
                new RequestedStarts.Place(ByteString.EMPTY, 447_530_291_118_112_768L)));
  }

  private void stop(String id, String collection, String reason) {
    server.definitions.stop(
        id,
        new StoppedCollection(
            StoppedCollection.VERSION,
            7,
            "collection " + collection,
            Optional.of(new StoppedCollection.Name("default", collection)),
            reason,
            server.clock.instant(),
            "stop",
            0,
            Map.of("t", new StoppedCollection.FirstMessage(1, 2)),
            List.of()));
  }

  private static String card(String id) {
    return "[data-task='" + id + "']";
  }

  private static String button(String label, String id) {
    return "button[aria-label='" + label + " task " + id + "']";
  }

  private static String collections(String id) {
    return card(id) + " summary";
  }

  private String plot(String id) {
    return page.evaluate("document.querySelector(\"" + card(id) + " svg path\").getAttribute('d')")
        .asText();
  }

  @Test
  void tasksAreShownWithStateReasonLagRowsAndTheirJob() {
    String job = running("one", "films");
    lags("one", job, 1);
    server.flink.fail(running("two", "books"), "the topic is gone");
    assertThat(task("two").path("task_id").asText()).isEqualTo("two");
    show();

    page.awaitText(card("one") + " .state", "Running");
    assertThat(page.text(card("one") + " h3")).isEqualTo("films → http://localhost:19530");
    assertThat(page.isSeen(card("one") + " .reason")).isFalse();
    assertThat(page.text(card("one") + " dl"))
        .contains("1.5 s")
        .contains("1 inserted, 1 deleted")
        .contains("1 operation");
    assertThat(page.text(card("two") + " .state")).isEqualTo("Failed");
    assertThat(page.text(card("two") + " .reason")).isEqualTo("the topic is gone");
    assertThat(page.isSeen(button("Pause", "one"))).isTrue();
    assertThat(page.isSeen(button("Resume", "one"))).isFalse();
    assertThat(page.isSeen(button("Pause", "two"))).isFalse();
    assertThat(page.isSeen(button("Resume", "two"))).isTrue();
    assertThat(page.evaluate("document.querySelector(\"" + card("one") + " dd a\").href").asText())
        .isEqualTo("http://flink.example/#/job/running/" + job + "/overview");
  }

  @Test
  void thePlotBeginsWithTheLastFifteenMinutesAndHasAHoleWhereNothingIsKnown() {
    String job = running("one", "films");
    lags("one", job, 8);
    server.clock.advance(Duration.ofMinutes(3));
    lags("one", job, 39);
    show();

    page.awaitText(card("one") + " figcaption", "lag, the top is 2.6 s");
    assertThat(page.text(card("one") + " figcaption")).contains("15 min ago").contains("now");
    // Moves to where a line begins, lines to all other points; the last one is that of now.
    assertThat(plot("one").replaceAll("[^ML]", "")).matches("ML{7}ML{39,}");
    String[] first = plot("one").substring(1).split("[ hL]", 3);
    double minutesAgo = 15 - Double.parseDouble(first[0]) / 20;
    assertThat(minutesAgo).isBetween(14.4, 14.7);
    int points = plot("one").length();
    BrowserPage.await("the next poll adds a point", () -> plot("one").length() > points);
  }

  @Test
  void aTaskTellsOfItsCollections() {
    String job = running("one", "*");
    lags("one", job, 1);
    position("films");
    stop("one", "broken", "field embedding does not fit");
    show();

    page.awaitText(collections("one"), "Collections (1 stopped)");
    assertThat(page.isSeen(card("one") + " .collections")).isFalse();
    assertThat(page.sent("position")).as("the source is asked only when somebody looks").isEmpty();
    page.click(collections("one"));
    page.awaitText(card("one") + " .collections", "default.films");
    assertThat(page.text(card("one") + " .collections"))
        .contains("default.broken")
        .contains("stopped")
        .contains("field embedding does not fit (2025-01-01 00:00:")
        .contains("by-dev-rootcoord-dml_0_447530112233445566v0 at 2024-02-06 04:09:37 UTC");

    long polls = page.sent("list").size();
    BrowserPage.await("polled twice", () -> page.sent("list").size() > polls + 1);
    assertThat(page.isSeen(card("one") + " .collections")).as("stays open").isTrue();
  }

  @Test
  void messagesThatWereLeftOutAreShown() {
    assertThat(
            server
                .request(
                    "create",
                    "{'task_id':'one','milvus_connect_param':{'uri':'http://localhost:19530'},"
                        + "'collection_infos':[{'name':'films'}],'poisoned_messages':'quarantine'}")
                .statusCode())
        .isEqualTo(200);
    server.definitions.quarantine(
        "one",
        new QuarantinedMessage(
            QuarantinedMessage.VERSION,
            7,
            "collection default.films",
            Optional.of(new StoppedCollection.Name("default", "films")),
            "t",
            1,
            2,
            3,
            "the target refused it",
            server.clock.instant()));
    show();
    page.awaitText(card("one") + " dl", "1 message, kept in persistent://");
    page.click(collections("one"));
    page.awaitText(card("one") + " .collections", "1 message, the last: the target refused it");
  }

  @Test
  void countsOfACollectionAreShown() {
    String job = running("one", "*");
    lags("one", job, 1);
    show();
    page.click(collections("one"));
    page.awaitText(card("one") + " .collections", "default.one");
    assertThat(page.text(card("one") + " .collections"))
        .contains("1 inserted, 1 deleted")
        .contains("1 byte");
  }

  @Test
  void pauseResumeAndDeleteAskBackAndDoWhatIsAnswered() {
    running("one", "films");
    show();
    for (String label : List.of("Pause", "Delete")) {
      assertThat(page.clickAndAnswer(button(label, "one"), false))
          .startsWith(label + " this task?");
    }
    int polls = page.sent("list").size();
    BrowserPage.await("polled again", () -> page.sent("list").size() > polls);
    assertThat(page.sent("pause")).isEmpty();
    assertThat(page.sent("delete")).isEmpty();
    assertThat(task("one").path("state").asText()).isEqualTo("Running");

    page.clickAndAnswer(button("Pause", "one"), true);
    page.awaitText(card("one") + " .state", "Paused");
    assertThat(task("one").path("state").asText()).isEqualTo("Paused");
    assertThat(page.text(card("one") + " .reason")).isEqualTo("Paused on request");

    assertThat(page.clickAndAnswer(button("Resume", "one"), false)).isEqualTo("Resume this task?");
    assertThat(page.sent("resume")).isEmpty();
    page.clickAndAnswer(button("Resume", "one"), true);
    page.awaitText("#message", "Resume: done");
    BrowserPage.await("runs", () -> task("one").path("state").asText().equals("Running"));
    page.awaitText(card("one") + " .state", "Running");

    page.clickAndAnswer(button("Delete", "one"), true);
    page.awaitText("#none", "There is no task");
    assertThat(page.isSeen(card("one"))).isFalse();
    assertThat(server.ask("get", "one").statusCode()).isEqualTo(404);
  }

  @Test
  void whatTheServerRefusesIsSaid() {
    expected.add("status of 409");
    running("one", "films");
    show();
    page.type("#uri", "http://localhost:19530");
    page.type("#collections", "films");
    page.click("#create button");
    page.awaitText("#message", "already, by task one");
  }

  @Test
  void theFormSendsWhatTheCurlSays() throws Exception {
    show();
    page.type("#collections", "it's");
    assertThat(bodyOfTheCurl().at("/request_data/collection_infos/0/name").asText())
        .as("the shell gives curl what the form holds")
        .isEqualTo("it's");

    page.type("#uri", "http://localhost:29530");
    page.type("#credentials", "root:Hidden");
    page.type("#collections", "a, db.b");
    page.click("#paused");
    assertThat(page.text("#curl"))
        .startsWith("curl -X POST " + address() + "/cdc -d '{")
        .doesNotContain("Hidden");
    JsonNode shown = bodyOfTheCurl();
    page.click("#create button");
    page.awaitText("#message", "is created");

    assertThat(page.sent("create")).hasSize(1);
    JsonNode sent = page.sent("create").get(0);
    assertThat(sent.at("/request_data/milvus_connect_param/token").asText())
        .isEqualTo("root:Hidden");
    ((ObjectNode) sent.at("/request_data/milvus_connect_param")).put("token", "<user:password>");
    assertThat(sent).isEqualTo(shown);
    page.awaitText("#tasks", "a, db.b → http://localhost:29530");
    page.awaitText("#tasks .state", "Paused");
    assertThat(page.evaluate("document.getElementById('credentials').value").asText()).isEmpty();
  }

  /** What a shell makes of the line. */
  private JsonNode bodyOfTheCurl() throws IOException {
    Process shell =
        new ProcessBuilder(
                "sh",
                "-c",
                "curl() { for last; do :; done; printf %s \"$last\"; }; " + page.text("#curl"))
            .redirectErrorStream(true)
            .start();
    return page.parsed(new String(shell.getInputStream().readAllBytes(), UTF_8));
  }

  @Test
  void thePageAsksForTheToken() {
    expected.add("status of 401");
    server.close();
    server = new TestServer(directory, Optional.of("Secret.Token-1"), LONG, LONG);
    server.send(
        "POST",
        "/cdc",
        ("{'request_type':'create','request_data':{'task_id':'one','milvus_connect_param':"
                + "{'uri':'http://h:1'},'collection_infos':[{'name':'films'}]}}")
            .replace('\'', '"'),
        "Authorization",
        "Bearer Secret.Token-1");
    show();
    page.awaitText("#message", "The server wants its token");
    assertThat(page.text("#tasks")).isEmpty();
    page.type("#token", "wrong");
    page.click("#access button");
    page.awaitText("#message", "This is not the server's token");
    page.type("#token", "Secret.Token-1");
    page.click("#access button");
    page.awaitText(card("one") + " h3", "films → http://h:1");
    assertThat(page.isSeen("#access")).isFalse();
    assertThat(page.text("#message")).isEmpty();
    assertThat(page.text("#curl"))
        .contains("-H 'Authorization: Bearer <token>'")
        .doesNotContain("Secret");
    assertThat(page.text("nav")).as("links that would bring no token").isEqualTo("Health");

    show();
    page.awaitText(card("one") + " h3", "films → http://h:1");
    page.clickAndAnswer(button("Delete", "one"), true);
    page.awaitText("#none", "There is no task");
  }

  @Test
  void aServerThatIsAwayIsSaid() {
    expected.add("ERR_CONNECTION_REFUSED");
    running("one", "films");
    show();
    page.awaitText(card("one") + " .state", "Running");
    server.close();
    page.awaitText("#message", "The control server does not answer");
  }

  @Test
  void textOfTheServerIsNeverMarkup() {
    server.flink.fail(running("one", "films"), MARKUP);
    stop("one", MARKUP, MARKUP);
    show();
    page.awaitText(card("one") + " .reason", MARKUP);
    page.click(collections("one"));
    page.awaitText(card("one") + " .collections", MARKUP);
    assertThat(page.evaluate("document.images.length").asInt()).isZero();
    assertThat(page.evaluate("typeof window.injected").asText()).isEqualTo("undefined");
  }

  /** Everything that the page can show, with names and reasons that are long. */
  private void full() {
    String job = running("films-to-the-second-site", "*", "https://milvus.second-site.example");
    lags("films-to-the-second-site", job, 59);
    position("actors_and_actresses_with_a_name_that_does_not_fit_into_a_line_of_a_telephone");
    stop(
        "films-to-the-second-site",
        "posters",
        "The collection exists on the target already and field embedding has 128 dimensions there,"
            + " 256 here; drop or rename it there, then pause and resume");
    String failed = running("two", "books");
    server.flink.fail(failed, "topic by-dev-rootcoord-dml_3: the position 1234:5 is gone");
    assertThat(task("two").path("state").asText()).isNotEmpty();
    running("three", "songs");
    assertThat(server.ask("pause", "three").statusCode()).isEqualTo(200);
    // Asked last: what was reported before is old by now.
    lags("films-to-the-second-site", job, 1);
    show();
    page.click(collections("films-to-the-second-site"));
    page.awaitText(card("films-to-the-second-site") + " .collections", "actors_and");
    page.awaitText(card("three") + " .state", "Paused");
    page.awaitText(card("two") + " .state", "Failed");
  }

  @ParameterizedTest
  @CsvSource({"360, light", "360, dark", "1200, light", "1200, dark"})
  void thePageFitsAndCanBeRead(int width, String colors) {
    page.width(width);
    page.colors(colors);
    full();
    page.evaluate("document.getElementById('access').hidden = false; window.scrollTo(0, 0)");
    assertThat(page.evaluate("document.scrollingElement.scrollWidth").asInt())
        .isLessThanOrEqualTo(width);
    assertThat(page.evaluate("innerWidth").asInt()).isEqualTo(width);
    assertThat(page.evaluate(LITTLE_CONTRAST)).isEmpty();
    double paper =
        page.evaluate(BRIGHTNESS + "(getComputedStyle(document.body).backgroundColor)").asDouble();
    assertThat(paper < 0.5).as("brightness %s", paper).isEqualTo(colors.equals("dark"));
    page.evaluate("document.getElementById('access').hidden = true");
    page.picture(PICTURES.resolve("tasks-" + width + "-" + colors + ".png"));
  }

  /** Relative luminance, as WCAG defines it. */
  private static final String BRIGHTNESS =
      """
      ((color) => {
        const parts = color.match(/[\\d.]+/g).slice(0, 3).map((part) => {
          const c = part / 255;
          return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
      })\
      """;

  /** Every text that does not stand out against what is behind it, 4.5 to 1 (WCAG AA). */
  private static final String LITTLE_CONTRAST =
      """
      [...document.body.querySelectorAll("*")].filter((e) => e.checkVisibility()
          && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).flatMap((e) => {
        const brightness = %s;
        let behind = e;
        while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") {
          behind = behind.parentElement;
        }
        const both = [brightness(getComputedStyle(e).color),
          brightness(getComputedStyle(behind).backgroundColor)].sort((a, b) => b - a);
        const contrast = (both[0] + 0.05) / (both[1] + 0.05);
        return contrast < 4.5 ? [e.tagName + " " + e.innerText + " " + contrast] : [];
      })
      """
          .formatted(BRIGHTNESS);

  @Test
  void everyControlHasAName() {
    full();
    page.evaluate("document.getElementById('access').hidden = false");
    List<String> names = new ArrayList<>();
    for (JsonNode node : page.call("Accessibility.getFullAXTree").path("nodes")) {
      String role = node.at("/role/value").asText();
      if (!node.path("ignored").asBoolean()
          && List.of("button", "link", "textbox", "checkbox", "DisclosureTriangle", "image", "img")
              .contains(role)) {
        names.add(node.at("/name/value").asText());
      }
    }
    assertThat(names)
        .doesNotContain("")
        .contains(
            "Pause task films-to-the-second-site",
            "Resume task two",
            "Delete task three",
            "Collections (1 stopped) of task films-to-the-second-site",
            "Token of the server (server.token)",
            "Target",
            "Token of the target, when it wants one",
            "Collections, separated by commas; * is all",
            "Do not start it yet",
            "Create",
            "Use it");
    int controls =
        page.evaluate(
                "[...document.querySelectorAll('a, button, input, summary, svg')]"
                    + ".filter((e) => e.checkVisibility()).length")
            .asInt();
    assertThat(names).as("the tree has every one of them").hasSize(controls);
    assertThat(names.stream().filter(name -> name.contains("task ")))
        .as("tasks are told apart")
        .doesNotHaveDuplicates();
  }
}
