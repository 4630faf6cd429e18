/** Measures the replication on real servers, against what the same servers do without it. */
package io.milvus.cdc.bench;
