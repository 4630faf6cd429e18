package io.milvus.cdc.compare;

import io.milvus.grpc.ConsistencyLevel;
import io.milvus.grpc.DescribeCollectionRequest;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.QueryRequest;
import io.milvus.grpc.QueryResults;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Reads the rows of a loaded collection in the order of their keys, a page at a time. */
final class RowReader {

  /** The most that Milvus answers to one query. */
  private static final int MOST_ROWS = 16_384;

  private final MilvusCluster cluster;
  private final String database;
  private final String collection;
  private final int pageSize;
  private final String primaryKey;
  private final List<String> fields = new ArrayList<>();

  /**
   * Rows that follow each other.
   *
   * @param keys Long or String
   * @param columns sorted by name
   */
  record Page(List<Object> keys, List<FieldData> columns) {

    boolean isEmpty() {
      return keys.isEmpty();
    }

    Object lastKey() {
      return keys.get(keys.size() - 1);
    }
  }

  RowReader(MilvusCluster cluster, String database, String collection, int pageSize) {
    this.cluster = cluster;
    this.database = database;
    this.collection = collection;
    this.pageSize = pageSize;
    DescribeCollectionRequest request =
        DescribeCollectionRequest.newBuilder()
            .setDbName(database)
            .setCollectionName(collection)
            .build();
    DescribeCollectionResponse description =
        cluster.call(
            stub -> stub.describeCollection(request), DescribeCollectionResponse::getStatus);
    String key = "";
    for (FieldSchema field : description.getSchema().getFieldsList()) {
      fields.add(field.getName());
      key = field.getIsPrimaryKey() ? field.getName() : key;
    }
    if (description.getSchema().getEnableDynamicField()) {
      fields.add("$meta");
    }
    primaryKey = key;
  }

  /** How many rows there are, all that was acknowledged; rows of the same key count each. */
  long count() {
    QueryResults results =
        query(
            QueryRequest.newBuilder()
                .addOutputFields("count(*)")
                .setConsistencyLevel(ConsistencyLevel.Strong));
    return results.getFieldsData(0).getScalars().getLongData().getData(0);
  }

  /**
   * The first rows behind a key, at most {@link #pageSize}; fewer where keys repeat, because of
   * rows with the same key one is shown.
   *
   * @param after empty for the first rows of all
   */
  Page firstBehind(Optional<Object> after) {
    return page(behind(after), pageSize);
  }

  /** All rows behind a key, up to and including another one. */
  Page between(Optional<Object> after, Object last) {
    return page(behind(after) + " and " + primaryKey + " <= " + literal(last), MOST_ROWS);
  }

  private Page page(String expression, int limit) {
    QueryRequest.Builder request =
        QueryRequest.newBuilder()
            // What was counted can be read: nothing new need be waited for.
            .setConsistencyLevel(ConsistencyLevel.Eventually)
            .setGuaranteeTimestamp(1)
            .setExpr(expression)
            .addAllOutputFields(fields)
            .addQueryParams(parameter("limit", Integer.toString(limit)));
    List<FieldData> columns = new ArrayList<>();
    List<Object> keys = new ArrayList<>();
    for (FieldData column : query(request).getFieldsDataList()) {
      columns.add(column.toBuilder().clearFieldId().build());
      if (column.getFieldName().equals(primaryKey)) {
        keys.addAll(column.getScalars().getLongData().getDataList());
        keys.addAll(column.getScalars().getStringData().getDataList());
      }
    }
    columns.sort(Comparator.comparing(FieldData::getFieldName));
    return new Page(keys, columns);
  }

  private String behind(Optional<Object> key) {
    return key.map(last -> primaryKey + " > " + literal(last)).orElse(primaryKey + " not in []");
  }

  private static String literal(Object key) {
    return key instanceof String text
        ? "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\""
        : key.toString();
  }

  private QueryResults query(QueryRequest.Builder request) {
    QueryRequest complete = request.setDbName(database).setCollectionName(collection).build();
    return cluster.call(stub -> stub.query(complete), QueryResults::getStatus);
  }

  private static KeyValuePair parameter(String key, String value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(value).build();
  }
}
