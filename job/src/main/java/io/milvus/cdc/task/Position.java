package io.milvus.cdc.task;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.HexFormat;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.MessageIdAdv;

/**
 * A place in a topic.
 *
 * @param ledgerId ledger part of a Pulsar message id
 * @param entryId entry part of a Pulsar message id
 * @param batchIndex which message of a batched entry, or {@link #WHOLE_ENTRY}; Milvus' own messages
 *     are never batched
 */
public record Position(long ledgerId, long entryId, int batchIndex) {

  /** The entry is one message, or all messages of its batch are meant. */
  public static final int WHOLE_ENTRY = -1;

  /** Before every message of a topic. */
  public static final Position BEFORE_ALL = new Position(-1, -1, WHOLE_ENTRY);

  /** The place of an unbatched message. */
  public static Position of(long ledgerId, long entryId) {
    return new Position(ledgerId, entryId, WHOLE_ENTRY);
  }

  /**
   * The place of a message. Pulsar's Go client, which Milvus uses, says "batch index 0" and no
   * batch size for an unbatched message where the Java client says -1; both mean the whole entry.
   */
  public static Position of(MessageId messageId) {
    MessageIdAdv id = (MessageIdAdv) messageId;
    return new Position(
        id.getLedgerId(),
        id.getEntryId(),
        id.getBatchSize() > 1 ? id.getBatchIndex() : WHOLE_ENTRY);
  }

  /**
   * Reads a serialized Pulsar {@code MessageIdData}.
   *
   * @throws IllegalArgumentException when the bytes are not a message id
   */
  public static Position of(ByteString messageIdData) {
    try {
      return of(MessageId.fromByteArray(messageIdData.toByteArray()));
    } catch (IOException | RuntimeException e) {
      throw new IllegalArgumentException(
          "Not a Pulsar message id: " + HexFormat.of().formatHex(messageIdData.toByteArray()), e);
    }
  }

  /** Whether this entry comes after another one; says nothing about places inside one batch. */
  public boolean isAfterEntry(Position other) {
    return ledgerId != other.ledgerId ? ledgerId > other.ledgerId : entryId > other.entryId;
  }

  /** Whether both name the same entry. */
  public boolean isSameEntry(Position other) {
    return ledgerId == other.ledgerId && entryId == other.entryId;
  }

  /** {@code ledger:entry}, as Pulsar's own tools write it. */
  @Override
  public String toString() {
    return ledgerId + ":" + entryId + (batchIndex == WHOLE_ENTRY ? "" : ":" + batchIndex);
  }
}
