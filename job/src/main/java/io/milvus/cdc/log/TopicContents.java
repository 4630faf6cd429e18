package io.milvus.cdc.log;

import io.milvus.cdc.task.Position;
import java.util.List;
import java.util.Optional;

/**
 * What a topic holds at one moment.
 *
 * @param ledgers its ledgers from the oldest that is retained to the one that is written now
 */
record TopicContents(List<Ledger> ledgers) {

  TopicContents {
    ledgers = List.copyOf(ledgers);
  }

  /**
   * A run of messages of a topic.
   *
   * @param id ledger part of the messages' ids
   * @param entries how many entries it holds; their ids count up from 0
   * @param bytes how large it is
   */
  record Ledger(long id, long entries, long bytes) {}

  /** The oldest message, or empty when the topic holds none. */
  Optional<Position> earliest() {
    return ledgers.stream()
        .filter(ledger -> ledger.entries() > 0)
        .findFirst()
        .map(ledger -> Position.of(ledger.id(), 0));
  }

  /** The newest message, or empty when the topic holds none. */
  Optional<Position> latest() {
    return ledgers.stream()
        .filter(ledger -> ledger.entries() > 0)
        .reduce((older, newer) -> newer)
        .map(ledger -> Position.of(ledger.id(), ledger.entries() - 1));
  }

  /** Whether nothing was ever published between two messages; false when that cannot be seen. */
  boolean areNeighbours(Position earlier, Position later) {
    boolean earlierIsLastOfItsLedger =
        ledgers.stream()
            .anyMatch(
                ledger ->
                    ledger.id() == earlier.ledgerId() && ledger.entries() == earlier.entryId() + 1);
    boolean nothingBetween =
        ledgers.stream()
            .noneMatch(
                ledger ->
                    ledger.id() > earlier.ledgerId()
                        && ledger.id() < later.ledgerId()
                        && ledger.entries() > 0);
    return earlierIsLastOfItsLedger && nothingBetween && later.entryId() == 0;
  }

  /**
   * How large messages are in that ledger, from a position on, in which they are largest; 1 when
   * there are none.
   */
  long bytesPerMessageFrom(Optional<Position> position) {
    long first = position.map(Position::ledgerId).orElse(Long.MIN_VALUE);
    return ledgers.stream()
        .filter(ledger -> ledger.id() >= first && ledger.entries() > 0)
        .mapToLong(ledger -> ledger.bytes() / ledger.entries())
        .reduce(1, Math::max);
  }

  /** Whether the message at a position is still there. */
  boolean holds(Position position) {
    return ledgers.stream()
        .anyMatch(
            ledger -> ledger.id() == position.ledgerId() && position.entryId() < ledger.entries());
  }

  /** Whether the topic never came as far as a position: it is not the topic that was read. */
  boolean endsBefore(Position position) {
    if (ledgers.isEmpty()) {
      return true;
    }
    Ledger last = ledgers.get(ledgers.size() - 1);
    return position.isAfterEntry(Position.of(last.id(), last.entries() - 1))
        && latest().map(position::isAfterEntry).orElse(position.ledgerId() > last.id());
  }
}
