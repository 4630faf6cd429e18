package io.milvus.cdc.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.chaos.Rounds.Round;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundsTest {

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final Rounds rounds = new Rounds(new PrintStream(printed, true, UTF_8));

  @Test
  void aRoundIsPrintedWhenItHasEnded() {
    rounds.add(new Round(Fault.TARGET_FROZEN, 2, 123, 1, 4.06, 7, 2_050, 0, 0));

    assertThat(lines())
        .singleElement()
        .satisfies(
            line ->
                assertThat(line.split(" +"))
                    .containsExactly(
                        "target-frozen", "2", "123", "1", "4.1", "s", "7", "2050", "0", "0"));
  }

  @Test
  void theTableSumsTheRoundsOfEachFaultInTheirOrder() {
    rounds.add(new Round(Fault.TARGET, 1, 100, 2, 21.5, 7, 2_000, 0, 0));
    rounds.add(new Round(Fault.TARGET, 2, 50, 2, 0.25, 3, 1_000, 0, 1));
    rounds.add(new Round(Fault.TARGET, 3, 10, 2, 7.1, 1, 1, 0, 2));
    rounds.add(new Round(Fault.ETCD, 1, 1, 1, 2, 3, 4, 0, 0));
    printed.reset();

    rounds.printTable();

    assertThat(lines())
        .containsExactly(
            "",
            "| fault | rounds | operations | faults | lag below 1 s after, median | longest"
                + " | collections | rows | differences |",
            "|---|---|---|---|---|---|---|---|---|",
            "| `target` | 3 | 160 | 6 | 7.1 s | 21.5 s | 11 | 3001 | 3 |",
            "| `etcd` | 1 | 1 | 1 | 2.0 s | 2.0 s | 3 | 4 | 0 |");
  }

  private List<String> lines() {
    return printed.toString(UTF_8).lines().toList();
  }
}
