package io.milvus.cdc.server.flink;

import java.util.Optional;
import java.util.regex.Pattern;

/** Finds the one line of a stack trace that a person needs. */
final class RootCause {

  private static final String CAUSED_BY = "Caused by: ";
  private static final Pattern CLASS_NAMES =
      Pattern.compile("^(?:(?:[\\w$]+\\.)+[\\w$]+(?::\\s+|$))+");

  private RootCause() {}

  /** The message of the innermost cause, without class names; the class when it has no message. */
  static String of(String stackTrace) {
    String cause =
        stackTrace
            .lines()
            .filter(line -> line.startsWith(CAUSED_BY))
            .reduce((first, second) -> second)
            .map(line -> line.substring(CAUSED_BY.length()))
            .or(() -> stackTrace.lines().filter(line -> !line.isBlank()).findFirst())
            .orElse("no cause given")
            .strip();
    return Optional.of(CLASS_NAMES.matcher(cause).replaceFirst(""))
        .filter(message -> !message.isBlank())
        .orElse(cause);
  }
}
