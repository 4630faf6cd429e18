package io.milvus.cdc.target;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.stub.StreamObserver;
import io.milvus.grpc.AlterCollectionRequest;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.DataType;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.GetLoadStateRequest;
import io.milvus.grpc.GetLoadStateResponse;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LoadCollectionRequest;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.MutationResult;
import io.milvus.grpc.ReleaseCollectionRequest;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.Status;
import io.milvus.grpc.UpsertRequest;
import io.milvus.grpc.ValueField;
import io.milvus.grpc.VectorField;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A target that takes rows by the rules of Milvus 2.5's proxy ({@code checkFieldsDataBySchema} and
 * {@code validateUtil}), which no server of the tests does: it refuses columns that 2.5 refuses,
 * completes the others as 2.5 does, and keeps what then is in each field of each row.
 */
final class NewerMilvus extends InProcessMilvus {

  /** What it changes only of a collection that is not loaded. */
  private static final Set<String> PROPERTIES_OF_LOADING =
      Set.of("mmap.enabled", "lazyload.enabled");

  private final String version;
  private final UnaryOperator<CollectionSchema> understanding;
  private final List<InsertRequest> inserts = new ArrayList<>();
  private final Map<Object, Map<String, Object>> rows = new TreeMap<>();
  private boolean loaded;

  /** A target of release 2.5. */
  NewerMilvus() throws IOException {
    this("v2.5.10", schema -> schema);
  }

  /**
   * A target.
   *
   * @param version what it says that it is
   * @param understanding what it keeps of a collection's schema
   */
  NewerMilvus(String version, UnaryOperator<CollectionSchema> understanding) throws IOException {
    this.version = version;
    this.understanding = understanding;
  }

  @Override
  String version() {
    return version;
  }

  @Override
  CollectionSchema understood(CollectionSchema schema) {
    return understanding.apply(schema);
  }

  /** The inserts that it took, in the order of their arrival. */
  synchronized List<InsertRequest> inserts() {
    return List.copyOf(inserts);
  }

  /** What is in each field of each row, by key; a field that is null is absent. */
  synchronized Map<Object, Map<String, Object>> rows() {
    return new TreeMap<>(rows);
  }

  /** Whether its collection is loaded. */
  synchronized boolean isLoaded() {
    return loaded;
  }

  @Override
  public synchronized void alterCollection(
      AlterCollectionRequest request, StreamObserver<Status> out) {
    boolean ofLoading =
        Stream.concat(
                request.getPropertiesList().stream().map(KeyValuePair::getKey),
                request.getDeleteKeysList().stream())
            .anyMatch(PROPERTIES_OF_LOADING::contains);
    if (loaded && ofLoading) {
      answer(
          out,
          () ->
              Status.newBuilder()
                  .setCode(104)
                  .setReason("can not alter mmap properties if collection loaded")
                  .build());
      return;
    }
    super.alterCollection(request, out);
  }

  @Override
  public synchronized void loadCollection(
      LoadCollectionRequest request, StreamObserver<Status> out) {
    loaded = true;
    answer(out, Status::getDefaultInstance);
  }

  @Override
  public synchronized void releaseCollection(
      ReleaseCollectionRequest request, StreamObserver<Status> out) {
    loaded = false;
    answer(out, Status::getDefaultInstance);
  }

  @Override
  public synchronized void getLoadState(
      GetLoadStateRequest request, StreamObserver<GetLoadStateResponse> out) {
    LoadState state = loaded ? LoadState.LoadStateLoaded : LoadState.LoadStateNotLoad;
    answer(out, () -> GetLoadStateResponse.newBuilder().setState(state).build());
  }

