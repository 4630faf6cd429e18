/** Credentials, certificates, and how they are kept from being read by others. Knows no server. */
package io.milvus.cdc.security;
