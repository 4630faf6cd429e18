package io.milvus.cdc.task;

import java.io.Serializable;

/** Opens the task store where a job runs: what a job carries of it is only its address. */
@FunctionalInterface
public interface TaskStoreFactory extends Serializable {

  /** Connects to the task store. */
  TaskStore open();
}
