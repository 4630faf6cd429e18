package io.milvus.cdc.log;

import java.util.Optional;
import org.apache.flink.api.connector.source.SourceSplit;

/**
 * One topic of the log, and from where it is still to be read.
 *
 * @param pchannel the physical channel (last part of the topic's name)
 * @param position where reading goes on; absent to read from the topic's first message
 * @param inclusive whether the message at {@code position} itself is still to be read; false when
 *     there is no position
 */
public record TopicSplit(String pchannel, Optional<Position> position, boolean inclusive)
    implements SourceSplit {
  @Override
  public String splitId() {
    return pchannel;
  }
}
