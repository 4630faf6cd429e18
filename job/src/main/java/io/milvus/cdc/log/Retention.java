package io.milvus.cdc.log;

import com.google.protobuf.ByteString;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.Position;
import java.util.List;

/**
 * Decides whether a topic can be read from a position without a gap. Pulsar itself would silently
 * go on with the earliest message it has.
 */
final class Retention {

  private Retention() {}

  /** From where a topic is opened. */
  enum Start {
    /** The message at the position is there. */
    AT_POSITION,
    /** The position is gone, but nothing that matters went with it. */
    AT_FIRST_MESSAGE
  }

  /** Asks for start positions of live collections only when they matter. */
  @FunctionalInterface
  interface LiveStarts<E extends Exception> {
    /** Serialized message ids at which live collections of the topic begin. */
    List<ByteString> get() throws E;
  }

  /**
   * Decides for one topic.
   *
   * <p>A live collection gets a tick five times a second, so a topic that holds no message has had
   * no live collection for as long as messages are kept. And when each live collection begins at or
   * after the earliest message that is left, what is gone belonged to collections that are gone.
   *
   * @param topic its name, for the reason
   * @throws PermanentFailure when operations of live collections may be gone, or the topic is not
   *     the one that was read
   */
  static <E extends Exception> Start decide(
      String topic, Position position, TopicContents contents, LiveStarts<E> liveStarts) throws E {
    if (contents.holds(position)) {
      return Start.AT_POSITION;
    }
    if (contents.endsBefore(position)) {
      throw new PermanentFailure(
          "Position "
              + position
              + " of topic "
              + topic
              + " is behind the topic's end "
              + contents.latest().map(Position::toString).orElse("(it holds no message)")
              + ": the topic was deleted and created again. Create the task anew.");
    }
    if (contents.earliest().isEmpty()) {
      return Start.AT_FIRST_MESSAGE;
    }
    verifyNothingLost(topic, position, contents.earliest().get(), liveStarts);
    return Start.AT_FIRST_MESSAGE;
  }

  /**
   * Accepts a jump in what can be read when no live collection can have lost anything by it.
   *
   * @param topic its name, for the reason
   * @param position where reading stood
   * @param earliest the earliest message after it that is left
   * @throws PermanentFailure when operations of live collections may be gone
   */
  static <E extends Exception> void verifyNothingLost(
      String topic, Position position, Position earliest, LiveStarts<E> liveStarts) throws E {
    for (ByteString start : liveStarts.get()) {
      if (earliest.isAfterEntry(Position.of(start))) {
        throw new PermanentFailure(
            "Start position no longer retained: topic "
                + topic
                + ", position "
                + position
                + ", earliest available "
                + earliest
                + ". Operations in between are lost to this task: create it anew, and give the"
                + " source's Pulsar namespace a longer retention.");
      }
    }
  }
}
