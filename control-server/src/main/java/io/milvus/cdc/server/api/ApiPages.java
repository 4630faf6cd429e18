package io.milvus.cdc.server.api;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * Pages for people: the tasks at {@code /}, and at {@code /swagger} one that reads the document of
 * the interface at {@code /openapi.json}. They load nothing from elsewhere, and their policy
 * forbids the browser to.
 */
final class ApiPages {

  private static final String OWN = "/io/milvus/cdc/server/api/";
  private static final String WEBJAR = "/META-INF/resources/webjars/swagger-ui/";
  private static final String WEBJAR_VERSION =
      "/META-INF/maven/org.webjars/swagger-ui/pom.properties";
  private static final String POLICY =
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";

  /**
   * The page of the tasks. It holds no data, asks for a token and shows it when it asks for data.
   */
  private static final Map<String, Resource> TASKS =
      Map.of(
          "/", new Resource(OWN + "tasks.html", "text/html; charset=utf-8"),
          "/tasks.js", new Resource(OWN + "tasks.js", "text/javascript; charset=utf-8"),
          "/tasks.css", new Resource(OWN + "tasks.css", "text/css; charset=utf-8"));

  /** Where each file of the page is, and what it is. */
  private final Map<String, Resource> files;

  private record Resource(String path, String contentType) {}

  ApiPages() {
    String swagger = WEBJAR + version() + "/";
    files =
        Map.of(
            "swagger-ui.css", new Resource(swagger + "swagger-ui.css", "text/css"),
            "swagger-ui-bundle.js",
                new Resource(swagger + "swagger-ui-bundle.js", "text/javascript"),
            "favicon-32x32.png", new Resource(swagger + "favicon-32x32.png", "image/png"),
            "start.js", new Resource(OWN + "swagger-start.js", "text/javascript"));
  }

  /** Whether everybody may see what is asked for, also without the server's token. */
  static boolean isOpen(Context context) {
    return context.method() == HandlerType.GET && TASKS.containsKey(context.path());
  }

  void addTo(Javalin http) {
    TASKS.forEach((path, resource) -> http.get(path, context -> write(context, resource)));
    http.get(
        "/openapi.json",
        context -> write(context, new Resource(OWN + "openapi.json", "application/json")));
    http.get(
        "/swagger",
        context -> write(context, new Resource(OWN + "swagger.html", "text/html; charset=utf-8")));
    http.get(
        "/swagger/{file}",
        context ->
            write(
                context,
                Optional.ofNullable(files.get(context.pathParam("file")))
                    .orElseThrow(() -> new HttpResponseException(404, "", Map.of()))));
  }

  private static void write(Context context, Resource resource) {
    context.contentType(resource.contentType());
    context.header("Content-Security-Policy", POLICY);
    context.header("X-Content-Type-Options", "nosniff");
    context.result(open(resource.path()));
  }

  private static String version() {
    Properties properties = new Properties();
    try (InputStream in = open(WEBJAR_VERSION)) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version");
  }

  private static InputStream open(String path) {
    return Optional.ofNullable(ApiPages.class.getResourceAsStream(path))
        .orElseThrow(() -> new IllegalStateException(path + " is not on the class path"));
  }
}
