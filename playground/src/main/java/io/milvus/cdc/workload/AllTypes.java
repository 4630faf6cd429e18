package io.milvus.cdc.workload;

import com.google.protobuf.ByteString;
import io.milvus.grpc.ArrayArray;
import io.milvus.grpc.BoolArray;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.DataType;
import io.milvus.grpc.DoubleArray;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.FieldSchema;
import io.milvus.grpc.FloatArray;
import io.milvus.grpc.IntArray;
import io.milvus.grpc.JSONArray;
import io.milvus.grpc.KeyValuePair;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.ScalarField;
import io.milvus.grpc.StringArray;
import io.milvus.grpc.ValueField;
import io.milvus.grpc.VectorField;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;
import java.util.function.Predicate;
import java.util.stream.LongStream;

/**
 * Schemas and rows with every type that Milvus 2.3 has. What a row holds follows from its key's
 * number and a mark, so the same call gives the same rows.
 *
 * <pre>{@code
 * AllTypes types = AllTypes.of(KeyKind.VARCHAR, VectorKind.FLOAT).withDynamicField();
 * CollectionSchema schema = types.schema("films");
 * List<FieldData> columns = types.rows(0, 1_000, 1);
 * }</pre>
 */
public final class AllTypes {

  /** The name of the primary key. */
  public static final String KEY = "id";

  /** The name of the vector; Milvus 2.3 allows one in a collection. */
  public static final String VECTOR = "vector";

  /** The name of the partition key, where there is one. */
  public static final String PARTITION_KEY = "tenant";

  /** The names of the other fields. */
  public static final List<String> SCALARS =
      List.of(
          "bool",
          "int8",
          "int16",
          "int32",
          "int64",
          "float",
          "double",
          "varchar",
          "json",
          "with_default",
          "array_bool",
          "array_int8",
          "array_int16",
          "array_int32",
          "array_int64",
          "array_float",
          "array_double",
          "array_varchar");

  private static final int DIMENSION = 8;
  private static final int TEXT_LENGTH = 200;
  private static final int ARRAY_CAPACITY = 16;

  private final KeyKind key;
  private final VectorKind vector;
  private final boolean hasDynamicField;
  private final boolean hasPartitionKey;
  private final List<String> scalars;

  /** Kinds of keys. */
  public enum KeyKind {
    /** Int64 that the writer chooses. */
    INT64,
    /** Varchar that the writer chooses. */
    VARCHAR,
    /** Int64 that the server makes. */
    AUTO_ID
  }

  /** Kinds of vectors. */
  public enum VectorKind {
    /** 8 floats. */
    FLOAT,
    /** 8 bits. */
    BINARY
  }

  private AllTypes(
      KeyKind key,
      VectorKind vector,
      boolean hasDynamicField,
      boolean hasPartitionKey,
      List<String> scalars) {
    this.key = key;
    this.vector = vector;
    this.hasDynamicField = hasDynamicField;
    this.hasPartitionKey = hasPartitionKey;
    this.scalars = scalars;
  }

  /** A key, a vector, and all of {@link #SCALARS}. */
  public static AllTypes of(KeyKind key, VectorKind vector) {
    return new AllTypes(key, vector, false, false, SCALARS);
  }

  /** The same with a dynamic field. */
  public AllTypes withDynamicField() {
    return new AllTypes(key, vector, true, hasPartitionKey, scalars);
  }

  /** The same with {@link #PARTITION_KEY}, an int64. */
  public AllTypes withPartitionKey() {
    return new AllTypes(key, vector, hasDynamicField, true, scalars);
  }

  /** The same with only those of {@link #SCALARS} that are wanted. */
  public AllTypes withScalars(Predicate<String> wanted) {
    return new AllTypes(
        key, vector, hasDynamicField, hasPartitionKey, scalars.stream().filter(wanted).toList());
  }

  /** What its key is. */
  public KeyKind key() {
    return key;
  }

  /** What its vector is. */
  public VectorKind vector() {
    return vector;
  }

  /** Whether Milvus chooses each row's partition. */
  public boolean hasPartitionKey() {
    return hasPartitionKey;
  }

  /** Those of {@link #SCALARS} that it has. */
  public List<String> scalars() {
    return scalars;
  }

  /** The schema of a collection. */
  public CollectionSchema schema(String collection) {
    CollectionSchema.Builder schema =
        CollectionSchema.newBuilder()
            .setName(collection)
            .setDescription("Collection " + collection + ": \"all\" types")
            .setEnableDynamicField(hasDynamicField);
    FieldSchema.Builder primaryKey =
        field(KEY).setIsPrimaryKey(true).setDescription("The \"key\" of a row");
    if (key == KeyKind.VARCHAR) {
      primaryKey.setDataType(DataType.VarChar).addTypeParams(parameter("max_length", TEXT_LENGTH));
    } else {
      primaryKey.setDataType(DataType.Int64).setAutoID(key == KeyKind.AUTO_ID);
    }
    schema.addFields(primaryKey);
    for (String name : scalars) {
      schema.addFields(scalar(name));
    }
    if (hasPartitionKey) {
      schema.addFields(field(PARTITION_KEY).setDataType(DataType.Int64).setIsPartitionKey(true));
    }
    return schema
        .addFields(
            field(VECTOR)
                .setDataType(
                    vector == VectorKind.FLOAT ? DataType.FloatVector : DataType.BinaryVector)
                .addTypeParams(parameter("dim", DIMENSION)))
        .build();
  }

