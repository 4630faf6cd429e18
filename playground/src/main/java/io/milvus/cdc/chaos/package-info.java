/** Breaks real parts while a workload runs, and compares everything afterwards. */
package io.milvus.cdc.chaos;
