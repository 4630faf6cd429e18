package io.milvus.cdc.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.milvus.cdc.playground.Part;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What a case has measured, over its repetitions. */
final class Figures {

  /** How much of all processors nobody used. */
  static final String IDLE = "processors idle";

  private static final String ROW = "%-14s %-58s %10s  %-21s %-8s %s%n";

  private final Map<String, String> units = new LinkedHashMap<>();
  private final Map<String, List<Double>> values = new LinkedHashMap<>();

  /** Notes a value of this repetition. */
  void add(String name, String unit, double value) {
    units.put(name, unit);
    values.computeIfAbsent(name, key -> new ArrayList<>()).add(value);
  }

  /** Notes percentiles of many values of this repetition, in milliseconds. */
  void addPercentiles(String name, long[] sortedMillis) {
    for (int percent : new int[] {50, 99, 100}) {
      int index = Math.min(sortedMillis.length - 1, sortedMillis.length * percent / 100);
      add(name + (percent == 100 ? ", max" : ", p" + percent), "ms", (double) sortedMillis[index]);
    }
  }

  /** The values of a figure, one of each repetition. */
  Figure figure(String name) {
    return new Figure(name, units.get(name), values.get(name));
  }

  /** Notes the first values of others, as far as something is asked of them. */
  void addFirstOf(Figures others, BenchCase what) {
    for (Figure figure : others.all()) {
      if (goal(what, figure).isPresent()) {
        add(figure.name() + ", the first time", figure.unit(), figure.values().get(0));
      }
    }
  }

  /** Notes what servers used of the processors in this repetition, and what nobody used. */
  void addUse(Bed.Use between) {
    between.cpuSeconds().forEach((part, used) -> add("CPU of " + part.title(), "s", used));
    add(IDLE, "%", between.idlePercent());
  }

  /** Notes the same of the target while it was given rows without a replicator. */
  void addUse(String loader, Bed.Use between) {
    add(loader + ", CPU of the target", "s", between.cpuSeconds().get(Part.TARGET));
    add(loader + ", " + IDLE, "%", between.idlePercent());
  }

  /** In the order in which they were noted first. */
  List<Figure> all() {
    return values.keySet().stream().map(this::figure).toList();
  }

  static void printTitle(PrintStream out) {
    out.printf(Locale.ROOT, ROW, "case", "figure", "median", "from .. to", "unit", "must");
  }

  /** Prints a line for each figure; one that is to reach something says whether it does. */
  void print(BenchCase what, PrintStream out) {
    for (Figure figure : all()) {
      out.printf(
          Locale.ROOT,
          ROW,
          what.id(),
          figure.name(),
          Figure.shown(figure.median()),
          Figure.shown(figure.least()) + " .. " + Figure.shown(figure.most()),
          figure.unit(),
          goal(what, figure).map(goal -> goal.judge(figure.median())).orElse(""));
    }
  }

  JsonArray json(BenchCase what) {
    JsonArray array = new JsonArray();
    for (Figure figure : all()) {
      JsonObject one = new JsonObject();
      one.addProperty("case", what.id());
      one.addProperty("figure", figure.name());
      one.addProperty("unit", figure.unit());
      one.addProperty("median", figure.median());
      JsonArray repetitions = new JsonArray();
      figure.values().forEach(repetitions::add);
      one.add("values", repetitions);
      goal(what, figure).ifPresent(goal -> one.addProperty("must", goal.toString()));
      array.add(one);
    }
    return array;
  }

  private static Optional<Goal> goal(BenchCase what, Figure figure) {
    return Optional.ofNullable(what.goals().get(figure.name()));
  }
}
