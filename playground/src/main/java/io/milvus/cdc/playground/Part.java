package io.milvus.cdc.playground;

import java.util.Locale;

/** One process of a playground. */
public enum Part {
  /** The source's metadata, and the control server's task store. */
  ETCD("etcd"),
  /** The source's log: a Pulsar broker with its own bookie. */
  PULSAR("Pulsar"),
  /** The source Milvus, on {@link #ETCD} and {@link #PULSAR}. */
  SOURCE("source Milvus"),
  /** The target Milvus: embedded etcd and message queue, so no other part's failure reaches it. */
  TARGET("target Milvus"),
  /** The JobManager of a real Flink cluster, with its web page. */
  JOB_MANAGER("Flink JobManager"),
  /** A TaskManager with four slots that registers with {@link #JOB_MANAGER}. */
  TASK_MANAGER("Flink TaskManager"),
  /** Another one, so that a cluster's jobs are spread, and one may die. */
  SECOND_TASK_MANAGER("second TaskManager"),
  /** The control server. */
  SERVER("control server");

  private final String title;

  Part(String title) {
    this.title = title;
  }

  /** The name for people, as progress lines and errors use it. */
  public String title() {
    return title;
  }

  /** The name for file names and the command line, for example {@code task-manager}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
