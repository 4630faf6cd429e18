package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.target.SideBySide.Call;
import io.milvus.cdc.target.TargetException.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SideBySideTest {

  private final ExecutorService threads = Executors.newFixedThreadPool(2);
  private final List<String> made = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void endThreads() {
    threads.shutdownNow();
  }

  @Test
  @Timeout(60)
  void callsAreUnderWayAtTheSameTime() throws Exception {
    CountDownLatch both = new CountDownLatch(2);
    Call waitsForTheOther =
        () -> {
          both.countDown();
          await(both);
          made.add("done");
        };
    new SideBySide(threads).makeAll(List.of(waitsForTheOther, waitsForTheOther));
    assertThat(made).hasSize(2);
  }

  @Test
  @Timeout(60)
  void noThreadIsNeeded() throws Exception {
    new SideBySide(task -> {}).makeAll(List.of(() -> made.add("1"), () -> made.add("2")));
    assertThat(made).containsExactly("1", "2");
  }

  @Test
  @Timeout(60)
  void aFailureIsToldWhenNothingIsUnderWayAnyMore() {
    CountDownLatch failed = new CountDownLatch(1);
    assertThatThrownBy(
            () ->
                new SideBySide(threads)
                    .makeAll(
                        List.of(
                            () -> {
                              failed.countDown();
                              throw new TargetException(Kind.TRANSIENT, "first");
                            },
                            () -> {
                              await(failed);
                              // Time for the failure to be told too early.
                              LockSupport.parkNanos(300_000_000);
                              made.add("second");
                            },
                            () -> {
                              throw new IllegalStateException("third");
                            })))
        .isInstanceOf(TargetException.class)
        .hasMessage("first");
    assertThat(made).containsExactly("second");
  }

  @Test
  void anErrorIsToldAsItIs() {
    assertThatThrownBy(
            () ->
                new SideBySide(threads)
                    .makeAll(
                        List.of(
                            () -> made.add("1"),
                            () -> {
                              throw new NoClassDefFoundError("gone");
                            })))
        .isInstanceOf(NoClassDefFoundError.class);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
