package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.target.WorkForOthers.Work;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class WorkForOthersTest {

  private static final long START = 1_000;

  private final WorkForOthers others = new WorkForOthers(Duration.ofNanos(100));

  @Test
  void whatIsDoneAfterAStepBeganToFailShowsThatTheTargetWorks() {
    others.beganToFail(Work.INSERT, START);
    assertThat(others.isDone(Work.INSERT, START, START + 10)).isFalse();

    others.done(Work.INSERT, START + 20);
    assertThat(others.isDone(Work.INSERT, START, START + 30)).isTrue();
    assertThat(others.isDone(Work.INSERT, START, START + 10_000))
        .as("while nothing is asked for")
        .isTrue();
  }

  @Test
  void whatWasBegunBeforeShowsNothing() {
    others.beganToFail(Work.INSERT, START);
    others.done(Work.INSERT, START - 1);
    assertThat(others.isDone(Work.INSERT, START, START + 10)).isFalse();
  }

  @Test
  void onlyAnInsertShowsThatInsertsAreTaken() {
    others.done(Work.DELETE, START + 1);
    others.done(Work.ANY, START + 2);
    assertThat(others.isDone(Work.INSERT, START, START + 10)).isFalse();
    assertThat(others.isDone(Work.DELETE, START, START + 10)).isTrue();
  }

  @Test
  void rowsShowThatTheTargetWorks() {
    others.done(Work.INSERT, START + 1);
    assertThat(others.isDone(Work.ANY, START, START + 10)).isTrue();
  }

  @Test
  void aTargetThatHasGoneSinceDoesNotWork() {
    others.beganToFail(Work.INSERT, START);
    others.done(Work.INSERT, START + 10);
    others.beganToFail(Work.INSERT, START + 20);
    others.beganToFail(Work.INSERT, START + 119);
    assertThat(others.isDone(Work.INSERT, START, START + 120)).isTrue();
    assertThat(others.isDone(Work.INSERT, START, START + 121)).isFalse();

    others.done(Work.INSERT, START + 20);
    assertThat(others.isDone(Work.INSERT, START, START + 121)).as("begun before").isFalse();
    others.done(Work.INSERT, START + 130);
    assertThat(others.isDone(Work.INSERT, START, START + 131)).isTrue();
  }
}
