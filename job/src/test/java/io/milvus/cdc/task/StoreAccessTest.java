package io.milvus.cdc.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.UserPassword;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreAccessTest {

  private static final String KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

  @TempDir Path directory;

  @Test
  void anEnvironmentWithoutThemMeansNone() {
    assertThat(StoreAccess.fromEnvironment(Map.of("PATH", "/bin", "CDC_SECRET_KEY", " ")))
        .isEqualTo(StoreAccess.NONE);
  }

  @Test
  void readsCredentialsAndKeyAsTheServerNamesThem() {
    StoreAccess access =
        StoreAccess.fromEnvironment(
            Map.of(
                "CDC_METASTORE_USERNAME", "cdc",
                "CDC_META_STORE_PASSWORD", "hidden",
                "CDC_SECRET_KEY", KEY));

    assertThat(access.user()).hasValue(new UserPassword("cdc", new Secret("hidden")));
    assertThat(access.key()).isPresent();
    assertThat(access.tls()).isEmpty();
  }

  @Test
  void readsSecretsFromFiles() throws IOException {
    Path password = Files.writeString(directory.resolve("password"), "hidden\n");
    Path key = Files.writeString(directory.resolve("key"), KEY + "\n");

    StoreAccess access =
        StoreAccess.fromEnvironment(
            Map.of(
                "CDC_META_STORE_USERNAME", "cdc",
                "CDC_META_STORE_PASSWORD_FILE", password.toString(),
                "CDC_SECRET_KEY_FILE", key.toString()));

    assertThat(access.user()).hasValue(new UserPassword("cdc", new Secret("hidden")));
    assertThat(access.key()).isPresent();
  }

  @Test
  void namesTheVariableThatIsWrongAndNeverItsValue() {
    assertWrong(
        Map.of("CDC_SECRET_KEY", "hidden words"),
        "CDC_SECRET_KEY or CDC_SECRET_KEY_FILE is not base64;");
    assertWrong(
        Map.of("CDC_SECRET_KEY_FILE", "/nowhere/key"),
        "CDC_SECRET_KEY_FILE names /nowhere/key, which cannot be read");
    assertWrong(
        Map.of("CDC_SECRET_KEY", KEY, "CDC_SECRET_KEY_FILE", "/k"),
        "CDC_SECRET_KEY and CDC_SECRET_KEY_FILE are both set; leave one out");
    assertWrong(
        Map.of("CDC_META_STORE_USERNAME", "cdc"),
        "CDC_META_STORE_USERNAME is set without CDC_META_STORE_PASSWORD; set both or none");
    assertWrong(
        Map.of("CDC_META_STORE_KEY_FILE", "/k"),
        "CDC_META_STORE_KEY_FILE is set without CDC_META_STORE_CERTIFICATE_FILE; set both or none");
    assertWrong(
        Map.of("CDC_META_STORE_CA_FILE", "/nowhere/ca.pem"),
        "CDC_META_STORE_CA_FILE: '/nowhere/ca.pem' does not exist on this machine");
  }

  private static void assertWrong(Map<String, String> environment, String part) {
    assertThatThrownBy(() -> StoreAccess.fromEnvironment(environment))
        .isInstanceOf(PermanentFailure.class)
        .hasMessageContaining(part)
        .hasMessageEndingWith("and resume the task.")
        .message()
        .doesNotContain("hidden");
  }
}
