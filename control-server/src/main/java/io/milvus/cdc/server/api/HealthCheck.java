package io.milvus.cdc.server.api;

/**
 * Something that the server cannot do without.
 *
 * @param name what it is, for people
 * @param check asks it once and throws, with a message for people, when it does not answer
 */
public record HealthCheck(String name, Runnable check) {}
