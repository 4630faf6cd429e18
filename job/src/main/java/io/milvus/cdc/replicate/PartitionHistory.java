package io.milvus.cdc.replicate;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which partition of the source the target's partition of each name is the copy of.
 *
 * <p>Milvus (2.3 to 2.5) writes the drop of a partition into the log some time after it has dropped
 * it. A new partition of the same name may have rows in the log before that: the old one is to go
 * before the first of them, and the late drop must not take them. Ids tell the two apart.
 *
 * <p>Operations are to be asked about in their order. When they come again from an earlier time on
 * (for a collection that had been stopped), what was known of later ones is forgotten.
 */
final class PartitionHistory {

  private final Map<String, Held> held = new HashMap<>();

  /**
   * What was last handed out for a name.
   *
   * @param id of the source's partition
   * @param dropped whether it was its drop; rows otherwise
   * @param since TSO of the operation that made it so
   */
  record Held(long id, boolean dropped, long since) {}

  /** What is to be done with an operation. */
  enum Verdict {
    APPLY,
    /** The partition of that name is to be dropped first: it is an older one. */
    APPLY_AFTER_DROP,
    /** It is about a partition that is gone. */
    SKIP
  }

  /** Goes on from what {@link #held} said. */
  void restore(Map<String, Held> earlier) {
    held.putAll(earlier);
  }

  /** What is to be restored after a restart, by name. */
  Map<String, Held> held() {
    return Map.copyOf(held);
  }

  /** Forgets names that are not in use any more. */
  void retain(Set<String> names) {
    held.entrySet()
        .removeIf(entry -> entry.getValue().dropped() && !names.contains(entry.getKey()));
  }

  /** Rows of a partition are inserted or deleted. */
  Verdict rows(LogPartition partition, long timestamp) {
    Optional<Held> before = before(partition, timestamp);
    if (before.isPresent() && before.get().id() > partition.id()) {
      return Verdict.SKIP;
    }
    if (before.isPresent() && before.get().id() == partition.id()) {
      return before.get().dropped() ? Verdict.SKIP : Verdict.APPLY;
    }
    held.put(partition.name(), new Held(partition.id(), false, timestamp));
    return before.isEmpty() || before.get().dropped() ? Verdict.APPLY : Verdict.APPLY_AFTER_DROP;
  }

  /** A partition was dropped; every topic of the collection says so. */
  Verdict drop(LogPartition partition, long timestamp) {
    Optional<Held> before = before(partition, timestamp);
    boolean isGone =
        before.isPresent()
            && (before.get().id() > partition.id()
                || (before.get().id() == partition.id() && before.get().dropped()));
    if (isGone) {
      return Verdict.SKIP;
    }
    held.put(partition.name(), new Held(partition.id(), true, timestamp));
    return Verdict.APPLY;
  }

  private Optional<Held> before(LogPartition partition, long timestamp) {
    return Optional.ofNullable(held.get(partition.name()))
        .filter(known -> known.since() <= timestamp);
  }
}
