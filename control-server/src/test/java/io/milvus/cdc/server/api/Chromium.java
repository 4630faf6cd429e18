package io.milvus.cdc.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

/** A Chromium without a window, driven by the protocol of its own developer tools. */
final class Chromium implements AutoCloseable {

  /** A browser on a busy machine is slow; nothing waits so long that is not broken. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  /**
   * What a page told without being asked.
   *
   * @param method what it is about, for example {@code Page.loadEventFired}
   * @param params the rest
   */
  record Event(String method, JsonNode params) {}

  private final ObjectMapper json = new ObjectMapper();
  private final Map<Integer, CompletableFuture<JsonNode>> calls = new ConcurrentHashMap<>();
  private final Map<String, List<Event>> events = new ConcurrentHashMap<>();
  private final AtomicInteger lastCall = new AtomicInteger();
  private final Process process;
  private final WebSocket socket;

  /**
   * Starts it.
   *
   * @param directory an empty one, for all that it keeps
   */
  Chromium(Path directory) {
    process = start(directory);
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    Path port = directory.resolve("DevToolsActivePort");
    Awaitility.await("Chromium listens, see " + directory.resolve("log"))
        .atMost(PATIENCE)
        .until(() -> Files.exists(port) && Files.readAllLines(port).size() == 2);
    try {
      List<String> address = Files.readAllLines(port);
      socket =
          HttpClient.newHttpClient()
              .newWebSocketBuilder()
              .buildAsync(
                  URI.create("ws://127.0.0.1:" + address.get(0) + address.get(1)), new Listener())
              .join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Process start(Path directory) {
    ProcessBuilder builder =
        new ProcessBuilder(
            "chromium",
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--remote-debugging-port=0",
            "--user-data-dir=" + directory,
            "about:blank");
    builder.environment().put("XDG_CONFIG_HOME", directory.toString());
    builder.environment().put("XDG_CACHE_HOME", directory.toString());
    builder.redirectErrorStream(true).redirectOutput(directory.resolve("log").toFile());
    try {
      return builder.start();
    } catch (IOException e) {
      throw new AssertionError("Chromium is not installed: apt-get install chromium", e);
    }
  }

  /** A new page that shares nothing with any other. */
  BrowserPage newPage() {
    String context = call("", "Target.createBrowserContext").path("browserContextId").asText();
    String target =
        call("", "Target.createTarget", "url", "about:blank", "browserContextId", context)
            .path("targetId")
            .asText();
    String session =
        call("", "Target.attachToTarget", "targetId", target, "flatten", true)
            .path("sessionId")
            .asText();
    return new BrowserPage(this, session, context);
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @param session of a page; empty for the browser itself
   * @param params names and values in turn
   */
  JsonNode call(String session, String method, Object... params) {
    return answer(method, send(session, method, params));
  }

  /** Waits for the answer to a request that was sent. */
  static JsonNode answer(String method, CompletableFuture<JsonNode> call) {
    try {
      JsonNode answer = call.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      if (answer.has("error")) {
        throw new AssertionError(method + ": " + answer.path("error"));
      }
      return answer.path("result");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError("Chromium does not answer " + method, e);
    }
  }

  /** Sends a request whose answer may need something else to happen first. */
  CompletableFuture<JsonNode> send(String session, String method, Object... params) {
    int id = lastCall.incrementAndGet();
    ObjectNode request = json.createObjectNode().put("id", id).put("method", method);
    if (!session.isEmpty()) {
      request.put("sessionId", session);
    }
    ObjectNode given = request.putObject("params");
    for (int i = 0; i < params.length; i += 2) {
      given.set((String) params[i], json.valueToTree(params[i + 1]));
    }
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    calls.put(id, answer);
    synchronized (this) {
      var unused = socket.sendText(request.toString(), true).join();
    }
    return answer;
  }

  /** All that a page has told, the oldest first. */
  List<Event> events(String session) {
    return events.computeIfAbsent(session, id -> new CopyOnWriteArrayList<>());
  }

  private void received(String text) {
    try {
      JsonNode message = json.readTree(text);
      if (message.has("id")) {
        calls.remove(message.path("id").asInt()).complete(message);
      } else {
        events(message.path("sessionId").asText())
            .add(new Event(message.path("method").asText(), message.path("params")));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Puts together what arrives in parts. */
  private final class Listener implements WebSocket.Listener {

    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
      text.append(part);
      if (last) {
        received(text.toString());
        text.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  @Override
  public void close() {
    var unused = send("", "Browser.close");
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
  }
}
