package io.milvus.cdc.playground;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The ports of a playground. Those that only its own parts use follow from these seven, at fixed
 * distances.
 *
 * @param sourceMilvus the source Milvus; the eight ports above it are used inside
 * @param targetMilvus the target Milvus; the ten ports above it are used inside
 * @param etcd the source's etcd; the port above it is used inside
 * @param pulsar Pulsar's binary protocol; the bookie uses the second port above it
 * @param pulsarWeb Pulsar's HTTP interface
 * @param server the control server
 * @param flink Flink's REST interface and web page; the JobManager uses the port above it inside,
 *     and Flink's metrics are at the next three
 */
public record Ports(
    int sourceMilvus,
    int targetMilvus,
    int etcd,
    int pulsar,
    int pulsarWeb,
    int server,
    int flink) {

  /** How many ports follow the first one in a block that {@link #startingAt} lays out. */
  static final int BLOCK_SIZE = 32;

  /** The processes of a Flink cluster. */
  static final List<Part> FLINK =
      List.of(Part.JOB_MANAGER, Part.TASK_MANAGER, Part.SECOND_TASK_MANAGER);

  /** How many ports above its own a Milvus server uses between its components. */
  private static final int MILVUS_INTERNAL = 7;

  /**
   * Checks the ports.
   *
   * @throws IllegalArgumentException when one is out of range or two parts would share one
   */
  public Ports {
    Set<Integer> seen = new HashSet<>();
    for (int port : allOf(sourceMilvus, targetMilvus, etcd, pulsar, pulsarWeb, server, flink)) {
      if (port < 1 || port > 65535) {
        throw new IllegalArgumentException(
            "Port " + port + " is not in 1..65535; choose lower ports for the playground.");
      }
      if (!seen.add(port)) {
        throw new IllegalArgumentException(
            "Port "
                + port
                + " would be used twice (Milvus needs the 10 ports above its own, etcd 1, Pulsar"
                + " 2, Flink 4); choose ports that lie further apart.");
      }
    }
  }

  /** The ports of the documentation: 19530, 29530, 2379, 6650, 8080, 8444 and 8081. */
  public static Ports documented() {
    return new Ports(19530, 29530, 2379, 6650, 8080, 8444, 8081);
  }

  /**
   * Ports that nobody listens on, kept for this JVM until it ends: no other JVM that asks in the
   * same way gets one of them, and they lie below the range from which systems take the ports of
   * outgoing connections.
   *
   * @throws PlaygroundException when there are no free ports left
   */
  public static Ports free() {
    return FreePorts.reserve();
  }

  /** The layout of a block of {@link #BLOCK_SIZE} ports. */
  static Ports startingAt(int base) {
    return new Ports(base, base + 9, base + 20, base + 22, base + 25, base + 26, base + 27);
  }

  /** Every port that any part listens on. */
  List<Integer> all() {
    return allOf(sourceMilvus, targetMilvus, etcd, pulsar, pulsarWeb, server, flink);
  }

  /** The ports that a part listens on. */
  List<Integer> of(Part part) {
    return switch (part) {
      case ETCD -> List.of(etcd, etcdPeer());
      case PULSAR -> List.of(pulsar, pulsarWeb, bookie());
      case SOURCE -> milvus(sourceMilvus);
      case TARGET -> {
        List<Integer> ports = new ArrayList<>(milvus(targetMilvus));
        ports.add(targetEtcd());
        ports.add(targetEtcdPeer());
        yield List.copyOf(ports);
      }
      case JOB_MANAGER -> List.of(flink, flinkRpc(), flinkMetrics(part));
      // The operating system chooses the others.
      case TASK_MANAGER, SECOND_TASK_MANAGER -> List.of(flinkMetrics(part));
      case SERVER -> List.of(server);
    };
  }

  int etcdPeer() {
    return etcd + 1;
  }

  int bookie() {
    return pulsar + 2;
  }

  int flinkRpc() {
    return flink + 1;
  }

  /** Where the metrics of one of a cluster's processes are. */
  int flinkMetrics(Part process) {
    return flink + 2 + FLINK.indexOf(process);
  }

  int sourceMetrics() {
    return metrics(sourceMilvus);
  }

  int targetMetrics() {
    return metrics(targetMilvus);
  }

  int targetEtcd() {
    return targetMilvus + MILVUS_INTERNAL + 2;
  }

  int targetEtcdPeer() {
    return targetMilvus + MILVUS_INTERNAL + 3;
  }

  private static int metrics(int milvus) {
    return milvus + MILVUS_INTERNAL + 1;
  }

  private static List<Integer> milvus(int port) {
    List<Integer> ports = new ArrayList<>();
    for (int i = 0; i <= MILVUS_INTERNAL + 1; i++) {
      ports.add(port + i);
    }
    return List.copyOf(ports);
  }

  private static List<Integer> allOf(
      int sourceMilvus,
      int targetMilvus,
      int etcd,
      int pulsar,
      int pulsarWeb,
      int server,
      int flink) {
    List<Integer> ports = new ArrayList<>(milvus(sourceMilvus));
    ports.addAll(milvus(targetMilvus));
    ports.addAll(List.of(targetMilvus + 9, targetMilvus + 10));
    ports.addAll(List.of(etcd, etcd + 1, pulsar, pulsar + 2, pulsarWeb, server, flink, flink + 1));
    ports.addAll(List.of(flink + 2, flink + 3, flink + 4));
    return List.copyOf(ports);
  }
}
