package io.milvus.cdc.target;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes the threads that call the target; they carry its name and end with the process. */
final class TargetThreads implements ThreadFactory {

  private final AtomicInteger made = new AtomicInteger();

  @Override
  public Thread newThread(Runnable task) {
    Thread thread = new Thread(task, "milvus-target-" + made.incrementAndGet());
    thread.setDaemon(true);
    return thread;
  }
}
