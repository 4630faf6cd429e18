package io.milvus.cdc.playground;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PortsTest {

  @Test
  void documentedPortsAreThoseOfTheDocumentation() {
    assertThat(Ports.documented()).isEqualTo(new Ports(19530, 29530, 2379, 6650, 8080, 8444, 8081));
  }

  @Test
  void everyPartListensOnPortsOfItsOwn() {
    Set<Integer> seen = new HashSet<>();
    for (Part part : Part.values()) {
      for (int port : Ports.documented().of(part)) {
        assertThat(seen.add(port)).as("%s of %s", port, part).isTrue();
      }
    }
    assertThat(Ports.documented().all()).containsExactlyInAnyOrderElementsOf(seen);
  }

  @Test
  void aBlockHoldsAllPortsThatStartThere() {
    assertThat(Ports.startingAt(15000).all())
        .allMatch(port -> port >= 15000 && port < 15000 + Ports.BLOCK_SIZE);
  }

  @Test
  void portsThatTwoPartsWouldShareAreRefused() {
    assertThatThrownBy(() -> new Ports(19530, 19531, 2379, 6650, 8080, 8444, 8081))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Port 19531 would be used twice");
  }

  @Test
  void aPortOutOfRangeIsRefused() {
    assertThatThrownBy(() -> new Ports(19530, 65530, 2379, 6650, 8080, 8444, 8081))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("65536 is not in 1..65535");
  }

  @Test
  void aSecondReservationGetsOtherPorts(@TempDir Path locks) {
    assertThat(FreePorts.reserve(locks).all())
        .doesNotContainAnyElementsOf(FreePorts.reserve(locks).all());
  }

  @Test
  void anotherJvmGetsOtherPorts(@TempDir Path locks) throws Exception {
    Ports own = FreePorts.reserve(locks);
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OtherJvm.class.getName(),
                locks.toString(),
                Integer.toString(own.sourceMilvus()))
            .redirectErrorStream(true)
            .start();
    String output = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(other.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(output.strip()).isEqualTo("held");
  }

  @Test
  void aPortThatIsListenedOnIsNotFree() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(FreePorts.isFree(socket.getLocalPort())).isFalse();
    }
  }

  /** Tries to take the block that the test's JVM holds. */
  static final class OtherJvm {
    private OtherJvm() {}

    public static void main(String[] arguments) throws Exception {
      boolean got = FreePorts.hold(Path.of(arguments[0]), Integer.parseInt(arguments[1]));
      System.out.println(got ? "taken" : "held");
    }
  }
}
