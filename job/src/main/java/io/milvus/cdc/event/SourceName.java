package io.milvus.cdc.event;

import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.task.Selection.Name;

/** What the source calls a collection, when the target calls it something else. */
public final class SourceName {

  private SourceName() {}

  /** A collection's place on the source. */
  public static Name of(CollectionState state) {
    return state.getSourceName().isEmpty()
        ? new Name(state.getDatabase(), state.getName())
        : new Name(state.getSourceDatabase(), state.getSourceName());
  }

  /** The same collection at its place on the target. */
  public static CollectionState onTarget(CollectionState state, Name target) {
    Name source = of(state);
    if (target.equals(source)) {
      return state;
    }
    return state.toBuilder()
        .setDatabase(target.database())
        .setName(target.collection())
        .setSourceDatabase(source.database())
        .setSourceName(source.collection())
        .build();
  }
}
