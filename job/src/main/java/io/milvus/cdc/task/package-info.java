/** What a task is, and where it is kept. */
package io.milvus.cdc.task;
