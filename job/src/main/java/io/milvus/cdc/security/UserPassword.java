package io.milvus.cdc.security;

/** A user and the password that proves it. */
public record UserPassword(String user, Secret password) {}
