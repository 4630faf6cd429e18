package io.milvus.cdc.task;

import io.milvus.cdc.task.StoppedCollection.FirstMessage;
import io.milvus.cdc.task.StoppedCollection.Name;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A message of the log that a task has left out for one collection, because it cannot be read or
 * the target refuses it for good, while the collection goes on. Kept in the task store, so that it
 * can be shown and put back.
 *
 * @param version layout of the document, {@link #VERSION}
 * @param collectionId the source's id of the collection
 * @param collection what it is, for people
 * @param name its database and name on the source; empty when the task never knew
 * @param pchannel the physical channel that holds the message
 * @param ledgerId ledger of its Pulsar message id
 * @param entryId entry of its Pulsar message id
 * @param timestamp TSO of its operation; 0 when it cannot be read
 * @param reason what is wrong with it, for people; no secret
 * @param since when it was left out first
 */
public record QuarantinedMessage(
    int version,
    long collectionId,
    String collection,
    Optional<Name> name,
    String pchannel,
    long ledgerId,
    long entryId,
    long timestamp,
    String reason,
    Instant since) {

  /** The layout written by this release. */
  public static final int VERSION = 1;

  /** The message's place, {@code <pchannel>:<ledger>:<entry>}. */
  public String position() {
    return pchannel + ":" + ledgerId + ":" + entryId;
  }

  /**
   * What lets the job's next start read a collection again from its first quarantined message on,
   * so that all of them are applied in their order, and what came after them once more.
   *
   * @param ofOneCollection its messages, at least one
   */
  public static StoppedCollection putBack(List<QuarantinedMessage> ofOneCollection, Instant now) {
    QuarantinedMessage any = ofOneCollection.get(0);
    Map<String, FirstMessage> topics = new TreeMap<>();
    for (QuarantinedMessage message : ofOneCollection) {
      topics.merge(
          message.pchannel(),
          new FirstMessage(message.ledgerId(), message.entryId()),
          FirstMessage::orEarlier);
    }
    return new StoppedCollection(
        StoppedCollection.VERSION,
        any.collectionId(),
        any.collection(),
        any.name(),
        "%d quarantined message(s) are put back: the collection is read again from the first one"
            .formatted(ofOneCollection.size()),
        now,
        UUID.randomUUID().toString(),
        ofOneCollection.stream().mapToLong(QuarantinedMessage::timestamp).min().orElse(0),
        topics,
        List.of());
  }
}
