package io.milvus.cdc.replicate;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.replicate.Replication.Slowest;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class SilenceTest {

  private static final Instant START = Instant.parse("2024-05-06T07:08:09Z");

  private final Silence silence = new Silence(Duration.ofSeconds(10), START);

  @Test
  void aTopicThatStandsStillIsNamedWithTheTimeOfItsLastTick() {
    assertThat(ask(1, topic(1_000))).isEmpty();
    assertThat(ask(5, topic(2_000))).isEmpty();
    assertThat(ask(14, topic(2_000))).isEmpty();
    assertThat(ask(15, topic(2_000)))
        .isEqualTo(
            "nothing has come from topic dml_7 since 2024-05-06T07:08:14Z: the source does not"
                + " write to it, or its Pulsar does not deliver it; see their logs");
    assertThat(ask(16, topic(2_001))).isEmpty();
  }

  @Test
  void aBacklogThatIsBeingReadIsNotSilent() {
    for (int second = 1; second < 60; second++) {
      assertThat(ask(second, topic(second))).isEmpty();
    }
  }

  @Test
  void metadataThatWasNeverReadIsNamedToo() {
    Slowest metadata = new Slowest(Optional.empty(), OptionalLong.empty(), -1);
    assertThat(ask(9, metadata)).isEmpty();
    assertThat(ask(10, metadata))
        .isEqualTo("the source's etcd has told nothing since 2024-05-06T07:08:09Z");
  }

  @Test
  void aCollectionThatTheMetadataDoesNotTellOfIsNamed() {
    Slowest collection = new Slowest(Optional.empty(), OptionalLong.of(77), 1_000);
    assertThat(ask(1, collection)).isEmpty();
    assertThat(ask(11, collection))
        .isEqualTo(
            "messages of collection 77 wait, which the source's etcd has not told of since"
                + " 2024-05-06T07:08:10Z; pause and resume the task, so that it is asked again");
  }

  private String ask(long second, Slowest slowest) {
    return silence.inWords(slowest, START.plusSeconds(second).plusNanos(123));
  }

  private static Slowest topic(long epochMillis) {
    return new Slowest(Optional.of("dml_7"), OptionalLong.empty(), epochMillis);
  }
}
