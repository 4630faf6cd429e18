/** The HTTP interface: reads and checks requests, words the answers. */
package io.milvus.cdc.server.api;
