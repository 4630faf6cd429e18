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
        .containsExactly(new DeleteExpression("id in [1,-2,9223372036854775807]", 3));
  }

  @Test
  void quotesWhatMilvusWouldReadAsSomethingElse() {
    IDs keys =
        IDs.newBuilder()
            .setStrId(StringArray.newBuilder().addData("a\"b\\c").addData("x\ny").addData("ü,]"))
            .build();
    assertThat(DeleteExpression.of("name", List.of(keys)))
        .containsExactly(new DeleteExpression("name in [\"a\\\"b\\\\c\",\"x\\x0ay\",\"ü,]\"]", 3));
  }

  @Test
  void splitsLongLists() {
    long[] many = LongStream.range(0, DeleteExpression.MOST_KEYS + 1).toArray();
    List<DeleteExpression> expressions = DeleteExpression.of("id", List.of(ints(many)));
    assertThat(expressions).hasSize(2);
    assertThat(expressions.get(0).keys()).isEqualTo(DeleteExpression.MOST_KEYS);
    assertThat(expressions.get(1))
        .isEqualTo(new DeleteExpression("id in [" + DeleteExpression.MOST_KEYS + "]", 1));
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
