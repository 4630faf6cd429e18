/** Reads the source's log: Milvus' messages from its Pulsar topics. */
package io.milvus.cdc.log;
