package io.milvus.cdc.log;

import io.milvus.cdc.task.Position;
import io.milvus.grpc.MsgType;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts messages that a replica has no use for, and says once for each topic that a kind of them
 * occurs.
 */
final class SkippedKinds {

  private static final Logger LOG = LoggerFactory.getLogger(SkippedKinds.class);

  private final MetricGroup metrics;
  private final Map<String, Counter> counters = new HashMap<>();
  private final Set<Occurrence> said = new HashSet<>();

  private record Occurrence(int type, String pchannel) {}

  SkippedKinds(MetricGroup metrics) {
    this.metrics = metrics;
  }

  /** Counts one message as {@code skipped.unreadable} and says which. */
  void countUnreadable(String pchannel, Position position) {
    LOG.warn(
        "A message that cannot be read is skipped, as was asked for when the task was resumed:"
            + " topic={} message={}",
        pchannel,
        position);
    counter("unreadable").inc();
  }

  /**
   * Counts one message as {@code skipped.<kind>}; a kind that this release does not know is called
   * {@code type<number>}.
   *
   * @param type number of its {@code common.MsgType}
   */
  void count(int type, String pchannel, Position position) {
    MsgType known = MsgType.forNumber(type);
    String name = known == null ? "type" + type : known.name();
    if (said.add(new Occurrence(type, pchannel))) {
      LOG.info(
          "Messages of a kind are not replicated and skipped from now on:"
              + " kind={} topic={} first_message={}",
          name,
          pchannel,
          position);
    }
    counter(name).inc();
  }

  private Counter counter(String name) {
    return counters.computeIfAbsent(name, unseen -> metrics.addGroup("skipped").counter(name));
  }
}
