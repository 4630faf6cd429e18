/** Reads and watches etcd: the source's metadata and the task store are both kept there. */
package io.milvus.cdc.etcd;
