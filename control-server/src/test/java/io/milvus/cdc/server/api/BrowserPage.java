package io.milvus.cdc.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.milvus.cdc.server.api.Chromium.Event;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A page in a {@link Chromium}, with a mouse and a keyboard. */
final class BrowserPage implements AutoCloseable {

  private final ObjectMapper json = new ObjectMapper();
  private final Chromium chromium;
  private final String session;
  private final String context;

  BrowserPage(Chromium chromium, String session, String context) {
    this.chromium = chromium;
    this.session = session;
    this.context = context;
    for (String domain : List.of("Page", "Runtime", "Network", "Log", "Accessibility")) {
      call(domain + ".enable");
    }
  }

  JsonNode call(String method, Object... params) {
    return chromium.call(session, method, params);
  }

  /** What the page has told of one kind, the oldest first. */
  Stream<JsonNode> events(String method) {
    return chromium.events(session).stream()
        .filter(event -> event.method().equals(method))
        .map(Event::params);
  }

  /** Waits until something holds; the page may be asked in between. */
  static void await(String what, Callable<Boolean> condition) {
    Awaitility.await(what).atMost(Chromium.PATIENCE).until(condition);
  }

  void open(String address) {
    long before = events("Page.loadEventFired").count();
    call("Page.navigate", "url", address);
    await("loaded", () -> events("Page.loadEventFired").count() > before);
  }

  /** The value of an expression of JavaScript. */
  JsonNode evaluate(String expression) {
    JsonNode answer =
        call(
            "Runtime.evaluate",
            "expression",
            expression,
            "returnByValue",
            true,
            "awaitPromise",
            true);
    assertThat(answer.path("exceptionDetails").toString()).as(expression).isEmpty();
    return answer.path("result").path("value");
  }

  private String quoted(String text) {
    return json.valueToTree(text).toString();
  }

  /** The text that is seen of an element; empty when it is not there or not seen. */
  String text(String selector) {
    return evaluate(
            "((e) => e && e.checkVisibility() ? e.innerText : '')(document.querySelector("
                + quoted(selector)
                + "))")
        .asText();
  }

  boolean isSeen(String selector) {
    return evaluate(
            "((e) => Boolean(e) && e.checkVisibility())(document.querySelector("
                + quoted(selector)
                + "))")
        .asBoolean();
  }

  void awaitText(String selector, String part) {
    await(selector + " says " + part, () -> text(selector).contains(part));
  }

  /** Presses the mouse button in the middle of an element, as soon as it is seen. */
  CompletableFuture<JsonNode> press(String selector) {
    await(selector + " is seen", () -> isSeen(selector));
    JsonNode place =
        evaluate(
            "((e) => { e.scrollIntoView({ block: 'center' });"
                + " const r = e.getBoundingClientRect();"
                + " return [r.x + r.width / 2, r.y + r.height / 2]; })(document.querySelector("
                + quoted(selector)
                + "))");
    mouse("mousePressed", place).join();
    return mouse("mouseReleased", place);
  }

  private CompletableFuture<JsonNode> mouse(String type, JsonNode place) {
    return chromium.send(
        session,
        "Input.dispatchMouseEvent",
        "type",
        type,
        "x",
        place.path(0),
        "y",
        place.path(1),
        "button",
        "left",
        "clickCount",
        1);
  }

  void click(String selector) {
    Chromium.answer("click", press(selector));
  }

  /** Clicks what asks back, and answers that. */
  String clickAndAnswer(String selector, boolean yes) {
    long before = events("Page.javascriptDialogOpening").count();
    CompletableFuture<JsonNode> released = press(selector);
    await("asked back", () -> events("Page.javascriptDialogOpening").count() > before);
    call("Page.handleJavaScriptDialog", "accept", yes);
    Chromium.answer("click", released);
    return events("Page.javascriptDialogOpening")
        .skip(before)
        .findFirst()
        .orElseThrow()
        .path("message")
        .asText();
  }

  /** Replaces what a field holds by a text from the keyboard. */
  void type(String selector, String text) {
    click(selector);
    evaluate("document.querySelector(" + quoted(selector) + ").select()");
    call("Input.insertText", "text", text);
  }

  /** The requests to {@code /cdc} of one type, as they were sent. */
  List<JsonNode> sent(String requestType) {
    return events("Network.requestWillBeSent")
        .map(event -> event.path("request").path("postData").asText())
        .filter(body -> !body.isEmpty())
        .map(this::parsed)
        .filter(body -> body.path("request_type").asText().equals(requestType))
        .toList();
  }

  JsonNode parsed(String text) {
    try {
      return json.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<String> addresses() {
    return events("Network.requestWillBeSent")
        .map(event -> event.path("request").path("url").asText())
        .toList();
  }

  /** What the browser complains about. */
  List<String> complaints() {
    List<String> complaints = new ArrayList<>();
    events("Runtime.exceptionThrown").forEach(event -> complaints.add(event.toString()));
    events("Runtime.consoleAPICalled").forEach(event -> complaints.add(event.toString()));
    events("Log.entryAdded").forEach(event -> complaints.add(event.path("entry").toString()));
    return complaints;
  }

  void width(int pixels) {
    call(
        "Emulation.setDeviceMetricsOverride",
        "width",
        pixels,
        "height",
        800,
        "deviceScaleFactor",
        1,
        "mobile",
        pixels < 600);
  }

  /** Lets the person prefer {@code light} or {@code dark}. */
  void colors(String scheme) {
    call(
        "Emulation.setEmulatedMedia",
        "features",
        List.of(Map.of("name", "prefers-color-scheme", "value", scheme)));
  }

  /** The whole page as a picture. */
  void picture(Path file) {
    JsonNode size = call("Page.getLayoutMetrics").path("cssContentSize");
    byte[] picture =
        Base64.getDecoder()
            .decode(
                call(
                        "Page.captureScreenshot",
                        "captureBeyondViewport",
                        true,
                        "clip",
                        Map.of(
                            "x",
                            0,
                            "y",
                            0,
                            "width",
                            size.path("width"),
                            "height",
                            size.path("height"),
                            "scale",
                            1))
                    .path("data")
                    .asText());
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, picture);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    chromium.call("", "Target.disposeBrowserContext", "browserContextId", context);
  }
}
