package io.milvus.cdc.target;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.flink.metrics.HistogramStatistics;
import org.junit.jupiter.api.Test;

class RecentValuesTest {

  private final RecentValues values = new RecentValues();

  @Test
  void aQuantileIsAValueThatWasThere() {
    for (int value = 100; value >= 1; value--) {
      values.update(value);
    }
    HistogramStatistics statistics = values.getStatistics();
    assertThat(statistics.getQuantile(0.5)).isEqualTo(50);
    assertThat(statistics.getQuantile(0.95)).isEqualTo(95);
    assertThat(statistics.getQuantile(0.999)).isEqualTo(100);
    assertThat(statistics.getQuantile(0)).isEqualTo(1);
    assertThat(statistics.getMin()).isEqualTo(1);
    assertThat(statistics.getMax()).isEqualTo(100);
    assertThat(statistics.getMean()).isEqualTo(50.5);
    assertThat(statistics.getStdDev()).isBetween(28.8, 28.9);
  }

  @Test
  void onlyTheLastValuesCount() {
    values.update(1_000_000);
    for (int i = 0; i < RecentValues.KEPT; i++) {
      values.update(7);
    }
    assertThat(values.getStatistics().getMax()).isEqualTo(7);
    assertThat(values.getStatistics().size()).isEqualTo(RecentValues.KEPT);
    assertThat(values.getCount()).isEqualTo(RecentValues.KEPT + 1);
  }

  @Test
  void nothingIsZero() {
    assertThat(values.getStatistics().getQuantile(0.99)).isZero();
    assertThat(values.getStatistics().getMax()).isZero();
    assertThat(values.getStatistics().getMean()).isZero();
  }

  @Test
  void manyThreadsMayAdd() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    List<Future<?>> adding = new ArrayList<>();
    for (int thread = 0; thread < 4; thread++) {
      adding.add(
          threads.submit(
              () -> {
                for (int i = 0; i < 100_000; i++) {
                  values.update(3);
                }
              }));
    }
    for (Future<?> one : adding) {
      one.get();
    }
    threads.shutdown();
    assertThat(values.getCount()).isEqualTo(400_000);
    assertThat(values.getStatistics().getMin()).isEqualTo(3);
  }
}