  private static FieldSchema.Builder scalar(String name) {
    FieldSchema.Builder field = field(name).setDataType(type(name));
    if (field.getDataType() == DataType.VarChar) {
      field.addTypeParams(parameter("max_length", TEXT_LENGTH));
    } else if (field.getDataType() == DataType.Array) {
      field
          .setElementType(type(elementOf(name)))
          .addTypeParams(parameter("max_capacity", ARRAY_CAPACITY));
      if (field.getElementType() == DataType.VarChar) {
        field.addTypeParams(parameter("max_length", TEXT_LENGTH));
      }
    } else if (name.equals("with_default")) {
      field.setDefaultValue(ValueField.newBuilder().setLongData(42));
    }
    return field;
  }

  private static DataType type(String name) {
    return switch (name) {
      case "bool" -> DataType.Bool;
      case "int8" -> DataType.Int8;
      case "int16" -> DataType.Int16;
      case "int32" -> DataType.Int32;
      case "int64", "with_default" -> DataType.Int64;
      case "float" -> DataType.Float;
      case "double" -> DataType.Double;
      case "varchar" -> DataType.VarChar;
      case "json" -> DataType.JSON;
      default -> DataType.Array;
    };
  }

  private static String elementOf(String array) {
    return array.substring("array_".length());
  }

  /**
   * The columns of rows with the keys of the numbers from (inclusive) to (exclusive), as an insert
   * or upsert takes them. Without keys where the server makes them.
   */
  public List<FieldData> rows(long from, long to, int mark) {
    List<FieldData> columns = new ArrayList<>();
    if (key == KeyKind.INT64) {
      columns.add(column(KEY, DataType.Int64, longs(from, to, number -> number)));
    } else if (key == KeyKind.VARCHAR) {
      columns.add(column(KEY, DataType.VarChar, texts(from, to, AllTypes::textKey)));
    }
    for (String name : scalars) {
      LongFunction<Random> random = number -> random(name, number, mark);
      columns.add(
          column(
              name,
              type(name),
              type(name) == DataType.Array
                  ? arrays(from, to, elementOf(name), random)
                  : values(from, to, name, random)));
    }
    if (hasPartitionKey) {
      // Follows from the key alone: an upsert does not move a row.
      columns.add(
          column(
              PARTITION_KEY, DataType.Int64, longs(from, to, number -> Math.floorMod(number, 7))));
    }
    columns.add(vectors(from, to, mark));
    if (hasDynamicField) {
      LongFunction<Random> random = number -> random("", number, mark);
      columns.add(
          column("", DataType.JSON, values(from, to, "json", random)).toBuilder()
              .setIsDynamic(true)
              .build());
    }
    return columns;
  }

  /** Selects the rows with the keys of these numbers. */
  public String expression(LongStream numbers) {
    Function<Long, String> literal =
        key == KeyKind.VARCHAR
            ? number ->
                '"'
                    + textKey(number)
                        .replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("\n", "\\n")
                    + '"'
            : number -> number.toString();
    return KEY + " in [" + String.join(", ", numbers.boxed().map(literal).toList()) + "]";
  }

  /** Keys with everything that an expression could stumble over. */
  static String textKey(long number) {
    return List.of("plain", "quo\"te", "back\\slash", "li\nne", "ümläut", "it's")
            .get((int) Math.floorMod(number, 6L))
        + number;
  }

  private static ScalarField values(long from, long to, String name, LongFunction<Random> random) {
    return switch (name) {
      case "json" -> {
        JSONArray.Builder documents = JSONArray.newBuilder();
        LongStream.range(from, to)
            .forEach(
                number ->
                    documents.addData(ByteString.copyFromUtf8(document(random.apply(number)))));
        yield ScalarField.newBuilder().setJsonData(documents).build();
      }
      default -> elements(name, LongStream.range(from, to).mapToObj(random).toList());
    };
  }

  private static ScalarField arrays(
      long from, long to, String element, LongFunction<Random> random) {
    ArrayArray.Builder arrays = ArrayArray.newBuilder().setElementType(type(element));
    for (long number = from; number < to; number++) {
      Random ofRow = random.apply(number);
      List<Random> ofElements =
          LongStream.range(0, ofRow.nextInt(ARRAY_CAPACITY)).mapToObj(i -> ofRow).toList();
      arrays.addData(elements(element, ofElements));
    }
    return ScalarField.newBuilder().setArrayData(arrays).build();
  }

