package io.milvus.cdc.event;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.v1.CollectionState;
import java.util.List;

/** Something that was read from the source cluster: from its log or from its metadata. */
public sealed interface SourceEvent {

  /** A whole Milvus message of a collection, its payload untouched. */
  record LogMessage(LogMessageHeader header, ByteString payload) implements SourceEvent {}

  /**
   * Nothing at or below this time is still to come on a topic.
   *
   * @param pchannel the physical channel (last part of the topic's name)
   * @param timestamp TSO
   */
  record TimeTick(String pchannel, long timestamp) implements SourceEvent {}

  /**
   * A message of a topic cannot be read. Which collection it belongs to is not known: it may be any
   * that has a shard on the topic.
   *
   * @param pchannel the physical channel
   * @param ledgerId ledger of its Pulsar message id
   * @param entryId entry of its Pulsar message id
   * @param publishedMillis when it was published, milliseconds since the epoch on the broker's
   *     clock
   * @param reason what is wrong with it, for people
   */
  record UnreadableMessage(
      String pchannel, long ledgerId, long entryId, long publishedMillis, String reason)
      implements SourceEvent {}

  /**
   * A collection cannot be replicated any further: from here on nothing of it is applied.
   *
   * @param collectionId the collection
   * @param pchannel the physical channel that holds the reason, or {@link #NO_MESSAGE}
   * @param ledgerId ledger of the first message that is not applied
   * @param entryId entry of the first message that is not applied
   * @param reason what happened and what to do, for people
   * @param holdsBack whether the target lacks something from here on. Not so when the task was not
   *     asked to go on with it
   * @param isOneMessage whether the message at that place is all that is wrong, so that one could
   *     go on without it
   */
  record CollectionStopped(
      long collectionId,
      String pchannel,
      long ledgerId,
      long entryId,
      String reason,
      boolean holdsBack,
      boolean isOneMessage)
      implements SourceEvent {

    /** In place of a physical channel when the reason is not in the log. */
    public static final String NO_MESSAGE = "";

    /** Of one that is stopped by one message of the log that cannot be read. */
    public static CollectionStopped at(
        long collectionId, String pchannel, long ledgerId, long entryId, String reason) {
      return new CollectionStopped(collectionId, pchannel, ledgerId, entryId, reason, true, true);
    }

    /** Of one that lacks, from a message on, what the log does not hold any more. */
    public static CollectionStopped lost(
        long collectionId, String pchannel, long ledgerId, long entryId, String reason) {
      return new CollectionStopped(collectionId, pchannel, ledgerId, entryId, reason, true, false);
    }

    /** Of one that is stopped by something that is not in the log. */
    public static CollectionStopped byMetadata(
        long collectionId, String reason, boolean holdsBack) {
      return new CollectionStopped(collectionId, NO_MESSAGE, 0, 0, reason, holdsBack, false);
    }
  }

  /**
   * A client asked for all that was written to some collections to be sealed. Which collections
   * these are only their names tell.
   *
   * @param pchannel the topic that it was read from (last part of its name)
   * @param ledgerId ledger of its Pulsar message id
   * @param entryId entry of its Pulsar message id
   * @param database name of the collections' database
   * @param collections their names at that time
   * @param timestamp TSO: what is written later is not meant
   */
  record FlushRequested(
      String pchannel,
      long ledgerId,
      long entryId,
      String database,
      List<String> collections,
      long timestamp)
      implements SourceEvent {

    public FlushRequested {
      collections = List.copyOf(collections);
    }
  }

  /** A collection exists and looks like this. */
  record CollectionSeen(CollectionState state) implements SourceEvent {}

  /**
   * A collection does not exist any more.
   *
   * @param collectionId its id
   * @param wasFollowed whether the task is known to have followed it: its copy is dropped wherever
   *     it is. Otherwise a copy may be another task's, and is dropped only where the task writes to
   */
  record CollectionGone(long collectionId, boolean wasFollowed) implements SourceEvent {

    /** Of a collection that was followed. */
    public CollectionGone(long collectionId) {
      this(collectionId, true);
    }
  }

  /**
   * A collection exists that the task does not follow: it is not selected, or was not when it came.
   *
   * @param collectionId its id
   * @param reason why not, for people; empty where nobody would expect it to be followed
   * @param isSelected whether it has a name that the task selects, so that the target lacks it
   */
  record CollectionOutside(long collectionId, String reason, boolean isSelected)
      implements SourceEvent {}

  /**
   * A database of this name exists and is selected. It may hold no collection.
   *
   * @param name the database's name
   */
  record DatabaseSeen(String name) implements SourceEvent {}

  /** No database of this name exists any more. */
  record DatabaseGone(String name) implements SourceEvent {}

  /**
   * All changes of the metadata up to a moment have been emitted before this event.
   *
   * @param epochMillis that moment, on the clock of the machine that watches the metadata
   */
  record CatalogProgress(long epochMillis) implements SourceEvent {}

  /**
   * Everything that happened on the source up to a moment has been handed over before this event,
   * in order, as far as one subtask is concerned.
   *
   * @param epochMillis that moment, on the source's clock
   */
  record ReplicatedUntil(long epochMillis) implements SourceEvent {}

  /**
   * An event for one subtask of the next operator, where every subtask must get its own copy.
   *
   * @param receiver index of that subtask
   * @param event what it gets
   */
  record Addressed(int receiver, SourceEvent event) implements SourceEvent {}
}
