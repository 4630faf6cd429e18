package io.milvus.cdc.catalog;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** Gives the one split to the first reader. */
final class CatalogEnumerator implements SplitEnumerator<CatalogSplit, CatalogEnumerator.State> {

  /** Whether a reader has the split; its reader keeps it in its own state then. */
  enum State {
    UNASSIGNED,
    ASSIGNED
  }

  private final SplitEnumeratorContext<CatalogSplit> context;
  private Optional<CatalogSplit> unassigned;

  CatalogEnumerator(SplitEnumeratorContext<CatalogSplit> context, State state) {
    this.context = context;
    this.unassigned =
        switch (state) {
          case UNASSIGNED -> Optional.of(new CatalogSplit(KnownObjects.none()));
          case ASSIGNED -> Optional.empty();
        };
  }

  @Override
  public void start() {}

  @Override
  public void handleSplitRequest(int subtask, String host) {}

  @Override
  public void addReader(int subtask) {
    if (unassigned.isPresent()) {
      context.assignSplit(unassigned.get(), subtask);
      unassigned = Optional.empty();
    }
  }

  @Override
  public void addSplitsBack(List<CatalogSplit> splits, int subtask) {
    if (!splits.isEmpty()) {
      unassigned = Optional.of(splits.get(0));
      context.registeredReaders().keySet().stream().findFirst().ifPresent(this::addReader);
    }
  }

  @Override
  public State snapshotState(long checkpointId) {
    return unassigned.isPresent() ? State.UNASSIGNED : State.ASSIGNED;
  }

  @Override
  public void close() {}

  /** Version 1: one byte, 1 when the split is assigned. */
  static final class StateSerializer implements SimpleVersionedSerializer<State> {

    static final int VERSION = 1;

    @Override
    public int getVersion() {
      return VERSION;
    }

    @Override
    public byte[] serialize(State state) {
      return new byte[] {
        switch (state) {
          case UNASSIGNED -> (byte) 0;
          case ASSIGNED -> (byte) 1;
        }
      };
    }

    @Override
    public State deserialize(int version, byte[] serialized) throws IOException {
      if (version != VERSION || serialized.length != 1) {
        throw new IOException(
            "the savepoint's catalog enumerator state has version "
                + version
                + ", this release reads version "
                + VERSION
                + ": use the release that wrote it, or a newer one");
      }
      return serialized[0] == 0 ? State.UNASSIGNED : State.ASSIGNED;
    }
  }
}
