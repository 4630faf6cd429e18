package io.milvus.cdc.log;

import io.milvus.cdc.event.LogMessageHeader.Kind;

/** What {@link MessageDecoder} finds in one payload of the log. */
sealed interface DecodedMessage {

  /**
   * An operation on a collection.
   *
   * @param kind what it does
   * @param collectionId the collection it belongs to
   * @param vchannel the virtual channel it names; empty for kinds that name none
   * @param timestamp TSO at which it takes place
   */
  record Operation(Kind kind, long collectionId, String vchannel, long timestamp)
      implements DecodedMessage {}

  /**
   * Nothing at or below this time is still to come on the topic.
   *
   * @param timestamp TSO
   */
  record Tick(long timestamp) implements DecodedMessage {}

  /**
   * A message that a replica has no use for.
   *
   * @param type number of its {@code common.MsgType}
   */
  record Skipped(int type) implements DecodedMessage {}
}
