package io.milvus.cdc.log;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.util.Native;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.pulsar.common.allocator.PulsarByteBufAllocator;
import org.apache.pulsar.common.api.proto.CompressionType;
import org.apache.pulsar.common.compression.CompressionCodec;
import org.apache.pulsar.common.compression.CompressionCodecProvider;
import org.apache.pulsar.shade.io.netty.buffer.ByteBuf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decompresses messages of the log with the C library. Milvus compresses all it writes, and the
 * Pulsar client's own decompression, in Java, took more than half of what it costs to carry large
 * messages. The client has no setting for it (4.0), so its table of codecs is changed; where that
 * or the library cannot be had, the client's own goes on.
 */
final class NativeZstd implements CompressionCodec {

  private static final Logger LOG = LoggerFactory.getLogger(NativeZstd.class);

  /** Of a smaller one calling the library costs more than it saves. */
  private static final int SMALLEST = 1024;

  private static boolean tried;

  /** What the library works in, 160 KB each, for whoever decompresses next. */
  private static final Queue<ZstdDecompressCtx> IDLE = new ConcurrentLinkedQueue<>();

  private final CompressionCodec own;

  private NativeZstd(CompressionCodec own) {
    this.own = own;
  }

  /** From now on the clients of this class loader decompress so, if it can be done at all. */
  static synchronized void install() {
    if (tried) {
      return;
    }
    tried = true;
    try {
      load();
      Map<CompressionType, CompressionCodec> codecs = codecs();
      codecs.put(CompressionType.ZSTD, new NativeZstd(codecs.get(CompressionType.ZSTD)));
    } catch (IOException | ReflectiveOperationException | RuntimeException | LinkageError e) {
      LOG.info(
          "Messages of the log are decompressed in Java, which is slower: reason=\"{}\"",
          e.toString());
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<CompressionType, CompressionCodec> codecs()
      throws ReflectiveOperationException {
    Field field = CompressionCodecProvider.class.getDeclaredField("codecs");
    field.setAccessible(true);
    return (Map<CompressionType, CompressionCodec>) field.get(null);
  }

  /** Leaves no file: each job on a cluster has a class loader of its own and loads it anew. */
  private static void load() throws IOException {
    Path directory = Files.createTempDirectory("milvus-cdc-zstd");
    try {
      Native.load(directory.toFile());
    } finally {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
        for (Path file : files) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    }
  }

  @Override
  public ByteBuf encode(ByteBuf raw) {
    return own.encode(raw);
  }

  /** Fails unchecked, as the client's own does: after an {@code IOException} it drops a message. */
  @Override
  public ByteBuf decode(ByteBuf encoded, int uncompressedLength) throws IOException {
    if (uncompressedLength < SMALLEST || !encoded.isDirect()) {
      return own.decode(encoded, uncompressedLength);
    }
    ByteBuf decoded = PulsarByteBufAllocator.DEFAULT.directBuffer(uncompressedLength);
    try {
      ByteBuffer from = encoded.nioBuffer();
      ByteBuffer to = decoded.nioBuffer(0, uncompressedLength);
      int length = decompress(from, to);
      if (length != uncompressedLength) {
        throw new IllegalStateException(
            "A message of " + uncompressedLength + " bytes has " + length + " when decompressed");
      }
      return decoded.writerIndex(uncompressedLength).retain();
    } finally {
      decoded.release();
    }
  }

  private static int decompress(ByteBuffer from, ByteBuffer to) {
    ZstdDecompressCtx idle = IDLE.poll();
    ZstdDecompressCtx memory = idle == null ? new ZstdDecompressCtx() : idle;
    try {
      return memory.decompressDirectByteBuffer(
          to, to.position(), to.remaining(), from, from.position(), from.remaining());
    } finally {
      IDLE.add(memory);
    }
  }

  /** Gives back the library's memory, as nothing else would when the job has ended. */
  static void free() {
    for (ZstdDecompressCtx idle = IDLE.poll(); idle != null; idle = IDLE.poll()) {
      idle.close();
    }
  }
}
