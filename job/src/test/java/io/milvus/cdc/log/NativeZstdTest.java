package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.util.Random;
import org.apache.pulsar.client.api.CompressionType;
import org.apache.pulsar.common.compression.CompressionCodec;
import org.apache.pulsar.common.compression.CompressionCodecProvider;
import org.apache.pulsar.common.compression.CompressionCodecZstd;
import org.apache.pulsar.shade.io.netty.buffer.ByteBuf;
import org.apache.pulsar.shade.io.netty.buffer.Unpooled;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeZstdTest {

  private static CompressionCodec codec;

  @BeforeAll
  static void install() {
    NativeZstd.install();
    NativeZstd.install();
    codec = CompressionCodecProvider.getCompressionCodec(CompressionType.ZSTD);
  }

  private static byte[] message(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    for (int i = 0; i < length; i += 4) {
      bytes[i] = 7;
    }
    return bytes;
  }

  private static ByteBuf compressed(byte[] message) {
    ByteBuf raw = Unpooled.directBuffer().writeBytes(message);
    return new CompressionCodecZstd().encode(raw);
  }

  @Test
  void theClientUsesIt() {
    assertThat(codec).isInstanceOf(NativeZstd.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 700, 1024, 16 * 1024, 3_000_000})
  void whatTheClientCompressesComesBack(int length) throws IOException {
    byte[] message = message(length);
    ByteBuf encoded = compressed(message);
    // As it comes from the network: somewhere in a larger buffer.
    ByteBuf received = Unpooled.directBuffer().writeInt(0).writeBytes(encoded).writeInt(0);
    ByteBuf payload = received.slice(4, received.readableBytes() - 8);

    ByteBuf decoded = codec.decode(payload, length);

    byte[] bytes = new byte[decoded.readableBytes()];
    decoded.readBytes(bytes);
    assertThat(bytes).isEqualTo(message);
    assertThat(decoded.refCnt()).isEqualTo(1);
  }

  @Test
  void itWorksOnWhenItsMemoryWasGivenBackOrSomethingWasRefused() throws IOException {
    whatTheClientCompressesComesBack(2_000);
    NativeZstd.free();
    whatTheClientCompressesComesBack(3_000);
    whatIsNotCompressedIsRefused();
    whatTheClientCompressesComesBack(4_000);
  }

  @Test
  void onTheHeapAsWell() throws IOException {
    byte[] message = message(100_000);
    ByteBuf encoded = compressed(message);
    byte[] heap = new byte[encoded.readableBytes()];
    encoded.readBytes(heap);

    ByteBuf decoded = codec.decode(Unpooled.wrappedBuffer(heap), message.length);

    byte[] bytes = new byte[decoded.readableBytes()];
    decoded.readBytes(bytes);
    assertThat(bytes).isEqualTo(message);
  }

  @Test
  void whatIsNotCompressedIsRefused() {
    ByteBuf noise = Unpooled.directBuffer().writeBytes(message(50_000));

    assertThatThrownBy(() -> codec.decode(noise, 100_000))
        .isInstanceOf(ZstdException.class)
        .hasMessageContaining("frame");
  }

  @Test
  void anotherLengthThanToldIsRefused() {
    ByteBuf encoded = compressed(message(50_000));

    assertThatThrownBy(() -> codec.decode(encoded, 60_000))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("60000 bytes has 50000");
  }
}
