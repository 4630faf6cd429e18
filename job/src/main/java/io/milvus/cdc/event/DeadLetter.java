package io.milvus.cdc.event;

import com.google.protobuf.ByteString;
import java.util.Optional;

/**
 * A message of the log that is not applied, for people who want to see it.
 *
 * @param pchannel the physical channel that holds it
 * @param ledgerId ledger of its Pulsar message id
 * @param entryId entry of its Pulsar message id
 * @param payload the message as Milvus wrote it; empty when it has to be read once more
 * @param collectionId the source's id of the collection that it was for, or may have been for
 * @param collection what that is, for people
 * @param error what is wrong with it, for people
 */
public record DeadLetter(
    String pchannel,
    long ledgerId,
    long entryId,
    Optional<ByteString> payload,
    long collectionId,
    String collection,
    String error) {}
