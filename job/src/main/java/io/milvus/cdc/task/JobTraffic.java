package io.milvus.cdc.task;

/**
 * What a job has read and written since it was last started, all of its subtasks together.
 *
 * @param rowsRead rows inserted and keys deleted by the messages of the log that it has read
 * @param bytesRead payloads of these messages
 * @param written what it has written; named are the busiest collections of each subtask
 */
public record JobTraffic(long rowsRead, long bytesRead, CollectionTraffic written) {}
