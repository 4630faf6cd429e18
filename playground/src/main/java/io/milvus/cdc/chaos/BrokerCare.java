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

  /** Complaints of the time right after a start pass. */
  private static final Duration SETTLES_IN = Duration.ofSeconds(30);

  private static final Duration LOOKS_EVERY = Duration.ofSeconds(5);

  private final Playground playground;
  private long lookAt = System.nanoTime() + SETTLES_IN.toNanos();
  private long read;

  /** Counts the time from now on. */
  BrokerCare(Playground playground) {
    this.playground = playground;
  }

  /** Whether the broker has begun to complain again after it had time to settle. */
  boolean isWanted() {
    if (System.nanoTime() < lookAt) {
      return false;
    }
    lookAt = System.nanoTime() + LOOKS_EVERY.toNanos();
    boolean first = read == 0;
    return complains(newLog()) && !first;
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
