package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.task.CollectionTraffic;
import io.milvus.cdc.task.CollectionTraffic.Counts;
import io.milvus.cdc.task.CollectionTraffic.OfCollection;
import io.milvus.cdc.task.StoppedCollection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BusiestCollectionsTest {

  private final BusiestCollections collections = new BusiestCollections(2);

  private void write(long id, long bytes) {
    write(id, "c" + id, new Counts(1, 2, bytes));
  }

  private void write(long id, String name, Counts written) {
    collections.add(id, new StoppedCollection.Name("default", name), written);
  }

  private List<String> names() {
    return collections.traffic().collections().stream().map(OfCollection::collection).toList();
  }

  private static OfCollection of(String name, long inserted, long deleted, long bytes) {
    return new OfCollection("default", name, new Counts(inserted, deleted, bytes));
  }

  @Test
  void thoseWithTheMostBytesAreNamedAndTheOthersSummed() {
    write(1, 100);
    write(2, 300);
    write(3, 20);
    write(4, 10);
    write(2, 1);
    assertThat(collections.traffic())
        .isEqualTo(
            new CollectionTraffic(
                List.of(of("c2", 2, 4, 301), of("c1", 1, 2, 100)), new Counts(2, 4, 30)));
  }

  @Test
  void oneThatHasBecomeBusierTakesThePlaceOfTheLeastBusyOne() {
    write(1, 100);
    write(2, 300);
    write(3, 105);
    assertThat(names()).as("a tenth more is needed").containsExactly("c2", "c1");
    write(3, 10);
    assertThat(names()).containsExactly("c2", "c3");
  }

  /** A count that falls would look as if the job had been restarted. */
  @Test
  void noCountEverFallsAsLongAsItIsThere() {
    Map<String, Counts> before = new HashMap<>();
    for (int step = 0; step < 2_000; step++) {
      long bytes = 1 + (step * 7919L) % 1000;
      write(1 + (step * 31L + step / 100) % 7, bytes);
      CollectionTraffic traffic = collections.traffic();
      assertThat(traffic.collections()).hasSizeLessThanOrEqualTo(2);
      Map<String, Counts> now = new HashMap<>();
      traffic.collections().forEach(one -> now.put(one.collection(), one.written()));
      now.put("others", traffic.others());
      now.forEach(
          (name, counts) ->
              assertThat(counts.bytes())
                  .as(name)
                  .isGreaterThanOrEqualTo(before.getOrDefault(name, Counts.NONE).bytes()));
      long grown =
          now.entrySet().stream()
              .mapToLong(
                  one ->
                      one.getValue().bytes()
                          - before.getOrDefault(one.getKey(), Counts.NONE).bytes())
              .sum();
      assertThat(grown).as("what was written is counted once").isEqualTo(bytes);
      before.keySet().retainAll(now.keySet());
      before.putAll(now);
    }
  }

  @Test
  void thePlaceOfOneThatIsGoneIsFree() {
    write(1, 100);
    write(2, 300);
    write(3, 20);
    collections.gone(2);
    collections.gone(77);
    write(3, 1);
    assertThat(collections.traffic())
        .isEqualTo(
            new CollectionTraffic(
                List.of(of("c1", 1, 2, 100), of("c3", 1, 2, 1)), new Counts(1, 2, 20)));
  }

  @Test
  void aCollectionKeepsItsCountsUnderANewName() {
    write(1, 100);
    write(1, "renamed", new Counts(1, 0, 1));
    assertThat(collections.traffic().collections()).containsExactly(of("renamed", 2, 2, 101));
  }
}
