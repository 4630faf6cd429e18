package io.milvus.cdc.log;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.event.TestingInserts;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** How many messages of the log are decoded in a second, by one thread. */
@State(Scope.Thread)
public class DecodeBenchmark {

  /** Of a message, with 128 floats each. */
  @Param({"1", "5000"})
  public int rows;

  private ByteString payload = ByteString.EMPTY;

  @Setup
  public void makeMessage() {
    payload = TestingInserts.payload(1, rows, 128);
  }

  @Benchmark
  public Object decode() throws InvalidProtocolBufferException {
    return MessageDecoder.decode(payload);
  }
}
