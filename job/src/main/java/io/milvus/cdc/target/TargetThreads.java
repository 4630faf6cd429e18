package io.milvus.cdc.target;

import io.milvus.cdc.task.LogContext;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes the threads that call the target; they carry its name and end with the process. */
final class TargetThreads implements ThreadFactory {

  private final LogContext logContext = LogContext.current();
  private final AtomicInteger made = new AtomicInteger();

  @Override
  public Thread newThread(Runnable task) {
    return logContext.thread(task, "milvus-target-" + made.incrementAndGet());
  }
}
