/** Tells whether two Milvus clusters hold the same. */
package io.milvus.cdc.compare;
