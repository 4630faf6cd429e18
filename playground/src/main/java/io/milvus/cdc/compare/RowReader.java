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

  private final MilvusCluster cluster;
  private final String database;
  private final String collection;
  private final int pageSize;
  private final String primaryKey;
  private final List<String> fields = new ArrayList<>();
  private Optional<Object> last = Optional.empty();

  /**
   * Rows that follow each other.
   *
   * @param keys Long or String
   * @param columns sorted by name
   */
  record Page(List<Object> keys, List<FieldData> columns) {}

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

  /** The next rows; none at the end. Of rows with the same key one is shown. */
  Page next() {
    QueryRequest.Builder request =
        QueryRequest.newBuilder()
            // What was counted can be read: nothing new need be waited for.
            .setConsistencyLevel(ConsistencyLevel.Eventually)
            .setGuaranteeTimestamp(1)
            .setExpr(after())
            .addAllOutputFields(fields)
            .addQueryParams(parameter("limit", Integer.toString(pageSize)));
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
    if (!keys.isEmpty()) {
      last = Optional.of(keys.get(keys.size() - 1));
    }
    return new Page(keys, columns);
  }

  private String after() {
    if (last.isEmpty()) {
      return primaryKey + " not in []";
    }
    return last.get() instanceof String text
        ? primaryKey + " > \"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\""
        : primaryKey + " > " + last.get();
  }

  private QueryResults query(QueryRequest.Builder request) {
    QueryRequest complete = request.setDbName(database).setCollectionName(collection).build();
    return cluster.call(stub -> stub.query(complete), QueryResults::getStatus);
  }

  private static KeyValuePair parameter(String key, String value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(value).build();
  }
}
