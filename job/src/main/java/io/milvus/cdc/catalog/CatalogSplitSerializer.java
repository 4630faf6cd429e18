package io.milvus.cdc.catalog;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** Keeps a {@link CatalogSplit} in savepoints. Version 1: ids, then names, each with a count. */
final class CatalogSplitSerializer implements SimpleVersionedSerializer<CatalogSplit> {

  static final int VERSION = 1;

  @Override
  public int getVersion() {
    return VERSION;
  }

  @Override
  public byte[] serialize(CatalogSplit split) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(split.known().collections().size());
    for (long id : split.known().collections()) {
      out.writeLong(id);
    }
    out.writeInt(split.known().databases().size());
    for (String name : split.known().databases()) {
      out.writeUTF(name);
    }
    return bytes.toByteArray();
  }

  @Override
  public CatalogSplit deserialize(int version, byte[] serialized) throws IOException {
    if (version != VERSION) {
      throw new IOException(
          "the savepoint's catalog state has version "
              + version
              + ", this release reads version "
              + VERSION
              + ": use the release that wrote it, or a newer one");
    }
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(serialized));
    Set<Long> collections = new HashSet<>();
    for (int left = in.readInt(); left > 0; left--) {
      collections.add(in.readLong());
    }
    Set<String> databases = new HashSet<>();
    for (int left = in.readInt(); left > 0; left--) {
      databases.add(in.readUTF());
    }
    return new CatalogSplit(new KnownObjects(collections, databases));
  }
}
