package io.milvus.cdc.log;

import io.milvus.cdc.event.SourceEvent;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;

/** Event time of the log: each topic's time ticks, and nothing else. */
public final class LogWatermarks {

  private static final int LOGICAL_BITS = 18;
  private static final String ALIGNMENT_GROUP = "log";

  private LogWatermarks() {}

  /**
   * Watermarks per topic, from its ticks. A topic that is further than a limit ahead of the slowest
   * one is paused, so that what waits for order downstream stays within memory while a task catches
   * up. A topic without ticks (it carries no live collection) holds nobody back.
   *
   * @param maxDrift how far a topic may run ahead of the slowest
   * @param updateInterval how often the topics are compared
   * @param idleness a topic without a message for so long is not waited for
   */
  public static WatermarkStrategy<SourceEvent> strategy(
      Duration maxDrift, Duration updateInterval, Duration idleness) {
    return WatermarkStrategy.<SourceEvent>forGenerator(context -> new FromTicks())
        .withWatermarkAlignment(ALIGNMENT_GROUP, maxDrift, updateInterval)
        .withIdleness(idleness);
  }

  /** Milliseconds since the epoch of a TSO (upper 46 bits; the lower 18 count within one). */
  static long toMillis(long timestamp) {
    return timestamp >>> LOGICAL_BITS;
  }

  /** A tick at T promises nothing at or below T; T's own millisecond may still go on. */
  private static final class FromTicks implements WatermarkGenerator<SourceEvent> {

    private long millis = Long.MIN_VALUE;

    @Override
    public void onEvent(SourceEvent event, long eventTimestamp, WatermarkOutput output) {
      if (event instanceof SourceEvent.TimeTick tick) {
        millis = Math.max(millis, toMillis(tick.timestamp()) - 1);
      } else if (event instanceof SourceEvent.FlushRequested flush) {
        // Their topic has no ticks; so it is not read far ahead of the others.
        millis = Math.max(millis, toMillis(flush.timestamp()) - 1);
      }
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {
      if (millis != Long.MIN_VALUE) {
        output.emitWatermark(new Watermark(millis));
      }
    }
  }
}
