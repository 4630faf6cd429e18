package io.milvus.cdc.log;

import io.milvus.grpc.MsgType;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts messages that a replica has no use for, and says once that a kind of them occurs. */
final class SkippedKinds {

  private static final Logger LOG = LoggerFactory.getLogger(SkippedKinds.class);

  private final MetricGroup metrics;
  private final Map<Integer, Counter> counters = new HashMap<>();

  SkippedKinds(MetricGroup metrics) {
    this.metrics = metrics;
  }

  /**
   * Counts one message as {@code skipped.<kind>}.
   *
   * @param type number of its {@code common.MsgType}
   */
  void count(int type, String pchannel, Position position) {
    counters
        .computeIfAbsent(
            type,
            unseen -> {
              MsgType known = MsgType.forNumber(type);
              String name = known == null ? "type" + type : known.name();
              LOG.info(
                  "Messages of a kind are not replicated and skipped from now on: kind={}"
                      + " first_topic={} first_message={}",
                  name,
                  pchannel,
                  position);
              return metrics.addGroup("skipped").counter(name);
            })
        .inc();
  }
}
