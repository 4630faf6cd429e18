package io.milvus.cdc.bench;

import java.util.List;
import java.util.Locale;

/**
 * What was measured again and again.
 *
 * @param name what it is, with what it is compared to
 * @param unit of the values
 * @param values one of each repetition
 */
record Figure(String name, String unit, List<Double> values) {

  double median() {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  double least() {
    return values.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
  }

  double most() {
    return values.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
  }

  /** A number for people: three digits that count. */
  static String shown(double value) {
    double size = Math.abs(value);
    String format = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, format, value);
  }
}
