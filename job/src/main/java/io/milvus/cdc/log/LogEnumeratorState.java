package io.milvus.cdc.log;

import java.util.List;
import java.util.Set;

/**
 * What the enumerator has done with the topics it has found.
 *
 * @param assigned physical channels that readers hold; their positions are in the readers' state
 * @param pending topics that no reader holds yet
 */
public record LogEnumeratorState(Set<String> assigned, List<TopicSplit> pending) {

  public LogEnumeratorState {
    assigned = Set.copyOf(assigned);
    pending = List.copyOf(pending);
  }
}
