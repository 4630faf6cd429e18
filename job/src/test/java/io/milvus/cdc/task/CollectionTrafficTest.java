package io.milvus.cdc.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.task.CollectionTraffic.Counts;
import io.milvus.cdc.task.CollectionTraffic.OfCollection;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class CollectionTrafficTest {

  @Test
  void itTravelsAsText() {
    CollectionTraffic traffic =
        new CollectionTraffic(
            List.of(new OfCollection("films", "a\"b", new Counts(1, 2, Long.MAX_VALUE))),
            new Counts(3, 4, 5));
    assertThat(CollectionTraffic.fromJson(traffic.toJson())).hasValue(traffic);
  }

  /** What Flink hands on has to be shorter than 64 KiB. */
  @Test
  void fiftyCollectionsOfTheLongestNamesAreShortEnough() {
    OfCollection longest =
        new OfCollection(
            "d".repeat(255),
            "c".repeat(255),
            new Counts(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE));
    assertThat(new CollectionTraffic(Collections.nCopies(50, longest), Counts.NONE).toJson())
        .hasSizeLessThan(65_536);
  }

  @Test
  void aLaterLayoutIsNotGuessedAt() {
    String json = new CollectionTraffic(List.of(), Counts.NONE).toJson();
    assertThat(CollectionTraffic.fromJson(json)).isPresent();
    assertThat(CollectionTraffic.fromJson(json.replace("\"version\":1", "\"version\":2")))
        .isEmpty();
    assertThat(CollectionTraffic.fromJson("{\"version\":1}")).isEmpty();
    assertThat(CollectionTraffic.fromJson("")).isEmpty();
    assertThat(CollectionTraffic.fromJson("null")).isEmpty();
  }
}
