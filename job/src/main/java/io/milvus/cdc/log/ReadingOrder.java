package io.milvus.cdc.log;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Which of several topics is read next: of those that have something, the one that is known least
 * far in the log's time, so that what waits for order downstream stays small while a backlog is
 * read, however fast that is.
 *
 * <p>A topic that has nothing at the moment is waited for when the others are a limit ahead of it:
 * it may only be slow. That ends with its silence, for it may carry no live collection, and then
 * has no ticks. While it is not open nobody knows what it has, so it is waited for until it is.
 *
 * <p>Knows neither Flink nor Pulsar, nor the clock: moments are {@link System#nanoTime}. Not for
 * several threads at once.
 */
final class ReadingOrder<T> {

  private static final long UNKNOWN = Long.MIN_VALUE;

  private final long mostAheadMillis;
  private final long silenceNanos;
  private final Map<T, Place> places = new HashMap<>();
  private long turns;

  /** Where one topic is. */
  private static final class Place {
    long millis = UNKNOWN;
    boolean isReady;
    boolean isPaused;
    boolean isAtEnd;
    boolean isOpen;
    final boolean mayWaitToOpen;

    /** Whether it has told up to which time it is complete. */
    boolean ticks;

    /** Of those that are equally far, the one that waits longest. */
    long turn;

    /** Since when it has nothing. */
    long since;

    Place(boolean mayWaitToOpen) {
      this.mayWaitToOpen = mayWaitToOpen;
    }

    boolean isToBeOpened() {
      return !isOpen && mayWaitToOpen;
    }

    boolean isBefore(Place other) {
      return millis < other.millis || (millis == other.millis && turn < other.turn);
    }
  }

  /**
   * An order without topics.
   *
   * @param mostAhead how far a topic may be ahead of one that has nothing at the moment
   * @param silence how long one that has nothing is waited for
   */
  ReadingOrder(Duration mostAhead, Duration silence) {
    this.mostAheadMillis = mostAhead.toMillis();
    this.silenceNanos = silence.toNanos();
  }

  /**
   * A topic that is not open and has nothing yet.
   *
   * @param isWaitedForUntilOpen whether it holds up the others however long that takes
   */
  void add(T topic, boolean isWaitedForUntilOpen, long now) {
    Place place = new Place(isWaitedForUntilOpen);
    place.since = now;
    places.put(topic, place);
  }

  /** A topic has to be opened again before anything comes from it. */
  void closed(T topic) {
    places.get(topic).isOpen = false;
  }

  /** A topic is open: what it has will come. */
  void opened(T topic, long now) {
    Place place = places.get(topic);
    place.isOpen = true;
    place.since = now;
  }

  /** A topic has something. */
  void ready(T topic) {
    Place place = places.get(topic);
    place.isReady = true;
    place.turn = turns++;
  }

  /** A topic is not to be read, and nobody waits for it. */
  void pause(T topic, boolean isPaused) {
    places.get(topic).isPaused = isPaused;
  }

  /**
   * Takes a topic, which has nothing from then on until it is said to be {@link #ready} again.
   *
   * @return empty when none has anything, or is to wait
   */
  Optional<T> take(long now) {
    long slowest = Long.MAX_VALUE - mostAheadMillis;
    Optional<Map.Entry<T, Place>> first = Optional.empty();
    for (Map.Entry<T, Place> one : places.entrySet()) {
      Place place = one.getValue();
      if (isWaitedFor(place, now)) {
        slowest = Math.min(slowest, place.millis);
      } else if (place.isReady
          && !place.isPaused
          && (first.isEmpty() || place.isBefore(first.get().getValue()))) {
        first = Optional.of(one);
      }
    }
    if (first.isEmpty() || first.get().getValue().millis > slowest + mostAheadMillis) {
      return Optional.empty();
    }
    Place taken = first.get().getValue();
    taken.isReady = false;
    taken.since = now;
    return Optional.of(first.get().getKey());
  }

  /**
   * How long it takes until another topic is not waited for any more, nanoseconds.
   *
   * @return empty when none is ready, so that there is nothing to wait for, and when all that are
   *     waited for are to be opened first
   */
  OptionalLong untilNextSilence(long now) {
    if (places.values().stream().noneMatch(place -> place.isReady && !place.isPaused)) {
      return OptionalLong.empty();
    }
    return places.values().stream()
        .filter(place -> isWaitedFor(place, now) && !place.isToBeOpened())
        .mapToLong(place -> silenceNanos - (now - place.since))
        .min();
  }

  private boolean isWaitedFor(Place place, long now) {
    return !place.isReady
        && !place.isPaused
        && !(place.isAtEnd && !place.ticks)
        && (place.isToBeOpened() || now - place.since < silenceNanos);
  }

  /**
   * What was read of a topic.
   *
   * @param millis the latest time in it, since the epoch; 0 or less when it has none
   * @param ticks whether a tick was in it
   * @param isAtEnd whether all was read that the topic held when it was opened. A topic that has
   *     had no tick even then is not waited for: it carries no live collection, or is the one of
   *     clients' requests, and when something comes it is of that moment
   */
  void read(T topic, long millis, boolean ticks, boolean isAtEnd) {
    Place place = places.get(topic);
    place.isAtEnd = isAtEnd;
    place.ticks |= ticks;
    if (millis > 0) {
      place.millis = Math.max(place.millis, millis);
    }
  }
}
