package io.milvus.cdc.log;

import io.milvus.cdc.task.RequestedStarts;
import java.io.IOException;
import java.time.Instant;
import java.util.Base64;
import milvus.proto.msg.Msg.MsgPosition;
import org.apache.pulsar.client.api.MessageId;

/**
 * A place from which a virtual channel can be read on, in the form that Milvus' tools hand over:
 * the base64 text of a serialized {@code milvus.proto.msg.MsgPosition}.
 *
 * @param database the collection's database on the source
 * @param collection the collection's name on the source
 * @param vchannel the virtual channel
 * @param place from which message on it is read, and up to which time nothing is applied
 */
public record ChannelPosition(
    String database, String collection, String vchannel, RequestedStarts.Place place) {

  private static final int LOGICAL_BITS = 18;

  /** The time of its TSO. */
  public Instant time() {
    return Instant.ofEpochMilli(place.timestamp() >>> LOGICAL_BITS);
  }

  /** The TSO of a time. */
  static long timestamp(Instant time) {
    return time.toEpochMilli() << LOGICAL_BITS;
  }

  /** The text for it. */
  public String encoded() {
    return Base64.getEncoder()
        .encodeToString(
            MsgPosition.newBuilder()
                .setChannelName(vchannel)
                .setMsgID(place.messageId())
                .setTimestamp(place.timestamp())
                .build()
                .toByteArray());
  }

  /**
   * Reads the text of a position.
   *
   * @param vchannel the channel that it is given for
   * @throws UnusableStartException when it is no position, or one of another channel
   */
  public static RequestedStarts.Place decode(String vchannel, String encoded) {
    MsgPosition position;
    try {
      position = MsgPosition.parseFrom(Base64.getDecoder().decode(encoded));
      MessageId unused = MessageId.fromByteArray(position.getMsgID().toByteArray());
    } catch (IOException | RuntimeException e) {
      throw unreadable(vchannel);
    }
    // Milvus names the virtual or the physical channel, whose name the virtual one begins with.
    if (!vchannel.startsWith(position.getChannelName())) {
      throw new UnusableStartException(
          "the position for channel "
              + vchannel
              + " is one of channel "
              + position.getChannelName()
              + "; give each channel its own");
    }
    return new RequestedStarts.Place(position.getMsgID(), position.getTimestamp());
  }

  private static UnusableStartException unreadable(String vchannel) {
    return new UnusableStartException(
        "the position for channel "
            + vchannel
            + " is not the base64 text of a MsgPosition with a Pulsar message id; give it as the"
            + " backup or the position request has told it");
  }
}
