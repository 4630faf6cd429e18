package io.milvus.cdc.replicate;

import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.TestingInserts;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * How many messages of a collection are put in order in a second, by one thread, while a backlog of
 * two shards is read: each shard's in their order, a hundred of one, then a hundred of the other,
 * and five seconds of them waiting.
 */
@State(Scope.Thread)
public class OrderBenchmark {

  private static final int MESSAGES = 50_000;
  private static final int RUN = 100;
  private static final int WAITING_MILLIS = 5_000;
  private static final int TICK_MILLIS = 200;

  private final List<LogMessage> messages = new ArrayList<>();

  @Setup
  public void makeMessages() {
    for (int run = 0; run < MESSAGES; run += 2 * RUN) {
      for (int shard = 0; shard < 2; shard++) {
        for (int i = 0; i < RUN; i++) {
          messages.add(TestingInserts.message(run + 2 * i + shard, 1, 1));
        }
      }
    }
  }

  @Benchmark
  @OperationsPerInvocation(MESSAGES)
  public void order(Blackhole out) {
    CollectionOrder order = new CollectionOrder();
    for (int i = 0; i < MESSAGES; i++) {
      order.add(messages.get(i));
      if (i % TICK_MILLIS == 0) {
        order.release(TestingInserts.timestamp(i - WAITING_MILLIS), out::consume);
      }
    }
    order.release(Long.MAX_VALUE, out::consume);
  }
}
