package io.milvus.cdc.bench;

import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import java.util.Map;

/** Something that is measured. */
interface BenchCase {

  /** Its name on the command line. */
  String id();

  /** What figures of it have to reach, by their names. */
  Map<String, Goal> goals();

  /** Where Flink has to be for it. */
  default FlinkMode flink() {
    return FlinkMode.EMBEDDED;
  }

  /** Does once what all measurements need. */
  default void prepare(Bed bed) {}

  /**
   * How often it is done before it counts, so that the JVM has compiled what runs, as in a process
   * that has replicated for a while. What the first time took is shown for what has a goal.
   */
  default int warmUps() {
    return 0;
  }

  /** Measures once; leaves neither tasks nor collections but what was prepared. */
  void measure(Bed bed, Figures figures);

  /** Adds what only all repetitions together tell. */
  default void conclude(Figures figures) {}

  /** Removes what was prepared. */
  default void cleanUp(Bed bed) {}
}
