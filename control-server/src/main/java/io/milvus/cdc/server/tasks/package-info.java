/** The life of tasks: what is wanted of each, and the steps that make Flink agree with it. */
package io.milvus.cdc.server.tasks;
