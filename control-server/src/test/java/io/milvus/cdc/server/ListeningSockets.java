package io.milvus.cdc.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What a process listens on, as Linux tells it. */
public final class ListeningSockets {

  /** Columns of /proc/net/tcp. */
  private static final int LOCAL_ADDRESS = 2;

  private static final int STATE = 4;
  private static final int INODE = 10;
  private static final String LISTENING = "0A";
  private static final String LOOPBACK = "127.0.0.1";

  private ListeningSockets() {}

  /** Addresses and ports of TCP sockets, for example {@code 127.0.0.1:8081}. */
  public static Set<String> of(long pid) throws IOException {
    Path process = Path.of("/proc", Long.toString(pid));
    Set<String> own = new HashSet<>();
    try (Stream<Path> descriptors = Files.list(process.resolve("fd"))) {
      for (Path descriptor : descriptors.toList()) {
        if (Files.isSymbolicLink(descriptor)) {
          own.add(Files.readSymbolicLink(descriptor).toString());
        }
      }
    }
    Set<String> addresses = new TreeSet<>();
    for (String table : List.of("tcp", "tcp6")) {
      for (String line : Files.readAllLines(process.resolve("net").resolve(table))) {
        String[] columns = line.split("\\s+", -1);
        if (columns[STATE].equals(LISTENING) && own.contains("socket:[" + columns[INODE] + "]")) {
          addresses.add(readable(columns[LOCAL_ADDRESS]));
        }
      }
    }
    return addresses;
  }

  /** A port of the loopback interface as {@link #of} names it. */
  public static String onLoopback(int port) {
    return LOOPBACK + ":" + port;
  }

  /** Whether only this machine reaches it. */
  public static boolean isOnLoopback(String address) {
    return address.startsWith(LOOPBACK + ":");
  }

  private static String readable(String hexadecimal) {
    int colon = hexadecimal.indexOf(':');
    String host = hexadecimal.substring(0, colon);
    // 127.0.0.1 as the kernel writes it, as IPv4 and mapped to IPv6.
    boolean loopback = host.equals("0100007F") || host.equals("0000000000000000FFFF00000100007F");
    return (loopback ? LOOPBACK : host)
        + ":"
        + Integer.parseInt(hexadecimal.substring(colon + 1), 16);
  }
}
