package io.milvus.cdc.task;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A collection that a task does not replicate any further, while it goes on with all others. Kept
 * in the task store, so that it can be shown, and so that the next start of the job goes on with
 * the collection where it was stopped.
 *
 * @param version layout of the document, {@link #VERSION}
 * @param collectionId the source's id of the collection
 * @param collection what it is, for people
 * @param name its database and name on the source; empty when the task never knew
 * @param reason what happened and what to do, for people; no secret
 * @param since when it was stopped
 * @param stopId tells this stop from an earlier or later one of the same collection
 * @param fromTimestamp TSO: every operation of the collection before it is applied; 0 when that is
 *     not known of any
 * @param topics for each physical channel the first message that is not applied
 * @param unreadable the messages that cannot be read, when that is why it was stopped; not all of
 *     them when there are very many
 */
public record StoppedCollection(
    int version,
    long collectionId,
    String collection,
    Optional<Name> name,
    String reason,
    Instant since,
    String stopId,
    long fromTimestamp,
    Map<String, FirstMessage> topics,
    List<UnreadableMessage> unreadable) {

  /** The layout written by this release. Version 1 had one message at most that cannot be read. */
  public static final int VERSION = 2;

  /** So many messages that cannot be read are kept of one stop: a topic may be full of them. */
  public static final int MOST_UNREADABLE = 1_000;

  public StoppedCollection {
    topics = Map.copyOf(topics);
    unreadable = List.copyOf(unreadable);
  }

  /**
   * A message that cannot be read.
   *
   * @param pchannel the physical channel that holds it
   * @param ledgerId ledger of its Pulsar message id
   * @param entryId entry of its Pulsar message id
   * @param skip whether somebody has asked to go on without it
   */
  public record UnreadableMessage(String pchannel, long ledgerId, long entryId, boolean skip) {

    private boolean isSameAs(UnreadableMessage other) {
      return pchannel.equals(other.pchannel)
          && ledgerId == other.ledgerId
          && entryId == other.entryId;
    }
  }

  /** Names of a collection and its database. */
  public record Name(String database, String collection) {}

  /** The first message of a topic that was not applied. */
  public record FirstMessage(long ledgerId, long entryId) {

    /** Whichever comes first in the topic. */
    public FirstMessage orEarlier(FirstMessage other) {
      int order = Long.compare(ledgerId, other.ledgerId);
      if (order == 0) {
        order = Long.compare(entryId, other.entryId);
      }
      return order <= 0 ? this : other;
    }
  }

  /** This stop, and in addition all that an earlier one still has to go back for. */
  public StoppedCollection goingBackFor(StoppedCollection earlier) {
    Map<String, FirstMessage> merged = new TreeMap<>(topics);
    earlier.topics.forEach(
        (pchannel, first) -> merged.merge(pchannel, first, FirstMessage::orEarlier));
    long from =
        fromTimestamp == 0 || earlier.fromTimestamp == 0
            ? Math.max(fromTimestamp, earlier.fromTimestamp)
            : Math.min(fromTimestamp, earlier.fromTimestamp);
    List<UnreadableMessage> messages = new ArrayList<>(earlier.unreadable);
    for (UnreadableMessage message : unreadable) {
      if (messages.stream().noneMatch(message::isSameAs)) {
        messages.add(message);
      }
    }
    return with(from, merged, messages);
  }

  /** The same, to be gone on with without the messages that cannot be read. */
  public StoppedCollection skippingUnreadable() {
    return with(
        fromTimestamp,
        topics,
        unreadable.stream()
            .map(
                message ->
                    new UnreadableMessage(
                        message.pchannel(), message.ledgerId(), message.entryId(), true))
            .toList());
  }

  /** What is left when the messages of a topic were read again; empty when that was all. */
  public Optional<StoppedCollection> without(String pchannel) {
    Map<String, FirstMessage> rest = new TreeMap<>(topics);
    rest.remove(pchannel);
    return rest.isEmpty() ? Optional.empty() : Optional.of(with(fromTimestamp, rest, unreadable));
  }

  /** The same stop with other things to go back for. */
  private StoppedCollection with(
      long from, Map<String, FirstMessage> firstMessages, List<UnreadableMessage> messages) {
    return new StoppedCollection(
        VERSION,
        collectionId,
        collection,
        name,
        reason,
        since,
        stopId,
        from,
        firstMessages,
        messages);
  }
}
