package io.milvus.cdc.server.tasks;

import io.milvus.cdc.log.ChannelPosition;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A source without collections that remembers what it was asked. */
public final class FakeSourceLog implements SourceLog {

  /** An address of such a source; nothing listens there. */
  public static final SourceCluster SOURCE =
      new SourceCluster(
          List.of("http://127.0.0.1:2379"),
          "by-dev",
          "meta",
          "pulsar://127.0.0.1:6650",
          "http://127.0.0.1:8080",
          "public",
          "default",
          "by-dev");

  /** What it throws, when it does. */
  public Optional<RuntimeException> trouble = Optional.empty();

  /** The starts that were asked for. */
  public final List<RequestedStarts> requested = new ArrayList<>();

  /** What it answers when positions are asked for. */
  public List<ChannelPosition> positions = List.of();

  /** What it answers when it is asked for how long it keeps messages. */
  public Optional<Duration> retention = Optional.empty();

  /** The times that positions were asked for. */
  public final List<Instant> asked = new ArrayList<>();

  @Override
  public StartPositions starts(
      SourceCluster source, Selection selection, RequestedStarts requestedStarts) {
    fail();
    requested.add(requestedStarts);
    return new StartPositions(Map.of());
  }

  @Override
  public List<ChannelPosition> positions(SourceCluster source, Selection selection, Instant until) {
    fail();
    asked.add(until);
    return positions;
  }

  @Override
  public Optional<Duration> retention(SourceCluster source) {
    fail();
    return retention;
  }

  private void fail() {
    trouble.ifPresent(
        e -> {
          throw e;
        });
  }
}
