package io.milvus.cdc.task;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import org.slf4j.MDC;

/**
 * What a thread's log lines say of where they come from: the task's id, under {@link #TASK}, and
 * what Flink adds, which does not reach the threads that an operator starts.
 */
public final class LogContext {

  /** The key for a logging configuration: {@code %X{cdc-task}}. */
  public static final String TASK = "cdc-task";

  private final Map<String, String> values;

  private LogContext(Map<String, String> values) {
    this.values = values;
  }

  /** That of the calling thread. */
  public static LogContext current() {
    return new LogContext(Optional.ofNullable(MDC.getCopyOfContextMap()).orElse(Map.of()));
  }

  /** That of the calling thread, for a task. */
  public static LogContext ofTask(String taskId) {
    Map<String, String> values = new HashMap<>(current().values);
    values.put(TASK, taskId);
    return new LogContext(values);
  }

  /** Makes it that of the calling thread, which works for one job only. */
  public void enter() {
    values.forEach(MDC::put);
  }

  /** A thread with it that does not keep the process alive. */
  public Thread thread(Runnable work, String name) {
    Thread thread =
        new Thread(
            () -> {
              enter();
              work.run();
            },
            name);
    thread.setDaemon(true);
    return thread;
  }

  /** Makes such threads. */
  public ThreadFactory threads(String name) {
    return work -> thread(work, name);
  }
}
