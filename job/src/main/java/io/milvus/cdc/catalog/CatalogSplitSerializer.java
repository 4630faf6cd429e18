package io.milvus.cdc.catalog;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Keeps a {@link CatalogSplit} in savepoints. Version 1: ids of collections, then names of
 * databases, each with a count. Version 2 adds the ids of collections outside.
 */
final class CatalogSplitSerializer implements SimpleVersionedSerializer<CatalogSplit> {

  static final int VERSION = 2;

  private static final int WITHOUT_OUTSIDE = 1;

  @Override
  public int getVersion() {
    return VERSION;
  }

  @Override
  public byte[] serialize(CatalogSplit split) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    writeIds(split.known().collections(), out);
    out.writeInt(split.known().databases().size());
    for (String name : split.known().databases()) {
      out.writeUTF(name);
    }
    writeIds(split.known().outside(), out);
    return bytes.toByteArray();
  }

  @Override
  public CatalogSplit deserialize(int version, byte[] serialized) throws IOException {
    if (version != VERSION && version != WITHOUT_OUTSIDE) {
      throw new IOException(
          "the savepoint's catalog state has version "
              + version
              + ", this release reads versions up to "
              + VERSION
              + ": use the release that wrote it, or a newer one");
    }
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(serialized));
    Set<Long> collections = readIds(in);
    Set<String> databases = new HashSet<>();
    for (int left = in.readInt(); left > 0; left--) {
      databases.add(in.readUTF());
    }
    Set<Long> outside = version == WITHOUT_OUTSIDE ? Set.of() : readIds(in);
    return new CatalogSplit(new KnownObjects(collections, databases, outside));
  }

  private static void writeIds(Set<Long> ids, DataOutputStream out) throws IOException {
    out.writeInt(ids.size());
    for (long id : ids) {
      out.writeLong(id);
    }
  }

  private static Set<Long> readIds(DataInputStream in) throws IOException {
    Set<Long> ids = new HashSet<>();
    for (int left = in.readInt(); left > 0; left--) {
      ids.add(in.readLong());
    }
    return ids;
  }
}
