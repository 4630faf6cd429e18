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

  /** Measures once; leaves neither tasks nor collections but what was prepared. */
  void measure(Bed bed, Figures figures);

  /** Removes what was prepared. */
  default void cleanUp(Bed bed) {}
}
