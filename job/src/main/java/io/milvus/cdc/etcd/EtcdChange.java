package io.milvus.cdc.etcd;

import com.google.protobuf.ByteString;
import java.util.Optional;

/**
 * What a key holds as of a revision.
 *
 * @param key the whole key
 * @param value its value; empty when the key was deleted
 * @param revision the revision that made it so
 */
public record EtcdChange(String key, Optional<ByteString> value, long revision) {}
