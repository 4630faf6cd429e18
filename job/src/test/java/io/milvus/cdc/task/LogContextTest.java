package io.milvus.cdc.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

class LogContextTest {

  @AfterEach
  void clear() {
    MDC.clear();
  }

  @Test
  void threadsOfAnOperatorSayWhatItsOwnSays() {
    MDC.put("flink-job-id", "0a");
    LogContext.ofTask("one").enter();

    assertThat(contextIn(work -> LogContext.current().thread(work, "inner").start()))
        .isEqualTo(Map.of("flink-job-id", "0a", LogContext.TASK, "one"))
        .isEqualTo(MDC.getCopyOfContextMap());
  }

  @Test
  void aFactoryIsOfTheThreadThatMadeIt() {
    LogContext.ofTask("one").enter();
    var factory = LogContext.current().threads("inner");
    MDC.clear();

    assertThat(contextIn(work -> factory.newThread(work).start()))
        .isEqualTo(Map.of(LogContext.TASK, "one"));
  }

  @Test
  void namingATaskChangesNothingYet() {
    LogContext unused = LogContext.ofTask("one");

    assertThat(MDC.get(LogContext.TASK)).isNull();
  }

  private static Map<String, String> contextIn(Executor executor) {
    return CompletableFuture.supplyAsync(MDC::getCopyOfContextMap, executor).join();
  }
}
