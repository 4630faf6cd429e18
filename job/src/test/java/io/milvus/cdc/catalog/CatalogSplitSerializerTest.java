package io.milvus.cdc.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class CatalogSplitSerializerTest {

  private final CatalogSplitSerializer serializer = new CatalogSplitSerializer();

  @Test
  void keepsWhatWasAnnounced() throws IOException {
    CatalogSplit split =
        new CatalogSplit(
            new KnownObjects(Set.of(470614690539503646L, 2L), Set.of("default", "ä"), Set.of(3L)));
    assertThat(serializer.deserialize(2, serializer.serialize(split))).isEqualTo(split);
  }

  @Test
  void readsTheBytesOfVersionOne() throws IOException {
    byte[] bytes =
        HexFormat.of().parseHex("00000001" + "0000000000000005" + "00000001" + "0003" + "646231");
    assertThat(serializer.deserialize(1, bytes))
        .isEqualTo(new CatalogSplit(new KnownObjects(Set.of(5L), Set.of("db1"), Set.of())));
  }

  @Test
  void theBytesOfVersionTwoAreTheOnesThatSavepointsHold() throws IOException {
    CatalogSplit split = new CatalogSplit(new KnownObjects(Set.of(5L), Set.of("db1"), Set.of(6L)));
    assertThat(HexFormat.of().formatHex(serializer.serialize(split)))
        .isEqualTo(
            "00000001" // collections
                + "0000000000000005"
                + "00000001" // databases
                + "0003646231"
                + "00000001" // outside
                + "0000000000000006");
  }

  @Test
  void aThousandCollectionsAreAFewKilobytes() throws IOException {
    Set<Long> ids =
        LongStream.range(0, 1_000)
            .map(i -> 470614690539503646L + i)
            .boxed()
            .collect(Collectors.toSet());
    CatalogSplit split = new CatalogSplit(new KnownObjects(ids, Set.of("default"), Set.of()));

    assertThat(serializer.serialize(split)).hasSizeLessThan(10_000);
  }

  @Test
  void refusesANewerVersion() {
    assertThatThrownBy(() -> serializer.deserialize(3, new byte[0]))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("version 3");
  }

  @Test
  void theEnumeratorsStateSurvives() throws IOException {
    CatalogEnumerator.StateSerializer states = new CatalogEnumerator.StateSerializer();
    for (CatalogEnumerator.State state : CatalogEnumerator.State.values()) {
      assertThat(states.deserialize(1, states.serialize(state))).isEqualTo(state);
    }
    assertThat(states.serialize(CatalogEnumerator.State.ASSIGNED)).containsExactly(1);
    assertThatThrownBy(() -> states.deserialize(2, new byte[1])).isInstanceOf(IOException.class);
  }
}
