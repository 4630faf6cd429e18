package io.milvus.cdc.compare;

import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.compare.RowComparison.Acknowledged;
import io.milvus.cdc.tap.TargetTap;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.DeleteRequest;
import io.milvus.grpc.DropCollectionRequest;
import io.milvus.grpc.DropPartitionRequest;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.RenameCollectionRequest;
import io.milvus.grpc.UpsertRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a target has acknowledged: of every key what was done to it last, in the collections that
 * were created since this listens.
 */
public final class AcknowledgedRows implements TargetTap.Listener {

  /** A number or a quoted text in a list of keys. */
  private static final Pattern KEY = Pattern.compile("-?\\d+|\"((?:[^\"\\\\]|\\\\.)*)\"");

  /** A character by its number, or one that stands for itself. */
  private static final Pattern ESCAPE = Pattern.compile("\\\\(?:x([0-9a-f]{2})|(.))");

  private final Map<Name, Copy> copies = new HashMap<>();

  private record Name(String database, String collection) {

    static Name of(String database, String collection) {
      return new Name(database.isEmpty() ? "default" : database, collection);
    }
  }

  /** A collection, wherever it is now. */
  private record Copy(String primaryKey, Map<Object, Done> done) {}

  /**
   * The last that was done to a key.
   *
   * @param page holds the row; empty when it was deleted
   * @param partition that the row was written to; empty where the target chooses
   */
  private record Done(Optional<RowPage> page, int row, String partition) {}

  @Override
  public synchronized void changed(String method, byte[] request) {
    try {
      switch (method) {
        case "CreateCollection" -> created(CreateCollectionRequest.parseFrom(request));
        case "RenameCollection" -> {
          RenameCollectionRequest rename = RenameCollectionRequest.parseFrom(request);
          String database =
              rename.getNewDBName().isEmpty() ? rename.getDbName() : rename.getNewDBName();
          Copy copy = copies.remove(Name.of(rename.getDbName(), rename.getOldName()));
          if (copy != null) {
            copies.put(Name.of(database, rename.getNewName()), copy);
          }
        }
        case "DropCollection" -> {
          DropCollectionRequest drop = DropCollectionRequest.parseFrom(request);
          copies.remove(Name.of(drop.getDbName(), drop.getCollectionName()));
        }
        case "DropPartition" -> {
          DropPartitionRequest drop = DropPartitionRequest.parseFrom(request);
          Copy copy = copies.get(Name.of(drop.getDbName(), drop.getCollectionName()));
          if (copy != null) {
            copy.done().values().removeIf(one -> one.partition().equals(drop.getPartitionName()));
          }
        }
        default -> throw new IllegalArgumentException(method);
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("not a request to Milvus: " + method, e);
    }
  }

  private void created(CreateCollectionRequest request) throws InvalidProtocolBufferException {
    String primaryKey =
        CollectionSchema.parseFrom(request.getSchema()).getFieldsList().stream()
            .filter(FieldSchema::getIsPrimaryKey)
            .findFirst()
            .orElseThrow()
            .getName();
    copies.put(
        Name.of(request.getDbName(), request.getCollectionName()),
        new Copy(primaryKey, new HashMap<>()));
  }

  @Override
  public synchronized void acknowledged(String method, byte[] request) {
    try {
      switch (method) {
        case "Insert" -> {
          InsertRequest insert = InsertRequest.parseFrom(request);
          wrote(
              Name.of(insert.getDbName(), insert.getCollectionName()),
              insert.getPartitionName(),
              insert.getFieldsDataList());
        }
        case "Upsert" -> {
          UpsertRequest upsert = UpsertRequest.parseFrom(request);
          wrote(
              Name.of(upsert.getDbName(), upsert.getCollectionName()),
              upsert.getPartitionName(),
              upsert.getFieldsDataList());
        }
        case "Delete" -> deleted(DeleteRequest.parseFrom(request));
        default -> throw new IllegalArgumentException(method);
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("not a request to Milvus: " + method, e);
    }
  }

  private void wrote(Name name, String partition, List<FieldData> columns) {
    Copy copy = copies.get(name);
    if (copy != null) {
      RowPage page = RowPage.of(copy.primaryKey(), columns);
      for (int row = 0; row < page.keys().size(); row++) {
        copy.done().put(page.keys().get(row), new Done(Optional.of(page), row, partition));
      }
    }
  }

  private void deleted(DeleteRequest request) {
    Copy copy = copies.get(Name.of(request.getDbName(), request.getCollectionName()));
    if (copy == null) {
      return;
    }
    Matcher key = KEY.matcher(request.getExpr().substring(request.getExpr().indexOf('[')));
    while (key.find()) {
      Object value =
          key.group(1) == null ? (Object) Long.valueOf(key.group()) : unescaped(key.group(1));
      if (request.getPartitionName().isEmpty()) {
        copy.done().put(value, new Done(Optional.empty(), 0, ""));
      } else {
        // Which of its rows is left is not known.
        copy.done().remove(value);
      }
    }
  }

  private static String unescaped(String text) {
    return ESCAPE
        .matcher(text)
        .replaceAll(
            escape ->
                Matcher.quoteReplacement(
                    escape.group(1) == null
                        ? escape.group(2)
                        : Character.toString(Integer.parseInt(escape.group(1), 16))));
  }

  /** What is known of a collection. */
  Acknowledged of(String database, String collection) {
    Name name = Name.of(database, collection);
    return new Acknowledged() {
      @Override
      public boolean wrote(Object key, RowPage expected, int row) {
        return done(name, key)
            .filter(done -> done.page().isPresent())
            .filter(done -> expected.fieldsThatDiffer(row, done.page().get(), done.row()).isEmpty())
            .isPresent();
      }

      @Override
      public boolean deleted(Object key) {
        return done(name, key).filter(done -> done.page().isEmpty()).isPresent();
      }
    };
  }

  private synchronized Optional<Done> done(Name name, Object key) {
    return Optional.ofNullable(copies.get(name)).map(copy -> copy.done().get(key));
  }
}
