package io.milvus.cdc.log;

import io.milvus.cdc.event.LogMessageHeader.Kind;
import java.util.List;

/** What {@link MessageDecoder} finds in one payload of the log. */
sealed interface DecodedMessage {

  /**
   * An operation on a collection.
   *
   * @param kind what it does
   * @param collectionId the collection it belongs to
   * @param vchannel the virtual channel it names; empty for kinds that name none
   * @param timestamp TSO at which it takes place
   * @param rows how many it inserts, or keys it deletes; 0 for other kinds
   */
  record Operation(Kind kind, long collectionId, String vchannel, long timestamp, long rows)
      implements DecodedMessage {}

  /**
   * Nothing at or below this time is still to come on the topic.
   *
   * @param timestamp TSO
   */
  record Tick(long timestamp) implements DecodedMessage {}

  /**
   * What was written to some collections is to be sealed.
   *
   * @param database name of their database
   * @param collections their names
   * @param timestamp TSO at which it was asked for
   */
  record Flush(String database, List<String> collections, long timestamp)
      implements DecodedMessage {

    public Flush {
      collections = List.copyOf(collections);
    }
  }

  /** An operation that the source's metadata tells of as well, with more detail. */
  record InMetadata() implements DecodedMessage {}

  /**
   * A message that a replica has no use for.
   *
   * @param type number of its {@code common.MsgType}
   */
  record Skipped(int type) implements DecodedMessage {}
}
