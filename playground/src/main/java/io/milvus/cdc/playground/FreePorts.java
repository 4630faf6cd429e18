package io.milvus.cdc.playground;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Hands out blocks of free ports. A block is held by a lock on a file that all JVMs of a user share
 * and that the operating system releases when the JVM ends, however it ends.
 */
final class FreePorts {

  // Above the ports of well-known services, below Linux' range for outgoing connections (32768).
  private static final int FIRST = 12000;
  private static final int LAST = 32000;

  @GuardedBy("FreePorts.class")
  private static final Map<Integer, FileLock> HELD = new HashMap<>();

  private FreePorts() {}

  static Ports reserve() {
    return reserve(
        Path.of(
            System.getProperty("java.io.tmpdir"),
            "milvus-cdc-playground-ports-" + System.getProperty("user.name")));
  }

  static synchronized Ports reserve(Path lockDirectory) {
    int blocks = (LAST - FIRST) / Ports.BLOCK_SIZE;
    // JVMs that run at the same time start looking at different places.
    int start = Math.floorMod(ProcessHandle.current().pid() * 7, blocks);
    List<Integer> documented = Ports.documented().all();
    try {
      Files.createDirectories(lockDirectory);
      for (int i = 0; i < blocks; i++) {
        int base = FIRST + (start + i) % blocks * Ports.BLOCK_SIZE;
        if (documented.stream().anyMatch(p -> p >= base && p < base + Ports.BLOCK_SIZE)
            || HELD.containsKey(base)) {
          continue;
        }
        if (hold(lockDirectory, base)) {
          return Ports.startingAt(base);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot write the port locks in " + lockDirectory + "; make it writable.", e);
    }
    throw new PlaygroundException(
        "No free block of "
            + Ports.BLOCK_SIZE
            + " ports between "
            + FIRST
            + " and "
            + LAST
            + "; stop some of the playgrounds that are running.");
  }

  /** Whether nobody listens on a port, neither on all addresses nor on the local one. */
  static boolean isFree(int port) {
    return ChildProcess.whileNoneStarts(
        () ->
            canBind(new InetSocketAddress(port))
                && canBind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
  }

  static synchronized boolean hold(Path lockDirectory, int base) throws IOException {
    FileChannel channel =
        FileChannel.open(
            lockDirectory.resolve(base + ".lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE);
    FileLock lock = channel.tryLock();
    if (lock != null && Ports.startingAt(base).all().stream().allMatch(FreePorts::isFree)) {
      HELD.put(base, lock);
      return true;
    }
    channel.close();
    return false;
  }

  private static boolean canBind(InetSocketAddress address) {
    try (ServerSocket socket = new ServerSocket()) {
      // A port whose last connections are still closing can be listened on again at once.
      socket.setReuseAddress(true);
      socket.bind(address);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