  private static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
      super(message);
    }
  }

  @Override
  public synchronized void insert(InsertRequest request, StreamObserver<MutationResult> out) {
    try {
      put(request.getFieldsDataList(), request.getNumRows());
      inserts.add(request);
      answer(out, MutationResult::getDefaultInstance);
    } catch (RefusedException e) {
      answer(out, () -> failed(1100, e.getMessage()));
    }
  }

  @Override
  public synchronized void upsert(UpsertRequest request, StreamObserver<MutationResult> out) {
    try {
      put(request.getFieldsDataList(), request.getNumRows());
      answer(out, MutationResult::getDefaultInstance);
    } catch (RefusedException e) {
      answer(out, () -> failed(1100, e.getMessage()));
    }
  }

  private void put(List<FieldData> columns, int count) throws RefusedException {
    Map<String, FieldData> byName = new HashMap<>();
    columns.forEach(column -> byName.put(column.getFieldName(), column));
    String key = "";
    Map<String, List<Object>> values = new TreeMap<>();
    for (FieldSchema field : schema().getFieldsList()) {
      key = field.getIsPrimaryKey() ? field.getName() : key;
      FieldData column = byName.remove(field.getName());
      if (field.getIsFunctionOutput() != (column == null)) {
        throw new RefusedException("field " + field.getName() + ": missing, or more than needed");
      }
      if (column != null) {
        values.put(field.getName(), completed(field, column, count));
      }
    }
    if (!byName.isEmpty()) {
      throw new RefusedException("more fieldData has pass in " + byName.keySet());
    }
    for (int row = 0; row < count; row++) {
      Map<String, Object> fields = new TreeMap<>();
      for (Map.Entry<String, List<Object>> column : values.entrySet()) {
        if (column.getValue().get(row) != null) {
          fields.put(column.getKey(), column.getValue().get(row));
        }
      }
      rows.put(fields.get(key), fields);
    }
  }

  private static List<Object> completed(FieldSchema field, FieldData column, int count)
      throws RefusedException {
    if (field.getDataType() == DataType.UNRECOGNIZED) {
      return Collections.nCopies(count, column.toByteString());
    }
    List<Object> values = column.hasVectors() ? vectors(column) : scalars(column);
    boolean toBeCompleted = field.getNullable() || field.hasDefaultValue();
    List<Boolean> valid = column.getValidDataList();
    if (valid.size() != (toBeCompleted ? count : 0)) {
      throw new RefusedException("the length of valid_data of " + field.getName() + " is wrong");
    }
    if (toBeCompleted) {
      if (values.size() != Collections.frequency(valid, true)) {
        throw new RefusedException("the length of field " + field.getName() + " is wrong");
      }
      List<Object> all = new ArrayList<>();
      int next = 0;
      for (boolean present : valid) {
        all.add(present ? values.get(next++) : defaultOf(field));
      }
      return all;
    }
    if (values.size() != count) {
      throw new RefusedException("the num_rows of " + field.getName() + " is wrong");
    }
    return values;
  }

  private static Object defaultOf(FieldSchema field) {
    if (!field.hasDefaultValue()) {
      return null;
    }
    ValueField value = field.getDefaultValue();
    return value.getAllFields().values().iterator().next();
  }

  private static List<Object> scalars(FieldData column) {
    ScalarField scalars = column.getScalars();
    FieldDescriptor kind =
        scalars.getOneofFieldDescriptor(ScalarField.getDescriptor().getOneofs().get(0));
    Message array = (Message) scalars.getField(kind);
    FieldDescriptor data = array.getDescriptorForType().findFieldByName("data");
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < array.getRepeatedFieldCount(data); i++) {
      values.add(array.getRepeatedField(data, i));
    }
    return values;
  }

  private static List<Object> vectors(FieldData column) {
    VectorField vectors = column.getVectors();
    int dimension = (int) vectors.getDim();
    List<Object> values = new ArrayList<>();
    if (column.getType() == DataType.SparseFloatVector) {
      values.addAll(vectors.getSparseFloatVector().getContentsList());
    } else if (column.getType() == DataType.FloatVector) {
      List<Float> floats = vectors.getFloatVector().getDataList();
      for (int i = 0; i < floats.size(); i += dimension) {
        values.add(floats.subList(i, i + dimension));
      }
    } else if (column.getType() == DataType.Float16Vector
        || column.getType() == DataType.BFloat16Vector) {
      var bytes =
          column.getType() == DataType.Float16Vector
              ? vectors.getFloat16Vector()
              : vectors.getBfloat16Vector();
      for (int i = 0; i < bytes.size(); i += 2 * dimension) {
        values.add(bytes.substring(i, i + 2 * dimension));
      }
    }
    return values;
  }
}
