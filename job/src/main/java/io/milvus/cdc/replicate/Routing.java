package io.milvus.cdc.replicate;

import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.Addressed;
import io.milvus.cdc.event.SourceEvent.CatalogProgress;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionOutside;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.CollectionStopped;
import io.milvus.cdc.event.SourceEvent.DatabaseGone;
import io.milvus.cdc.event.SourceEvent.DatabaseSeen;
import io.milvus.cdc.event.SourceEvent.FlushRequested;
import io.milvus.cdc.event.SourceEvent.LogMessage;
import io.milvus.cdc.event.SourceEvent.ReplicatedUntil;
import io.milvus.cdc.event.SourceEvent.TimeTick;
import io.milvus.cdc.event.SourceEvent.UnreadableMessage;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.functions.Partitioner;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.util.Collector;

/**
 * Which subtask gets an event: all events of a collection go to one, chosen by the collection's id;
 * ticks and progress go to every one, over the same connections as the messages, so that a tick
 * never overtakes a message that it closes. So do databases: each subtask may have collections in
 * them.
 */
final class Routing {

  private Routing() {}

  /** The subtask, out of {@code parallelism}, that a collection belongs to. */
  static int subtaskOf(long collectionId, int parallelism) {
    // Ids of collections are hybrid timestamps whose low bits are often alike: mix them.
    long mixed = (collectionId ^ (collectionId >>> 32)) * 0x9E3779B97F4A7C15L;
    return (int) Long.remainderUnsigned(mixed >>> 16, parallelism);
  }

  /** Makes a copy for every subtask of what every subtask must get. */
  static final class FanOut implements FlatMapFunction<SourceEvent, SourceEvent> {

    private static final long serialVersionUID = 1L;

    private final int parallelism;

    FanOut(int parallelism) {
      this.parallelism = parallelism;
    }

    @Override
    public void flatMap(SourceEvent event, Collector<SourceEvent> out) {
      if (event instanceof TimeTick
          || event instanceof CatalogProgress
          || event instanceof DatabaseSeen
          || event instanceof DatabaseGone
          || event instanceof FlushRequested
          || event instanceof UnreadableMessage) {
        for (int receiver = 0; receiver < parallelism; receiver++) {
          out.collect(new Addressed(receiver, event));
        }
      } else {
        out.collect(event);
      }
    }
  }

  /** Reads off an event what {@link ToSubtask} decides by. */
  static final class Key implements KeySelector<SourceEvent, Integer> {

    private static final long serialVersionUID = 1L;

    private final int parallelism;

    Key(int parallelism) {
      this.parallelism = parallelism;
    }

    @Override
    public Integer getKey(SourceEvent event) {
      if (event instanceof LogMessage message) {
        return subtaskOf(message.header().collectionId(), parallelism);
      } else if (event instanceof CollectionSeen seen) {
        return subtaskOf(seen.state().getId(), parallelism);
      } else if (event instanceof CollectionGone gone) {
        return subtaskOf(gone.collectionId(), parallelism);
      } else if (event instanceof CollectionOutside outside) {
        return subtaskOf(outside.collectionId(), parallelism);
      } else if (event instanceof CollectionStopped stopped) {
        return subtaskOf(stopped.collectionId(), parallelism);
      } else if (event instanceof Addressed addressed) {
        return addressed.receiver();
      } else if (event instanceof TimeTick
          || event instanceof CatalogProgress
          || event instanceof DatabaseSeen
          || event instanceof DatabaseGone
          || event instanceof FlushRequested
          || event instanceof UnreadableMessage
          || event instanceof ReplicatedUntil) {
        throw new IllegalArgumentException("meant for every subtask, yet not addressed: " + event);
      }
      throw new IllegalStateException("an event of an unknown kind: " + event.getClass());
    }
  }

  /** Takes the key as the subtask's index. */
  static final class ToSubtask implements Partitioner<Integer> {

    private static final long serialVersionUID = 1L;

    @Override
    public int partition(Integer subtask, int parallelism) {
      return subtask;
    }
  }
}
