package io.milvus.cdc.log;

import io.milvus.cdc.task.Position;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.flink.api.connector.source.SourceSplit;

/**
 * One topic of the log, and from where it is still to be read.
 *
 * @param pchannel the physical channel (last part of the topic's name)
 * @param position where reading goes on; absent to read from the topic's first message
 * @param inclusive whether the message at {@code position} itself is still to be read; false when
 *     there is no position
 * @param revisit what of it is being read once more
 */
public record TopicSplit(
    String pchannel, Optional<Position> position, boolean inclusive, Revisit revisit)
    implements SourceSplit {

  /** A topic of which nothing is read twice. */
  TopicSplit(String pchannel, Optional<Position> position, boolean inclusive) {
    this(pchannel, position, inclusive, Revisit.NONE);
  }

  /** The same after everything up to a place, that one included, was read. */
  TopicSplit after(Position read) {
    return new TopicSplit(pchannel, Optional.of(read), false, revisit.after(read));
  }

  /** Whether a message was read: it is at or before the position, in the same batch or not. */
  boolean isRead(Position message) {
    if (position.isEmpty()) {
      return false;
    }
    Position last = position.get();
    if (!message.isSameEntry(last)) {
      return !message.isAfterEntry(last);
    }
    if (last.batchIndex() == Position.WHOLE_ENTRY) {
      return !inclusive;
    }
    return inclusive
        ? message.batchIndex() < last.batchIndex()
        : message.batchIndex() <= last.batchIndex();
  }

  TopicSplit with(Revisit other) {
    return new TopicSplit(pchannel, position, inclusive, other);
  }

  /** Whether it is one that collections are on: the one of clients' requests has no number. */
  boolean hasNumber() {
    return numberOf(pchannel).isPresent();
  }

  /** The number that a physical channel's name ends in. */
  static OptionalLong numberOf(String pchannel) {
    String number = pchannel.substring(pchannel.lastIndexOf('_') + 1);
    return number.matches("\\d{1,18}")
        ? OptionalLong.of(Long.parseLong(number))
        : OptionalLong.empty();
  }

  @Override
  public String splitId() {
    return pchannel;
  }
}
