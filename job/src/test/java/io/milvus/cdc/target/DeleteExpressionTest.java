package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.grpc.IDs;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.StringArray;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class DeleteExpressionTest {

  @Test
  void namesEveryKey() {
    assertThat(DeleteExpression.of("id", List.of(ints(1, -2), ints(Long.MAX_VALUE))))
        .containsExactly("id in [1,-2,9223372036854775807]");
  }

  @Test
  void quotesWhatMilvusWouldReadAsSomethingElse() {
    IDs keys =
        IDs.newBuilder()
            .setStrId(StringArray.newBuilder().addData("a\"b\\c").addData("x\ny").addData("ü,]"))
            .build();
    assertThat(DeleteExpression.of("name", List.of(keys)))
        .containsExactly("name in [\"a\\\"b\\\\c\",\"x\\x0ay\",\"ü,]\"]");
  }

  @Test
  void splitsLongLists() {
    long[] many = LongStream.range(0, DeleteExpression.MOST_KEYS + 1).toArray();
    List<String> expressions = DeleteExpression.of("id", List.of(ints(many)));
    assertThat(expressions).hasSize(2);
    assertThat(expressions.get(1)).isEqualTo("id in [" + DeleteExpression.MOST_KEYS + "]");
  }

  @Test
  void namesNothingForNoKeys() {
    assertThat(DeleteExpression.of("id", List.of(ints()))).isEmpty();
  }

  private static IDs ints(long... values) {
    LongArray.Builder array = LongArray.newBuilder();
    LongStream.of(values).forEach(array::addData);
    return IDs.newBuilder().setIntId(array).build();
  }
}
