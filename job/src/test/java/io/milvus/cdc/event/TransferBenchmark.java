package io.milvus.cdc.event;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** How many messages are written for another operator and read by it in a second, by one thread. */
@State(Scope.Thread)
public class TransferBenchmark {

  /** Of a message, with 128 floats each. */
  @Param({"1", "5000"})
  public int rows;

  private final DataOutputSerializer out = new DataOutputSerializer(4 << 20);
  private final DataInputDeserializer in = new DataInputDeserializer();
  private SourceEvent event = new SourceEvent.CatalogProgress(0);

  @Setup
  public void makeMessage() {
    event = TestingInserts.message(1, rows, 128);
  }

  @Benchmark
  public SourceEvent writeAndRead() throws IOException {
    out.clear();
    SourceEventCodec.write(event, out);
    in.setBuffer(out.getSharedBuffer(), 0, out.length());
    return SourceEventCodec.read(in);
  }
}
