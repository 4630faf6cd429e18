package io.milvus.cdc.chaos;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.Playground;
import io.milvus.cdc.playground.PlaygroundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/**
 * Finds out when a broker needs its operator. One that was killed (Pulsar 3.0) now and then cannot
 * read topics that it loaded before its bookie was back (apache/pulsar issue 23654), and a
 * standalone one may lose the new bookie together with what the killed one had left in its
 * metadata. The source's own readers stand still then as well, until the broker is started anew.
 */
final class BrokerCare {

  private static final List<String> COMPLAINTS =
      List.of("LastConfirmedEntry is null", "Not enough non-faulty bookies");

  /** Right after a start there are some that pass. */
  private static final int LOOKS_THAT_FOUND_COMPLAINTS = 3;

  private static final Duration LOOKS_EVERY = Duration.ofSeconds(8);

  private final Playground playground;
  private long read;
  private long lookedAt = System.nanoTime();
  private int complaining;

  BrokerCare(Playground playground) {
    this.playground = playground;
  }

  /** Whether the broker's log goes on to complain; looks into it now and then only. */
  boolean isWanted() {
    if (System.nanoTime() - lookedAt < LOOKS_EVERY.toNanos()) {
      return false;
    }
    lookedAt = System.nanoTime();
    complaining = complains(newLog()) ? complaining + 1 : 0;
    boolean wanted = complaining >= LOOKS_THAT_FOUND_COMPLAINTS;
    complaining = wanted ? 0 : complaining;
    return wanted;
  }

  private static boolean complains(String log) {
    return COMPLAINTS.stream().anyMatch(log::contains);
  }

  private String newLog() {
    try (RandomAccessFile log = new RandomAccessFile(playground.log(Part.PULSAR).toFile(), "r")) {
      log.seek(read);
      byte[] added = new byte[Math.toIntExact(log.length() - read)];
      log.readFully(added);
      read += added.length;
      return new String(added, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new PlaygroundException("Pulsar's log cannot be read: " + e.getMessage(), e);
    }
  }
}
