package io.milvus.cdc.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Base64;
import org.junit.jupiter.api.Test;

class SealingKeyTest {

  private static final String KEY = Base64.getEncoder().encodeToString(new byte[32]);

  private final SealingKey key = key(KEY);

  @Test
  void whatIsSealedOpensAtItsPlaceOnly() throws SealException {
    String sealed = key.seal("root:Milvus ü", "task/token");

    assertThat(sealed).startsWith("v1:" + key.id() + ":").doesNotContain("root", "Milvus");
    assertThat(key.open(sealed, "task/token")).isEqualTo("root:Milvus ü");
    assertThatThrownBy(() -> key.open(sealed, "other/token"))
        .isInstanceOf(SealException.class)
        .hasMessage("is sealed, and damaged or taken from another task or field");
  }

  @Test
  void theSameTextIsSealedDifferentlyEachTime() {
    assertThat(key.seal("a", "p")).isNotEqualTo(key.seal("a", "p"));
  }

  @Test
  void aChangedByteIsNoticed() {
    String sealed = key.seal("root:Milvus", "p");
    int at = sealed.length() - 6;
    char other = sealed.charAt(at) == 'A' ? 'B' : 'A';
    String changed = sealed.substring(0, at) + other + sealed.substring(at + 1);

    assertThatThrownBy(() -> key.open(changed, "p")).isInstanceOf(SealException.class);
    assertThatThrownBy(() -> key.open("v1:" + key.id() + ":AAAA", "p"))
        .isInstanceOf(SealException.class);
    assertThatThrownBy(() -> key.open("v1:" + key.id() + ":!", "p"))
        .isInstanceOf(SealException.class);
  }

  @Test
  void anotherKeyIsNamedNotTried() {
    byte[] bytes = new byte[32];
    bytes[5] = 1;
    SealingKey other = key(Base64.getEncoder().encodeToString(bytes));
    String sealed = key.seal("a", "p");

    assertThatThrownBy(() -> other.open(sealed, "p"))
        .isInstanceOf(SealException.class)
        .hasMessage(
            "is sealed with key %s, and the key that is set here is %s; set the right one"
                .formatted(key.id(), other.id()));
  }

  @Test
  void aLayoutOfALaterReleaseIsRefused() {
    assertThatThrownBy(() -> key.open("v2:" + key.id() + ":AAAA", "p"))
        .isInstanceOf(SealException.class)
        .hasMessageContaining("a layout that this release does not know");
  }

  @Test
  void aKeyThatIsNoneIsRefusedWithoutQuotingIt() {
    assertThatThrownBy(() -> SealingKey.of("c2hvcnQ="))
        .isInstanceOf(SealException.class)
        .hasMessage(
            "has 5 bytes; it must be 32 bytes in base64, as 'openssl rand -base64 32' makes them");
    assertThatThrownBy(() -> SealingKey.of("my secret words"))
        .isInstanceOf(SealException.class)
        .hasMessageStartingWith("is not base64;")
        .message()
        .doesNotContain("secret words");
    assertThat(key(" " + KEY + "\n").id()).isEqualTo(key.id());
  }

  @Test
  void aSecretDoesNotShowItself() {
    assertThat(new UserPassword("cdc", new Secret("hidden")).toString()).doesNotContain("hidden");
    assertThat(key.toString()).doesNotContain(KEY);
  }

  private static SealingKey key(String base64) {
    try {
      return SealingKey.of(base64);
    } catch (SealException e) {
      throw new AssertionError(e);
    }
  }
}
