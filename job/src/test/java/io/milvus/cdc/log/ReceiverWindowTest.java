package io.milvus.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ReceiverWindowTest {

  private static final int MOST = 500;
  private static final long SHARE = 4_000_000;

  private final AtomicLong share = new AtomicLong(SHARE);
  private final ReceiverWindow window = new ReceiverWindow(MOST, share::get);

  @Test
  void itBeginsSmallSinceNobodyKnowsWhatComes() {
    assertThat(window.open(1)).isEqualTo(ReceiverWindow.BLIND);
  }

  @Test
  void itBeginsSmallerWhereTheBrokerSaysThatMessagesAreLarge() {
    assertThat(window.open(SHARE / 3)).isEqualTo(3);
    assertThat(window.open(10 * SHARE)).isEqualTo(2);
  }

  @Test
  void itGrowsWhenReadingWaitsAndTheBrokerHasGivenAllItWasAskedFor() {
    window.open(1);

    for (int i = 0; i < 10; i++) {
      window.read(1_000, 3, 3_000, 0);
      window.read(1_000, 0, 0, 5);
      window.drained();
    }

    assertThat(window.size()).isEqualTo(MOST);
  }

  @Test
  void itDoesNotGrowWhileReadingIsWhatIsSlow() {
    window.open(1);

    for (int i = 0; i < 1_000; i++) {
      window.read(1_000, 3, 3_000, 0);
    }

    assertThat(window.size()).isEqualTo(ReceiverWindow.BLIND);
  }

  @Test
  void itDoesNotGrowWhereTheBrokerHasNothingMore() {
    window.open(1);

    for (int i = 0; i < 1_000; i++) {
      window.read(100, 0, 0, 3);
      window.drained();
    }

    assertThat(window.size()).isEqualTo(ReceiverWindow.BLIND);
  }

  @Test
  void itGrowsNoFurtherThanItsShareOfMemory() {
    grow(SHARE / 100);

    assertThat(window.size()).isEqualTo(100);
  }

  @Test
  void itShrinksWhenALargeMessageIsRead() {
    grow(100);

    window.read(SHARE / 5, 0, 0, 1);

    assertThat(window.size()).isEqualTo(5);
  }

  @Test
  void itShrinksWhenWhatIsHeldIsLarge() {
    grow(100);

    window.read(100, 10, 2 * SHARE, 1);

    assertThat(window.size()).isEqualTo(5);
  }

  @Test
  void itShrinksWhenItsShareDoes() {
    grow(SHARE / 100);

    share.set(SHARE / 2);
    window.read(SHARE / 100, 0, 0, 1);

    assertThat(window.size()).isEqualTo(50);
  }

  @Test
  void largeMessagesAreForgottenAfterAThousand() {
    window.open(1);
    window.read(SHARE / 5, 0, 0, 1);

    for (int i = 0; i < 400; i++) {
      window.read(100, 0, 0, 0);
      window.drained();
    }
    assertThat(window.size()).isEqualTo(5);

    for (int i = 0; i < 700; i++) {
      window.read(100, 0, 0, 0);
      window.drained();
    }
    assertThat(window.size()).isEqualTo(MOST);
  }

  @Test
  void itIsSmallAgainAfterSomeQuiet() {
    grow(100);

    for (int i = 0; i < 99; i++) {
      window.read(100, 0, 0, 3);
      window.drained();
    }
    assertThat(window.size()).isEqualTo(MOST);
    window.read(100, 0, 0, 3);
    window.drained();

    assertThat(window.size()).isEqualTo(ReceiverWindow.BLIND);
  }

  @Test
  void afterLargeMessagesItIsAsSmallAsAnyInQuiet() {
    window.open(SHARE / 2);
    window.read(SHARE / 2, 0, 0, 1);

    for (int i = 0; i < 1_100; i++) {
      window.read(100, 0, 0, 1);
      window.drained();
    }

    assertThat(window.size()).isEqualTo(ReceiverWindow.BLIND);
  }

  private void grow(long bytes) {
    window.open(1);
    for (int i = 0; i < 10; i++) {
      window.read(bytes, 0, 0, 0);
      window.drained();
    }
  }
}
