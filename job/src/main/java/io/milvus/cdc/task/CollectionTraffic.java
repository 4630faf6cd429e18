package io.milvus.cdc.task;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a job has written to the target since its last start, by collection: a bounded number of
 * collections by name, all others as one sum. What is written is counted where its collection stood
 * at that moment, so every count only grows as long as it is there.
 *
 * @param version layout of the document, {@link #VERSION}
 * @param collections those with the most bytes
 * @param others all others together
 */
public record CollectionTraffic(int version, List<OfCollection> collections, Counts others) {

  /** The layout written by this release. */
  public static final int VERSION = 1;

  private static final ObjectMapper MAPPER =
      SharedJvm.jsonMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  /**
   * What was written.
   *
   * @param rowsInserted rows inserted or upserted
   * @param rowsDeleted keys deleted
   * @param bytes payloads of the log's messages that held them
   */
  public record Counts(long rowsInserted, long rowsDeleted, long bytes) {

    /** Nothing. */
    public static final Counts NONE = new Counts(0, 0, 0);

    /** Both together. */
    public Counts plus(Counts more) {
      return new Counts(
          rowsInserted + more.rowsInserted, rowsDeleted + more.rowsDeleted, bytes + more.bytes);
    }
  }

  /**
   * What was written to one collection.
   *
   * @param database of the collection on the source
   * @param collection its name there
   * @param written since it has been among those that are named
   */
  public record OfCollection(String database, String collection, Counts written) {}

  public CollectionTraffic {
    collections = List.copyOf(collections);
    Objects.requireNonNull(others);
  }

  /** As this release writes it. */
  public CollectionTraffic(List<OfCollection> collections, Counts others) {
    this(VERSION, collections, others);
  }

  /** Reads what {@link #toJson} wrote; empty when it is not of a layout that is known. */
  public static Optional<CollectionTraffic> fromJson(String json) {
    try {
      return Optional.ofNullable(MAPPER.readValue(json, CollectionTraffic.class))
          .filter(traffic -> traffic.version() == VERSION);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /** As a JSON document of one line. */
  public String toJson() {
    try {
      return MAPPER.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Numbers and texts can be written", e);
    }
  }
}
