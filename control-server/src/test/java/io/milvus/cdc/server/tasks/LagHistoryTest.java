package io.milvus.cdc.server.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.milvus.cdc.server.tasks.LagHistory.Sample;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LagHistoryTest {

  private final SettableClock clock = new SettableClock();
  private List<TaskView> tasks = List.of();
  private Optional<RuntimeException> trouble = Optional.empty();
  private final LagHistory history = new LagHistory(this::tasks, clock);

  private List<TaskView> tasks() {
    trouble.ifPresent(
        e -> {
          throw e;
        });
    return tasks;
  }

  @AfterEach
  void close() {
    history.close();
  }

  private static TaskView task(String id, Optional<Duration> lag) {
    return new TaskView(
        id,
        JsonNodeFactory.instance.objectNode(),
        TaskView.State.RUNNING,
        Optional.empty(),
        Optional.empty(),
        lag,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Instant.EPOCH);
  }

  private void record(Duration lag) {
    tasks = List.of(task("a", Optional.of(lag)));
    history.record();
  }

  @Test
  void samplesHaveTheirAgeAndTheOldestComesFirst() {
    assertThat(history.recent()).isEmpty();
    record(Duration.ofMillis(7));
    clock.advance(Duration.ofSeconds(5));
    record(Duration.ofMillis(9));
    clock.advance(Duration.ofSeconds(2));
    assertThat(history.recent())
        .isEqualTo(
            Map.of(
                "a",
                List.of(
                    new Sample(Duration.ofSeconds(7), Duration.ofMillis(7)),
                    new Sample(Duration.ofSeconds(2), Duration.ofMillis(9)))));
  }

  @Test
  void whatIsOlderThanFifteenMinutesIsForgotten() {
    for (int i = 0; i < 1000; i++) {
      record(Duration.ofMillis(i));
      clock.advance(Duration.ofSeconds(5));
    }
    List<Sample> samples = history.recent().get("a");
    assertThat(samples).hasSize(180);
    assertThat(samples.get(0))
        .isEqualTo(new Sample(Duration.ofMinutes(15), Duration.ofMillis(820)));
    clock.advance(Duration.ofMinutes(15));
    assertThat(history.recent().get("a")).as("also when nothing is recorded any more").isEmpty();
  }

  @Test
  void aLagThatIsNotKnownIsMissingAndATaskThatIsGoneIsForgotten() {
    record(Duration.ofMillis(1));
    tasks = List.of(task("a", Optional.empty()), task("b", Optional.of(Duration.ZERO)));
    history.record();
    assertThat(history.recent().get("a")).hasSize(1);
    assertThat(history.recent().get("b")).hasSize(1);
    tasks = List.of(task("b", Optional.empty()));
    history.record();
    assertThat(history.recent()).containsOnlyKeys("b");
  }

  @Test
  void aStoreThatIsAwayLosesNothing() {
    record(Duration.ofMillis(1));
    trouble = Optional.of(new TaskException(TaskException.Kind.STORE_UNAVAILABLE, "away"));
    assertThatThrownBy(history::record).isInstanceOf(TaskException.class);
    assertThat(history.recent().get("a")).hasSize(1);
  }
}
