package io.milvus.cdc.compare;

import io.milvus.grpc.ConsistencyLevel;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.QueryRequest;
import io.milvus.grpc.QueryResults;
import java.util.List;
import java.util.Optional;

/** Reads the rows of a loaded collection in the order of their keys, a page at a time. */
final class RowReader {

  /** Rows of one page, where they are narrow. */
  private static final int MOST_ROWS = 1_000;

  /** Of the vectors of one page: many collections are read at the same time. */
  private static final long MOST_VECTOR_BYTES = 2L << 20;

  private final MilvusCluster cluster;
  private final String database;
  private final String collection;
  private final List<String> partitions;
  private final String primaryKey;
  private final List<String> fields;
  private final int pageSize;

  /**
   * A reader.
   *
   * @param partitions empty for all that are loaded
   */
  RowReader(
      MilvusCluster cluster,
      String database,
      String collection,
      DescribedCollection described,
      List<String> partitions) {
    this.cluster = cluster;
    this.database = database;
    this.collection = collection;
    this.partitions = partitions;
    this.primaryKey = described.primaryKey().getName();
    this.fields = List.copyOf(described.columns());
    long vectorBytes = 1;
    for (FieldSchema field : described.description().getSchema().getFieldsList()) {
      for (KeyValuePair parameter : field.getTypeParamsList()) {
        if (parameter.getKey().equals("dim")) {
          vectorBytes += 4 * Long.parseLong(parameter.getValue());
        }
      }
    }
    pageSize = (int) Math.max(1, Math.min(MOST_ROWS, MOST_VECTOR_BYTES / vectorBytes));
  }

  /** Waits until all that was acknowledged can be read; only then anything else is asked for. */
  void catchUp() {
    long unused = count(request().setConsistencyLevel(ConsistencyLevel.Strong));
  }

  /** How many rows there are; rows of the same key count each. */
  long count() {
    return count(known());
  }

  /** How many rows there are behind a key, up to and including another one. */
  long countBetween(Optional<Object> after, Object last) {
    return count(known().setExpr(behind(after) + " and " + primaryKey + " <= " + literal(last)));
  }

  /** How many rows have a key. */
  long countOf(Object key) {
    return count(known().setExpr(primaryKey + " == " + literal(key)));
  }

  /**
   * Rows behind a key, without a gap. Of rows with the same key one is shown. Empty only when there
   * is none.
   *
   * @param after empty for the first rows of all
   */
  RowPage firstBehind(Optional<Object> after) {
    QueryRequest.Builder request =
        known()
            .setExpr(behind(after))
            .addAllOutputFields(fields)
            .addQueryParams(parameter("limit", Integer.toString(pageSize)))
            // Milvus asks each segment for as many rows as the limit, and removes repeated keys
            // then. Where a segment has not told all, the page has to end.
            .addQueryParams(parameter("reduce_stop_for_best", "true"));
    return RowPage.of(primaryKey, query(request).getFieldsDataList());
  }

  private String behind(Optional<Object> key) {
    return key.map(last -> primaryKey + " > " + literal(last)).orElse(primaryKey + " not in []");
  }

  private static String literal(Object key) {
    return key instanceof String text
        ? "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\""
        : key.toString();
  }

  private QueryRequest.Builder request() {
    return QueryRequest.newBuilder()
        .setDbName(database)
        .setCollectionName(collection)
        .addAllPartitionNames(partitions);
  }

  /** Of what can be read already: nothing is waited for. */
  private QueryRequest.Builder known() {
    return request().setConsistencyLevel(ConsistencyLevel.Eventually).setGuaranteeTimestamp(1);
  }

  private long count(QueryRequest.Builder request) {
    return query(request.addOutputFields("count(*)"))
        .getFieldsData(0)
        .getScalars()
        .getLongData()
        .getData(0);
  }

  private QueryResults query(QueryRequest.Builder request) {
    return cluster.call(stub -> stub.query(request.build()), QueryResults::getStatus);
  }

  private static KeyValuePair parameter(String key, String value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(value).build();
  }
}
