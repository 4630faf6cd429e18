/** Applies ordered events to the target Milvus. */
package io.milvus.cdc.target;
