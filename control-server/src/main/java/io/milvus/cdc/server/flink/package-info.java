/** Flink as the server sees it: a REST interface, embedded or remote. */
package io.milvus.cdc.server.flink;
