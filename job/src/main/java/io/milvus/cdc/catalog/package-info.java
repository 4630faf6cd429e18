/** Reads the source's metadata: lists and watches what Milvus keeps in etcd. */
package io.milvus.cdc.catalog;