  /** One value from each generator. */
  private static ScalarField elements(String name, List<Random> random) {
    ScalarField.Builder scalars = ScalarField.newBuilder();
    return switch (type(name)) {
      case Bool -> {
        BoolArray.Builder values = BoolArray.newBuilder();
        random.forEach(next -> values.addData(next.nextBoolean()));
        yield scalars.setBoolData(values).build();
      }
      case Int8 -> ints(random, Byte.MIN_VALUE, Byte.MAX_VALUE);
      case Int16 -> ints(random, Short.MIN_VALUE, Short.MAX_VALUE);
      case Int32 -> ints(random, Integer.MIN_VALUE, Integer.MAX_VALUE);
      case Int64 -> {
        LongArray.Builder values = LongArray.newBuilder();
        random.forEach(next -> values.addData(next.nextLong()));
        yield scalars.setLongData(values).build();
      }
      case Float -> {
        FloatArray.Builder values = FloatArray.newBuilder();
        random.forEach(next -> values.addData((float) next.nextGaussian() * 1e30f));
        yield scalars.setFloatData(values).build();
      }
      case Double -> {
        DoubleArray.Builder values = DoubleArray.newBuilder();
        random.forEach(next -> values.addData(next.nextGaussian() * 1e300));
        yield scalars.setDoubleData(values).build();
      }
      case VarChar -> {
        StringArray.Builder values = StringArray.newBuilder();
        random.forEach(next -> values.addData(text(next)));
        yield scalars.setStringData(values).build();
      }
      default -> throw new IllegalArgumentException("Not a type of single values: " + name);
    };
  }

  private static ScalarField ints(List<Random> random, int least, int greatest) {
    IntArray.Builder values = IntArray.newBuilder();
    for (Random next : random) {
      values.addData(
          switch (next.nextInt(8)) {
            case 0 -> least;
            case 1 -> greatest;
            case 2 -> 0;
            default -> (int) next.nextLong(least, greatest + 1L);
          });
    }
    return ScalarField.newBuilder().setIntData(values).build();
  }

  private static String text(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> "";
      case 1 -> "quo\"te \\ li\nne";
      case 2 -> "ümläut 漢字 😀";
      default -> Long.toString(random.nextLong(), Character.MAX_RADIX);
    };
  }

  private static String document(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> "{}";
      case 1 -> "{\"n\": " + random.nextInt() + ", \"name\": \"ümläut \\\" 漢字\"}";
      case 2 -> "{\"nested\": {\"list\": [1, 2.5, null, \"x\"], \"flag\": true}}";
      default -> "{\"n\": " + random.nextLong() + ", \"d\": " + random.nextDouble() + "}";
    };
  }

  private FieldData vectors(long from, long to, int mark) {
    VectorField.Builder vectors = VectorField.newBuilder().setDim(DIMENSION);
    if (vector == VectorKind.FLOAT) {
      FloatArray.Builder floats = FloatArray.newBuilder();
      for (long number = from; number < to; number++) {
        Random random = random(VECTOR, number, mark);
        for (int i = 0; i < DIMENSION; i++) {
          floats.addData(random.nextFloat());
        }
      }
      vectors.setFloatVector(floats);
    } else {
      byte[] bits = new byte[Math.toIntExact((to - from) * DIMENSION / Byte.SIZE)];
      for (int i = 0; i < bits.length; i++) {
        bits[i] = (byte) random(VECTOR, from + i, mark).nextInt();
      }
      vectors.setBinaryVector(ByteString.copyFrom(bits));
    }
    return FieldData.newBuilder()
        .setFieldName(VECTOR)
        .setType(vector == VectorKind.FLOAT ? DataType.FloatVector : DataType.BinaryVector)
        .setVectors(vectors)
        .build();
  }

  private static Random random(String field, long number, int mark) {
    long seed = (field.hashCode() * 31L + number) * 1_000_003L + mark;
    // Random alone begins alike for seeds that are close to each other.
    return new Random(new SplittableRandom(seed).nextLong());
  }

  private static ScalarField longs(long from, long to, LongUnaryOperator value) {
    LongArray.Builder values = LongArray.newBuilder();
    LongStream.range(from, to).forEach(number -> values.addData(value.applyAsLong(number)));
    return ScalarField.newBuilder().setLongData(values).build();
  }

  private static ScalarField texts(long from, long to, LongFunction<String> value) {
    StringArray.Builder values = StringArray.newBuilder();
    LongStream.range(from, to).forEach(number -> values.addData(value.apply(number)));
    return ScalarField.newBuilder().setStringData(values).build();
  }

  private static FieldData column(String name, DataType type, ScalarField values) {
    return FieldData.newBuilder().setFieldName(name).setType(type).setScalars(values).build();
  }

  private static FieldSchema.Builder field(String name) {
    return FieldSchema.newBuilder().setName(name);
  }

  private static KeyValuePair parameter(String key, int value) {
    return KeyValuePair.newBuilder().setKey(key).setValue(Integer.toString(value)).build();
  }
}
