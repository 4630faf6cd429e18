/** The control server's process: it is put together and started here. */
package io.milvus.cdc.server;
