/** Writes to a source Milvus, for tests and measurements. */
package io.milvus.cdc.workload;
