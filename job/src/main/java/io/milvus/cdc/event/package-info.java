/** What the sources of a job emit, and how it travels between Flink's operators. */
package io.milvus.cdc.event;
