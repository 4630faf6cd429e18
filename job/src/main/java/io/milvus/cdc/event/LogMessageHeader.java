package io.milvus.cdc.event;

/**
 * What has to be known of a log message to route and to order it.
 *
 * @param kind what the message does
 * @param pchannel the physical channel it was read from (last part of the topic's name)
 * @param ledgerId ledger part of its Pulsar message id
 * @param entryId entry part of its Pulsar message id
 * @param collectionId the collection it belongs to
 * @param vchannel the virtual channel (shard) it names; empty for kinds that name none
 * @param timestamp TSO at which the operation takes place. For an insert or delete that of its rows
 *     (the header of an upsert's insert carries 0)
 * @param maybeApplied whether it may have been applied before: the topic held it already when the
 *     reader was opened
 */
public record LogMessageHeader(
    Kind kind,
    String pchannel,
    long ledgerId,
    long entryId,
    long collectionId,
    String vchannel,
    long timestamp,
    boolean maybeApplied) {

  /** The kinds of messages that belong to one collection. */
  public enum Kind {
    INSERT,
    DELETE,
    CREATE_COLLECTION,
    DROP_COLLECTION,
    CREATE_PARTITION,
    DROP_PARTITION,
    /** A client asked for what was written to be sealed; made of a {@code FlushRequested}. */
    FLUSH
  }

  /** Topic and message id, for messages to people. */
  public String position() {
    return pchannel + " message " + ledgerId + ":" + entryId;
  }

  /** The same header, marked as possibly applied before. */
  public LogMessageHeader asMaybeApplied() {
    return maybeApplied
        ? this
        : new LogMessageHeader(
            kind, pchannel, ledgerId, entryId, collectionId, vchannel, timestamp, true);
  }
}
