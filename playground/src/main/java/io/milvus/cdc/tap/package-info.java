/** Hears what is said to a target. */
package io.milvus.cdc.tap;
