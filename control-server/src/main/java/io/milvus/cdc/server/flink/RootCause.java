package io.milvus.cdc.server.flink;

import io.milvus.cdc.task.PermanentFailure;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds the one line of a stack trace that a person needs. */
final class RootCause {

  private static final String CAUSED_BY = "Caused by: ";
  private static final Pattern CLASS_NAMES =
      Pattern.compile("^(?:(?:[\\w$]+\\.)+[\\w$]+(?::\\s+|$))+");

  private RootCause() {}

  /**
   * The message of the {@link PermanentFailure}, which says what to do, or else of the innermost
   * cause; without class names; the class when it has no message.
   */
  static String of(String stackTrace) {
    List<String> causes =
        Stream.concat(
                stackTrace.lines().filter(line -> !line.isBlank()).limit(1),
                stackTrace
                    .lines()
                    .filter(line -> line.startsWith(CAUSED_BY))
                    .map(line -> line.substring(CAUSED_BY.length())))
            .map(String::strip)
            .toList();
    String cause =
        causes.stream()
            .filter(line -> line.startsWith(PermanentFailure.class.getName() + ": "))
            .findFirst()
            .or(() -> causes.stream().reduce((first, second) -> second))
            .orElse("no cause given");
    return Optional.of(CLASS_NAMES.matcher(cause).replaceFirst(""))
        .filter(message -> !message.isBlank())
        .orElse(cause);
  }
}
