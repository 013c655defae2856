package io.capstan.node.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The slots of a cache")
final class SlotBudgetTest {
  private static final int SLOTS = 16;
  private static final int SMALL = 10;
  private static final int ONE = 100;
  private static final int ALL = 250;

  private final SlotBudget budget = new SlotBudget(SLOTS, SMALL, ONE, ALL);
  private final List<Integer> emptied = new ArrayList<>();

  private boolean admit(int slot, long sizeBytes) {
    return budget.admit(slot, sizeBytes, emptied::add);
  }

  @Test
  @DisplayName("that are small are never emptied for another, nor empty any")
  void smallOnes() {
    for (int slot = 0; slot < SLOTS; slot++) {
      assertThat(admit(slot, SMALL)).isTrue();
    }
    assertThat(budget.heldBytes()).isZero();
    assertThat(admit(3, ONE)).isTrue();
    assertThat(emptied).isEmpty();
  }

  @Test
  @DisplayName("do not take what is too large, and have forgotten what stood there")
  void tooLarge() {
    assertThat(admit(1, 90)).isTrue();
    assertThat(admit(1, ONE + 1)).isFalse();
    assertThat(budget.heldBytes()).isZero();
    assertThat(emptied).isEmpty();
  }

  @Test
  @DisplayName("are emptied where all together would be too much, the one that is filled excepted")
  void emptied() {
    assertThat(admit(1, 90)).isTrue();
    assertThat(admit(2, 90)).isTrue();
    // In its own place a row may grow.
    assertThat(admit(2, 100)).isTrue();
    assertThat(emptied).isEmpty();
    assertThat(admit(3, 100)).isTrue();
    assertThat(emptied).containsExactly(1);
    assertThat(budget.heldBytes()).isEqualTo(200);
  }

  @Test
  @DisplayName("hold at most what they may, whatever comes, and what they count is what they hold")
  void bounded() {
    SplittableRandom random = new SplittableRandom(7);
    long[] held = new long[SLOTS];
    for (int i = 0; i < 10_000; i++) {
      int slot = random.nextInt(SLOTS);
      long sizeBytes = random.nextInt(ONE + 20);
      boolean isKept =
          budget.admit(
              slot,
              sizeBytes,
              other -> {
                assertThat(other).isNotEqualTo(slot);
                assertThat(held[other]).isPositive();
                held[other] = 0;
              });
      assertThat(isKept).isEqualTo(sizeBytes <= ONE);
      held[slot] = isKept && sizeBytes > SMALL ? sizeBytes : 0;
      long all = 0;
      for (long each : held) {
        all += each;
      }
      assertThat(all).isLessThanOrEqualTo(ALL);
      assertThat(budget.heldBytes()).isEqualTo(all);
    }
  }
}
