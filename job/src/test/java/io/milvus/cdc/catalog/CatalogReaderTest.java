package io.milvus.cdc.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.event.SourceEvent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceOutput;
import org.junit.jupiter.api.Test;

class CatalogReaderTest {

  private final List<String> dropped = new ArrayList<>();
  private Optional<EventQueue> queue = Optional.empty();

  private final CatalogReader reader =
      new CatalogReader(
          (known, events) -> {
            queue = Optional.of(events);
            return new CatalogReader.Feed() {
              @Override
              public void run() {}

              @Override
              public void dropped(Collection<String> databases) {
                dropped.addAll(databases);
              }
            };
          });

  @Test
  void theEndOfADatabaseIsOverWithTheCheckpointAfterIt() throws Exception {
    reader.addSplits(List.of(new CatalogSplit(KnownObjects.none())));
    emit(new SourceEvent.DatabaseSeen("a"));
    emit(new SourceEvent.DatabaseGone("a"));
    assertThat(reader.snapshotState(1)).hasSize(1);
    emit(new SourceEvent.DatabaseGone("b"));
    reader.notifyCheckpointComplete(1);
    assertThat(dropped).containsExactly("a");

    assertThat(reader.snapshotState(2)).hasSize(1);
    assertThat(reader.snapshotState(3)).hasSize(1);
    reader.notifyCheckpointComplete(3);
    assertThat(dropped)
        .as("that of checkpoint 2, which did not complete")
        .containsExactly("a", "b");
    reader.close();
  }

  private void emit(SourceEvent event) throws InterruptedException {
    queue.orElseThrow().put(event);
    var unused = reader.pollNext(new Ignored());
  }

  private static final class Ignored implements ReaderOutput<SourceEvent> {
    @Override
    public void collect(SourceEvent event) {}

    @Override
    public void collect(SourceEvent event, long timestamp) {}

    @Override
    public void emitWatermark(Watermark watermark) {}

    @Override
    public void markIdle() {}

    @Override
    public void markActive() {}

    @Override
    public SourceOutput<SourceEvent> createOutputForSplit(String splitId) {
      return this;
    }

    @Override
    public void releaseOutputForSplit(String splitId) {}
  }
}
