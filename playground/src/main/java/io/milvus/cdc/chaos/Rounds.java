package io.milvus.cdc.chaos;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What rounds have come to: a line for each as soon as it has ended, and a table of all. */
final class Rounds {

  private static final String ROW = "%-14s %5s %10s %7s %12s %12s %8s %9s %11s%n";

  private final PrintStream out;
  private final Map<Fault, List<Round>> ended = new LinkedHashMap<>();

  /**
   * One round.
   *
   * @param number of the rounds of its fault, from 1
   * @param operations of the clients
   * @param faults how often something was broken
   * @param seconds from the end of the last fault until the lag was below a second
   * @param collections that were compared
   * @param rows that were compared
   * @param unknown how much could not be compared
   * @param differences that were found
   */
  record Round(
      Fault fault,
      int number,
      long operations,
      int faults,
      double seconds,
      int collections,
      long rows,
      int unknown,
      int differences) {}

  Rounds(PrintStream out) {
    this.out = out;
  }

  void printTitle() {
    out.printf(
        Locale.ROOT,
        ROW,
        "fault",
        "round",
        "operations",
        "faults",
        "lag<1s after",
        "collections",
        "rows",
        "unknown",
        "differences");
  }

  void add(Round round) {
    ended.computeIfAbsent(round.fault(), fault -> new ArrayList<>()).add(round);
    out.printf(
        Locale.ROOT,
        ROW,
        round.fault().id(),
        round.number(),
        round.operations(),
        round.faults(),
        String.format(Locale.ROOT, "%.1f s", round.seconds()),
        round.collections(),
        round.rows(),
        round.unknown(),
        round.differences());
  }

  /** All rounds of a fault in one line of Markdown each. */
  void printTable() {
    out.println();
    out.println(
        "| fault | rounds | operations | faults | lag below 1 s after, median | longest"
            + " | collections | rows | differences |");
    out.println("|---|---|---|---|---|---|---|---|---|");
    ended.forEach(
        (fault, rounds) -> {
          double[] seconds = rounds.stream().mapToDouble(Round::seconds).sorted().toArray();
          out.printf(
              Locale.ROOT,
              "| `%s` | %d | %d | %d | %.1f s | %.1f s | %d | %d | %d |%n",
              fault.id(),
              rounds.size(),
              rounds.stream().mapToLong(Round::operations).sum(),
              rounds.stream().mapToInt(Round::faults).sum(),
              seconds[seconds.length / 2],
              seconds[seconds.length - 1],
              rounds.stream().mapToInt(Round::collections).sum(),
              rounds.stream().mapToLong(Round::rows).sum(),
              rounds.stream().mapToInt(Round::differences).sum());
        });
  }
}
