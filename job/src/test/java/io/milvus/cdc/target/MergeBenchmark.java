package io.milvus.cdc.target;

import com.google.protobuf.ByteString;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.TestingInserts;
import io.milvus.cdc.task.TargetTuning;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.InsertRequest;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** How many calls of 10,000 rows are made and encoded in a second, by one thread. */
@State(Scope.Thread)
public class MergeBenchmark {

  private static final int ROWS_OF_CALL = 10_000;
  private static final RowFormat FORMAT =
      new RowFormat(
          CollectionSchema.newBuilder()
              .addFields(FieldSchema.newBuilder().setName("id").setIsPrimaryKey(true))
              .addFields(FieldSchema.newBuilder().setName("v"))
              .build());

  /** Of a message, with 128 floats each. */
  @Param({"1", "100", "5000"})
  public int rows;

  private List<LogMessage> messages = List.of();

  @Setup
  public void makeMessages() {
    messages =
        IntStream.range(0, ROWS_OF_CALL / rows)
            .mapToObj(i -> TestingInserts.message(i, rows, 128))
            .toList();
  }

  @Benchmark
  public RowBatch.Rows merge() {
    RowBatch batch = new RowBatch(FORMAT, TargetTuning.DEFAULT);
    for (LogMessage message : messages) {
      boolean unused = batch.add(message);
    }
    return batch.parts().get(0).rows("_default");
  }

  @Benchmark
  public ByteString mergeAndEncode() {
    RowBatch.Rows call = merge();
    return InsertRequest.newBuilder()
        .setCollectionName("benchmark")
        .setNumRows(call.count())
        .addAllFieldsData(call.columns())
        .build()
        .toByteString();
  }
}
