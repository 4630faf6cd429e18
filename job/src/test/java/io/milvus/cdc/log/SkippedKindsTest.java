package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.task.Position;
import io.milvus.grpc.MsgType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.SimpleCounter;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class SkippedKindsTest {

  private static final int OF_A_LATER_RELEASE = 12345;

  private final Lines lines = new Lines();
  private final Counters counters = new Counters();
  private final SkippedKinds skipped = new SkippedKinds(counters);

  @BeforeEach
  void listen() {
    lines.start();
    logger().addAppender(lines);
  }

  @AfterEach
  void stopListening() {
    logger().removeAppender(lines);
  }

  private static Logger logger() {
    return (Logger) LogManager.getLogger(SkippedKinds.class);
  }

  @Test
  void eachKindIsCountedAndSaidOnceForEachTopic() {
    for (int entry = 0; entry < 5; entry++) {
      skipped.count(OF_A_LATER_RELEASE, "dml_0", Position.of(1, entry));
      skipped.count(OF_A_LATER_RELEASE, "dml_1", Position.of(2, entry));
      skipped.count(MsgType.Import_VALUE, "dml_0", Position.of(3, entry));
    }

    assertThat(counters.values()).isEqualTo(Map.of("skipped.type12345", 10L, "skipped.Import", 5L));
    assertThat(lines.said)
        .hasSize(3)
        .anyMatch(line -> line.contains("kind=type12345 topic=dml_0 first_message=1:0"))
        .anyMatch(line -> line.contains("kind=type12345 topic=dml_1 first_message=2:0"))
        .anyMatch(line -> line.contains("kind=Import topic=dml_0 first_message=3:0"));
  }

  @Test
  void eachMessageThatIsLeftOutOnRequestIsCountedAndSaid() {
    skipped.countUnreadable("dml_0", Position.of(1, 5));
    skipped.countUnreadable("dml_0", Position.of(1, 7));

    assertThat(counters.values()).isEqualTo(Map.of("skipped.unreadable", 2L));
    assertThat(lines.said)
        .hasSize(2)
        .anyMatch(line -> line.contains("topic=dml_0 message=1:5"))
        .anyMatch(line -> line.contains("topic=dml_0 message=1:7"));
  }

  private static final class Lines extends AbstractAppender {
    private final List<String> said = new ArrayList<>();

    Lines() {
      super("lines", null, null, true, Property.EMPTY_ARRAY);
    }

    @Override
    public void append(LogEvent event) {
      said.add(event.getMessage().getFormattedMessage());
    }
  }

  /** Metrics that can be read, by name with their group. */
  private static final class Counters extends UnregisteredMetricsGroup {
    private final Map<String, Counter> counters = new TreeMap<>();

    @Override
    public MetricGroup addGroup(String group) {
      return new UnregisteredMetricsGroup() {
        @Override
        public Counter counter(String name) {
          return counters.computeIfAbsent(group + "." + name, unseen -> new SimpleCounter());
        }
      };
    }

    Map<String, Long> values() {
      Map<String, Long> values = new TreeMap<>();
      counters.forEach((name, counter) -> values.put(name, counter.getCount()));
      return values;
    }
  }
}
