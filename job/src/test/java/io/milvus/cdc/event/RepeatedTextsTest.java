package io.milvus.cdc.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;

class RepeatedTextsTest {

  @Property(tries = 200)
  void everyTextComesBack(@ForAll @Size(max = 50) List<@StringLength(max = 300) String> texts)
      throws IOException {
    for (String text : texts) {
      assertThat(read(encoded(text))).isEqualTo(text);
      assertThat(read(written(text))).isEqualTo(text);
    }
  }

  /** With few letters, many have their place and their length in common. */
  @Property(tries = 200)
  void textsThatAreMuchAlikeComeBack(
      @ForAll @Size(max = 50)
          List<@StringLength(min = 17, max = 20) @CharRange(from = 'a', to = 'b') String> starts)
      throws IOException {
    for (String start : starts) {
      String text = start + "_447530291118112768v0";
      assertThat(read(encoded(text))).isEqualTo(text);
      assertThat(read(written(text))).isEqualTo(text);
    }
  }

  @Property(tries = 200)
  void whatIsWrittenDoesNotDependOnWhatIsKnown(@ForAll @StringLength(max = 300) String text)
      throws IOException {
    DataOutputSerializer out = new DataOutputSerializer(64);
    out.writeUTF(text);
    String unused = read(encoded(text));
    assertThat(written(text)).isEqualTo(out.getCopyOfBuffer());
  }

  /** Java has an encoding of its own for some. */
  @Test
  void whatIsNotAsciiIsWrittenAsEver() throws IOException {
    for (String text : List.of("ü", "\0", "\uD83D\uDE00", "a\uD83D\uDE00b\0")) {
      whatIsWrittenDoesNotDependOnWhatIsKnown(text);
      assertThat(read(written(text))).isEqualTo(text);
    }
  }

  @Test
  void aTextThatWasReadLatelyIsTheSameObject() throws IOException {
    String text = read(encoded("by-dev-rootcoord-dml_0_7v1"));
    assertThat(read(encoded("by-dev-rootcoord-dml_0_7v1"))).isSameAs(text);
    assertThat(read(written("by-dev-rootcoord-dml_0_7v1"))).isSameAs(text);
  }

  @Test
  void whatIsNoTextIsRefused() {
    for (byte[] bytes :
        List.of(new byte[] {1, -1}, new byte[] {2, -64, -128}, new byte[] {3, 97})) {
      assertThatThrownBy(() -> read(ByteString.copyFrom(bytes)))
          .isInstanceOf(InvalidProtocolBufferException.class);
    }
  }

  private static ByteString encoded(String text) throws IOException {
    ByteString.Output bytes = ByteString.newOutput();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeStringNoTag(text);
    out.flush();
    return bytes.toByteString();
  }

  private static String read(ByteString encoded) throws IOException {
    return RepeatedTexts.read(encoded.newCodedInput(), encoded);
  }

  private static byte[] written(String text) throws IOException {
    DataOutputSerializer out = new DataOutputSerializer(64);
    RepeatedTexts.write(text, out);
    return out.getCopyOfBuffer();
  }

  private static String read(byte[] written) throws IOException {
    return RepeatedTexts.read(new DataInputDeserializer(written));
  }
}
