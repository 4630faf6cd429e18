package io.milvus.cdc.log;

import io.milvus.cdc.task.Position;

/** How far a topic was emitted. Until the first message that is exactly where it was restored. */
final class TopicSplitState {

  private TopicSplit split;

  TopicSplitState(TopicSplit split) {
    this.split = split;
  }

  /** All messages up to a place, that one included, were emitted. */
  void advance(Position position) {
    split = split.after(position);
  }

  TopicSplit split() {
    return split;
  }
}
