package io.milvus.cdc.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
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
 * has no ticks. Yet it may have something that does not come, or not be open: so it is waited for
 * again when much has been read of the others, until it has something or its broker {@linkplain
 * #answered says} that it has not.
 *
 * <p>Knows neither Flink nor Pulsar, nor the clock: moments are {@link System#nanoTime}. Not for
 * several threads at once.
 */
final class ReadingOrder<T> {

  private static final long UNKNOWN = Long.MIN_VALUE;

  private final long mostAheadMillis;
  private final long silenceNanos;
  private final long mostAheadBytes;
  private final Map<T, Place> places = new HashMap<>();
  private long turns;

  /** Of all topics, since the beginning. */
  private long bytesRead;

  /** Of all topics that carry collections. */
  private long latestMillis = UNKNOWN;

  /** Where one topic is. */
  private static final class Place {
    long millis = UNKNOWN;
    boolean isReady;
    boolean isPaused;
    boolean isAtEnd;
    boolean isOpen;
    final boolean carriesCollections;

    /** Whether it has told up to which time it is complete. */
    boolean ticks;

    /** Of those that are equally far, the one that waits longest. */
    long turn;

    /** Since when it has nothing. */
    long since;

    /** When it came to have nothing, or its broker was last to be asked whether that is so. */
    long askedAt;

    /** Whether there is no answer to that yet. */
    boolean isAsked;

    /** What had been read of all topics when it last was about as far as they, or had no more. */
    long bytesBefore;

    Place(boolean carriesCollections) {
      this.carriesCollections = carriesCollections;
    }

    void isSilentFrom(long now) {
      since = now;
      askedAt = now;
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
   * @param mostAheadBytes of the others, and it is waited for again
   */
  ReadingOrder(Duration mostAhead, Duration silence, long mostAheadBytes) {
    this.mostAheadMillis = mostAhead.toMillis();
    this.silenceNanos = silence.toNanos();
    this.mostAheadBytes = mostAheadBytes;
  }

  /**
   * A topic that is not open and has nothing yet.
   *
   * @param carriesCollections whether what is read of others may wait for it
   */
  void add(T topic, boolean carriesCollections, long now) {
    Place place = new Place(carriesCollections);
    place.isSilentFrom(now);
    place.bytesBefore = bytesRead;
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
    place.isSilentFrom(now);
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
    taken.isSilentFrom(now);
    return Optional.of(first.get().getKey());
  }

  /**
   * How long it takes until another topic is not waited for any more, or its broker is {@linkplain
   * #toAsk to be asked}, nanoseconds.
   *
   * @return empty when none is ready, so that there is nothing to wait for, and when all that are
   *     waited for are to be opened first
   */
  OptionalLong untilNextSilence(long now) {
    if (!isAnyReady()) {
      return OptionalLong.empty();
    }
    return places.values().stream()
        .filter(place -> isWaitedFor(place, now))
        .filter(place -> isYoung(place, now) || (place.isOpen && !place.isAsked))
        .mapToLong(place -> silenceNanos - (now - place.askedAt))
        .min();
  }

  private boolean isAnyReady() {
    return places.values().stream().anyMatch(place -> place.isReady && !place.isPaused);
  }

  private boolean isWaitedFor(Place place, long now) {
    boolean mayTick = place.ticks || !place.isAtEnd;
    return !place.isReady
        && !place.isPaused
        && ((mayTick && isYoung(place, now)) || isFarBehind(place));
  }

  private boolean isYoung(Place place, long now) {
    return now - place.since < silenceNanos;
  }

  private boolean isFarBehind(Place place) {
    return place.carriesCollections && bytesRead - place.bytesBefore >= mostAheadBytes;
  }

  /**
   * Whether a topic has nothing more is to be asked.
   *
   * @param silentSince of the topic
   */
  record Question<T>(T topic, long silentSince) {}

  /**
   * Those that have been silent for longer than they are waited for, and hold up the others all the
   * same. Each is to be asked now, and is not named again before it is {@link #answered}.
   */
  List<Question<T>> toAsk(long now) {
    List<Question<T>> questions = new ArrayList<>();
    if (isAnyReady()) {
      places.forEach(
          (topic, place) -> {
            if (place.isOpen
                && !place.isAsked
                && isWaitedFor(place, now)
                && now - place.askedAt >= silenceNanos) {
              place.askedAt = now;
              place.isAsked = true;
              questions.add(new Question<>(topic, place.since));
            }
          });
    }
    return questions;
  }

  /**
   * Whether all that a topic has was read, when its broker says so: then it is not waited for until
   * as much has been read of the others again. Otherwise it is asked again after a silence. When
   * something has come since, the answer is of no use.
   */
  void answered(Question<T> question, boolean isExhausted) {
    Place place = places.get(question.topic());
    place.isAsked = false;
    if (isExhausted && !place.isReady && place.since == question.silentSince()) {
      place.bytesBefore = bytesRead;
      place.askedAt -= silenceNanos; // The next time without a wait.
    }
  }

  /**
   * What was read of a topic.
   *
   * @param bytes how much memory it takes downstream while it waits for others
   * @param millis the latest time in it, since the epoch; 0 or less when it has none
   * @param ticks whether a tick was in it
   * @param isAtEnd whether all was read that the topic held when it was opened. A topic that has
   *     had no tick even then is not waited for: it carries no live collection, or is the one of
   *     clients' requests, and when something comes it is of that moment
   */
  void read(T topic, long bytes, long millis, boolean ticks, boolean isAtEnd) {
    Place place = places.get(topic);
    place.isAtEnd = isAtEnd;
    place.ticks |= ticks;
    if (millis > 0) {
      place.millis = Math.max(place.millis, millis);
    }
    if (place.carriesCollections) {
      latestMillis = Math.max(latestMillis, place.millis);
    }
    bytesRead += bytes;
    // As far as topics are from each other after a turn of one of them.
    if (place.millis + 2 * mostAheadMillis >= latestMillis) {
      place.bytesBefore = bytesRead;
    }
  }
}
