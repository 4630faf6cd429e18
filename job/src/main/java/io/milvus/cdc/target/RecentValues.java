package io.milvus.cdc.target;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.flink.metrics.Histogram;
import org.apache.flink.metrics.HistogramStatistics;

/**
 * How the last {@value #KEPT} values are distributed. Many threads may add values, none waits, and
 * adding one makes no garbage. Flink's own histograms are for one thread, or internal to it.
 */
final class RecentValues implements Histogram {

  /** How many values the statistics are of. */
  static final int KEPT = 1024;

  private final AtomicLongArray values = new AtomicLongArray(KEPT);
  private final AtomicLong count = new AtomicLong();

  @Override
  public void update(long value) {
    values.set((int) (count.getAndIncrement() % KEPT), value);
  }

  /** How many values there ever were. */
  @Override
  public long getCount() {
    return count.get();
  }

  @Override
  public HistogramStatistics getStatistics() {
    long[] sorted = new long[(int) Math.min(count.get(), KEPT)];
    Arrays.setAll(sorted, values::get);
    Arrays.sort(sorted);
    return new Sorted(sorted);
  }

  /** All are 0 when there are no values. */
  private static final class Sorted extends HistogramStatistics {
    private final long[] sorted;

    Sorted(long[] sorted) {
      this.sorted = sorted;
    }

    @Override
    public double getQuantile(double quantile) {
      if (sorted.length == 0) {
        return 0;
      }
      int rank = (int) Math.ceil(quantile * sorted.length);
      return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1];
    }

    @Override
    public long[] getValues() {
      return sorted.clone();
    }

    @Override
    public int size() {
      return sorted.length;
    }

    @Override
    public double getMean() {
      return Arrays.stream(sorted).average().orElse(0);
    }

    @Override
    public double getStdDev() {
      double mean = getMean();
      return Math.sqrt(
          Arrays.stream(sorted)
              .mapToDouble(value -> (value - mean) * (value - mean))
              .average()
              .orElse(0));
    }

    @Override
    public long getMax() {
      return sorted.length == 0 ? 0 : sorted[sorted.length - 1];
    }

    @Override
    public long getMin() {
      return sorted.length == 0 ? 0 : sorted[0];
    }
  }
}
