package io.milvus.cdc.bench;

import com.sun.management.ThreadMXBean;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import io.milvus.cdc.playground.PlaygroundException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** Asks a JVM how much its threads have allocated. */
final class Allocation implements AutoCloseable {

  private final JMXConnector connector;
  private final ThreadMXBean threads;

  /**
   * Connects, which takes a while; questions do not.
   *
   * @throws PlaygroundException when the JVM does not answer
   */
  @SuppressWarnings("BanJNDI") // The address is of a process that was started here.
  Allocation(long pid) {
    try {
      connector = JMXConnectorFactory.connect(new JMXServiceURL(managementAddress(pid)));
      threads =
          ManagementFactory.newPlatformMXBeanProxy(
              connector.getMBeanServerConnection(),
              ManagementFactory.THREAD_MXBEAN_NAME,
              ThreadMXBean.class);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private static String managementAddress(long pid) throws IOException {
    try {
      VirtualMachine jvm = VirtualMachine.attach(Long.toString(pid));
      try {
        return jvm.startLocalManagementAgent();
      } finally {
        jvm.detach();
      }
    } catch (AttachNotSupportedException e) {
      throw new IOException(e);
    }
  }

  /** By all threads that live, since they began. */
  double megabytes() {
    return Arrays.stream(threads.getThreadAllocatedBytes(threads.getAllThreadIds()))
            .filter(bytes -> bytes > 0) // One that has ended in between says -1.
            .sum()
        / 1e6;
  }

  @Override
  public void close() {
    try {
      connector.close();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private static PlaygroundException failure(IOException cause) {
    return new PlaygroundException(
        "A measured process cannot be asked what it allocates: " + cause.getMessage(), cause);
  }
}
