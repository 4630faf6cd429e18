/** Puts what the sources emit into the order in which it is applied to the target. */
package io.milvus.cdc.replicate;
