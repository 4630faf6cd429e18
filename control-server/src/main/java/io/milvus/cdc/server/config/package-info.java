/** The server's configuration: one record per concern, checked when the server starts. */
package io.milvus.cdc.server.config;
