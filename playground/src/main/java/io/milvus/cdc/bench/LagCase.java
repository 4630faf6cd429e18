package io.milvus.cdc.bench;

import com.google.protobuf.InvalidProtocolBufferException;
import io.milvus.cdc.compare.MilvusCluster;
import io.milvus.grpc.FieldData;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.UpsertRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/**
 * Rows are written at a steady rate: how long after the source's acknowledgement is a row's tick
 * published, is the row acknowledged by the target, is it readable there. What the last is compared
 * to: the same rows written straight into the target.
 *
 * @param rowsPerCall written at once
 * @param callsPerSecond how often
 * @param seconds how long
 */
record LagCase(String id, int rowsPerCall, int callsPerSecond, int seconds, Map<String, Goal> goals)
    implements BenchCase {

  static final String TICK_TO_TARGET = "closing tick's publication to target's ack";
  static final String SOURCE_TO_TARGET = "source's ack to target's ack";

  private static final int DIMENSION = 128;

  /** When something happened to calls, milliseconds since the epoch; 0 while it has not. */
  private static final class Moments {

    private final AtomicLongArray acknowledged;
    private final AtomicLongArray timestamps;
    private final AtomicLongArray applied;
    private final AtomicLongArray readable;

    Moments(int calls) {
      acknowledged = new AtomicLongArray(calls);
      timestamps = new AtomicLongArray(calls);
      applied = new AtomicLongArray(calls);
      readable = new AtomicLongArray(calls);
    }
  }

  private static boolean complete(AtomicLongArray moments) {
    return moments.get(moments.length() - 1) > 0;
  }

  @Override
  public void measure(Bed bed, Figures figures) {
    int calls = Math.max(callsPerSecond, (int) (callsPerSecond * seconds * bed.scale()));
    BenchTable copied = BenchTable.vectors(id.replace('-', '_') + "_cdc", DIMENSION);
    copied.create(bed.source(), 1);
    String task = bed.task(bed.tap().port(), copied.name());
    bed.awaitCopy(copied);
    Moments moments = new Moments(calls);
    bed.tap().tell((method, request) -> applied(method, request, moments.applied));
    ProcessUse replicator = bed.replicator();
    double cpu = replicator.cpuSeconds();
    long start = System.nanoTime();
    try (TickLog ticks =
        new TickLog(
            bed.playground().pulsarServiceUrl(), copied.topics(bed.source()).iterator().next())) {
      write(bed.source(), bed.target(), copied, moments);
      double used = (replicator.cpuSeconds() - cpu) / Bed.secondsSince(start);
      Bed.await("rows are missing", () -> complete(moments.applied));
      List<Integer> all = IntStream.range(0, calls).boxed().toList();
      Bed.await(
          "closing ticks are missing",
          () -> all.stream().allMatch(i -> ticks.closed(moments.timestamps.get(i)).isPresent()));
      long[] closed =
          all.stream()
              .mapToLong(i -> ticks.closed(moments.timestamps.get(i)).orElseThrow())
              .toArray();
      addDifferences(
          figures,
          "source's ack to closing tick's publication",
          values(moments.acknowledged),
          closed);
      addDifferences(figures, TICK_TO_TARGET, closed, values(moments.applied));
      addDifferences(
          figures, SOURCE_TO_TARGET, values(moments.acknowledged), values(moments.applied));
      addDifferences(
          figures,
          "source's ack to readable on the target",
          values(moments.acknowledged),
          values(moments.readable));
      figures.add("CPU of the replicating process", "% core", 100 * used);
    }
    bed.tap().tell((method, request) -> {});
    bed.api().delete(task);
    bed.drop(copied);
    BenchTable bare = copied.named(copied.name() + "_bare");
    bare.create(bed.target(), 1);
    Moments direct = new Moments(calls);
    write(bed.target(), bed.target(), bare, direct);
    addDifferences(
        figures,
        "without replication: ack to readable",
        values(direct.acknowledged),
        values(direct.readable));
    bare.drop(bed.target());
  }

  /** Writes at the rate, and watches how many rows are readable on the target. */
  private void write(MilvusCluster to, MilvusCluster target, BenchTable table, Moments moments) {
    int calls = moments.acknowledged.length();
    Thread watcher = new Thread(() -> watch(target, table, moments.readable), "readable");
    watcher.setDaemon(true);
    watcher.start();
    long start = System.nanoTime();
    for (int call = 0; call < calls; call++) {
      long wait = start + call * 1_000_000_000L / callsPerSecond - System.nanoTime();
      if (wait > 0) {
        Bed.sleep(wait / 1_000_000);
      }
      moments.timestamps.set(call, table.insert(to, (long) call * rowsPerCall, rowsPerCall));
      moments.acknowledged.set(call, System.currentTimeMillis());
    }
    Bed.await("rows are not readable", () -> complete(moments.readable));
  }

  private void watch(MilvusCluster target, BenchTable table, AtomicLongArray readable) {
    int seen = 0;
    while (seen < readable.length()) {
      long rows = table.count(target);
      long now = System.currentTimeMillis();
      for (; seen < readable.length() && (seen + 1L) * rowsPerCall <= rows; seen++) {
        readable.set(seen, now);
      }
      Bed.sleep(2);
    }
  }

  /** A call of the target may have the rows of several calls, and of a part of one. */
  private void applied(String method, byte[] request, AtomicLongArray applied) {
    long now = System.currentTimeMillis();
    for (long key : keys(method, request)) {
      if ((key + 1) % rowsPerCall == 0) {
        applied.set((int) (key / rowsPerCall), now);
      }
    }
  }

  private static List<Long> keys(String method, byte[] request) {
    try {
      List<FieldData> fields =
          switch (method) {
            case "Insert" -> InsertRequest.parseFrom(request).getFieldsDataList();
            case "Upsert" -> UpsertRequest.parseFrom(request).getFieldsDataList();
            default -> List.of();
          };
      return fields.stream()
          .filter(field -> field.getFieldName().equals("id"))
          .flatMap(field -> field.getScalars().getLongData().getDataList().stream())
          .toList();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("not a request of Milvus", e);
    }
  }

  private static long[] values(AtomicLongArray array) {
    return IntStream.range(0, array.length()).mapToLong(array::get).toArray();
  }

  private static void addDifferences(Figures figures, String name, long[] from, long[] to) {
    long[] differences =
        IntStream.range(0, from.length).mapToLong(i -> to[i] - from[i]).sorted().toArray();
    if (Arrays.stream(to).anyMatch(moment -> moment == 0)) {
      throw new IllegalStateException(name + ": moments are missing");
    }
    figures.addPercentiles(name, differences);
  }
}
