package io.milvus.cdc.target;

import io.milvus.cdc.target.TargetException.Kind;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.DataType;
import io.milvus.grpc.FieldSchema;
import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which release of Milvus can hold a collection. An older one must not be asked: Milvus 2.3 creates
 * a collection with fields of types that it does not know, and fails at the first row.
 *
 * @param minor the release 2.{@code minor}
 * @param because what needs it, with the field's name
 */
record NeededRelease(int minor, String because) {

  private static final Pattern VERSION = Pattern.compile("v?(\\d+)\\.(\\d+)(\\..*|-.*)?");

  /** The first release that this product replicates to. */
  private static final int FIRST = 3;

  private static final int MAJOR = 2;

  /** The newest release that is needed by any part of a schema. */
  static NeededRelease of(CollectionSchema schema) {
    NeededRelease needed = new NeededRelease(FIRST, "");
    int vectors = 0;
    for (FieldSchema field : schema.getFieldsList()) {
      needed = newer(needed, of(field));
      vectors += isVector(field.getDataType()) ? 1 : 0;
      if (vectors == 2) {
        needed =
            newer(
                needed,
                new NeededRelease(4, "field " + field.getName() + " is a second vector field"));
      }
    }
    return needed;
  }

  private static NeededRelease newer(NeededRelease one, NeededRelease other) {
    return Comparator.comparingInt(NeededRelease::minor).compare(one, other) >= 0 ? one : other;
  }

  private static NeededRelease of(FieldSchema field) {
    String name = "field " + field.getName() + " ";
    NeededRelease type =
        new NeededRelease(
            ofType(field.getDataType()),
            name
                + "is of type "
                + (field.getDataType() == DataType.UNRECOGNIZED
                    ? "number " + field.getDataTypeValue()
                    : field.getDataType()));
    if (field.getIsFunctionOutput()) {
      return newer(type, new NeededRelease(5, name + "is computed by a function"));
    }
    if (field.getNullable()) {
      return newer(type, new NeededRelease(5, name + "may be null"));
    }
    if (field.getIsClusteringKey()) {
      return newer(type, new NeededRelease(4, name + "is a clustering key"));
    }
    return type;
  }

  private static int ofType(DataType type) {
    return switch (type) {
      case Bool,
          Int8,
          Int16,
          Int32,
          Int64,
          Float,
          Double,
          String,
          VarChar,
          Array,
          JSON,
          BinaryVector,
          FloatVector,
          // Milvus 2.3.5 inserts and reads them.
          Float16Vector,
          None ->
          FIRST;
      case BFloat16Vector, SparseFloatVector -> 4;
      // Not in Milvus up to 2.5.
      case Geometry, UNRECOGNIZED -> 6;
    };
  }

  private static boolean isVector(DataType type) {
    return switch (type) {
      case BinaryVector, FloatVector, Float16Vector, BFloat16Vector, SparseFloatVector -> true;
      default -> false;
    };
  }

  /** Whether every target that may be used at all will do. */
  boolean isTheFirst() {
    return minor == FIRST;
  }

  /**
   * Returns when a target can hold the collection, or says a version that tells nothing.
   *
   * @param collection its name, for the error
   * @param version what the target says that it is, for example {@code v2.4.1}
   * @throws TargetException naming the field and both releases
   */
  void check(String collection, String version) throws TargetException {
    Optional<Matcher> release = Optional.of(VERSION.matcher(version)).filter(Matcher::matches);
    if (release.isPresent() && isOlder(release.get())) {
      throw new TargetException(
          Kind.PERMANENT,
          "the target is Milvus %s and cannot hold collection %s: %s, which takes Milvus %d.%d or newer; upgrade the target or choose another one, then resume the task"
              .formatted(version, collection, because, MAJOR, minor));
    }
  }

  private boolean isOlder(Matcher release) {
    int ofTarget = Integer.parseInt(release.group(1));
    return ofTarget < MAJOR || (ofTarget == MAJOR && Integer.parseInt(release.group(2)) < minor);
  }
}
