package io.capstan.node.quorum;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.capstan.proto.store.v1.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A set of replicas")
class ReplicaSetTest {

  private static final List<Level> LEVELS =
      List.of(Level.LEVEL_ONE, Level.LEVEL_QUORUM, Level.LEVEL_ALL);

  private final ReplicaSet three = ReplicaSet.of(List.of("n1", "n2", "n3"));
  private final ReplicaSet replacing =
      new ReplicaSet(9, List.of("n1", "n2", "n4"), List.of("n1", "n2", "n3"), Set.of());

  @Test
  @DisplayName("asks a level of both sets while it is joint")
  void jointLevels() {
    assertThat(replacing.satisfies(replacing.mask(List.of("n1", "n4")), Level.LEVEL_QUORUM))
        .as("one of the three of before is no quorum of theirs")
        .isFalse();
    assertThat(replacing.satisfies(replacing.mask(List.of("n1", "n2")), Level.LEVEL_QUORUM))
        .isTrue();
    assertThat(replacing.satisfies(replacing.bit("n3"), Level.LEVEL_ONE))
        .as("one that leaves is none of those to come")
        .isFalse();
    assertThat(replacing.satisfies(replacing.mask(List.of("n3", "n4")), Level.LEVEL_ONE)).isTrue();
    assertThat(replacing.lacking(replacing.bit("n3"), Level.LEVEL_QUORUM)).isEqualTo(2);
    assertThat(replacing.missing(replacing.mask(List.of("n1", "n2", "n4")))).containsExactly("n3");
  }

  @Test
  @DisplayName("knows who comes, who leaves and who holds what was confirmed")
  void roles() {
    assertThat(replacing.incoming()).containsExactly("n4");
    assertThat(replacing.leaving()).containsExactly("n3");
    assertThat(replacing.established()).containsExactly("n1", "n2", "n3");
    assertThat(three.incoming()).isEmpty();
    assertThat(three.leaving()).isEmpty();
  }

  @Test
  @DisplayName("takes masks over from the set before, without those who are gone")
  void carries() {
    ReplicaSet after = new ReplicaSet(10, List.of("n1", "n2", "n4"), List.of(), Set.of());
    long mask = replacing.mask(List.of("n2", "n3", "n4"));
    assertThat(after.in(after.carry(replacing, mask))).containsExactly("n2", "n4");
  }

  @Test
  @DisplayName("needs replicas - Wmin + 1 seals, in both sets while it is joint")
  void seals() {
    assertThat(three.coversWrites(three.mask(List.of("n1", "n2")), Level.LEVEL_ONE)).isFalse();
    assertThat(three.coversWrites(three.mask(List.of("n1", "n2")), Level.LEVEL_QUORUM)).isTrue();
    assertThat(three.coversWrites(three.bit("n3"), Level.LEVEL_ALL)).isTrue();
    assertThat(replacing.coversWrites(replacing.bit("n3"), Level.LEVEL_ALL)).isFalse();
    assertThat(replacing.coversWrites(replacing.bit("n1"), Level.LEVEL_ALL)).isTrue();
  }

  @Test
  @DisplayName(
      "of any two configurations that follow each other: reads meet writes that must be met")
  void consecutiveConfigurationsMeet() {
    for (int size = 1; size <= 5; size++) {
      List<String> before = names(1, size);
      for (List<String> after :
          List.of(names(1, size + 1), names(1, Math.max(1, size - 1)), names(2, size))) {
        ReplicaSet joint = new ReplicaSet(2, after, before, Set.of());
        allMeet(ReplicaSet.of(before), joint);
        allMeet(joint, ReplicaSet.of(after));
      }
    }
  }

  private static List<String> names(int first, int count) {
    List<String> names = new ArrayList<>();
    for (int i = first; i < first + count; i++) {
      names.add("n" + i);
    }
    return names;
  }

  private static void allMeet(ReplicaSet one, ReplicaSet other) {
    List<String> universe = names(1, 7);
    for (Level write : LEVELS) {
      for (Level read : LEVELS) {
        if (!one.meets(read, write) || !other.meets(read, write)) {
          continue;
        }
        for (int w = 0; w < 1 << universe.size(); w++) {
          for (int r = 0; r < 1 << universe.size(); r++) {
            if ((w & r) == 0) {
              assertThat(holds(one, w, write, universe) && holds(other, r, read, universe))
                  .as("%s writes %s at %s, %s reads %s at %s", one, w, write, other, r, read)
                  .isFalse();
            }
          }
        }
      }
    }
  }

  private static boolean holds(ReplicaSet set, int who, Level level, List<String> universe) {
    long mask = 0;
    for (int i = 0; i < universe.size(); i++) {
      if ((who & 1 << i) != 0 && set.contains(universe.get(i))) {
        mask |= set.bit(universe.get(i));
      }
    }
    return set.satisfies(mask, level);
  }

  @Test
  @DisplayName("refuses what it cannot count")
  void refuses() {
    assertThatThrownBy(() -> ReplicaSet.of(List.of("n1", "n1")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ReplicaSet.of(names(1, 65)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> three.bit("n9")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> three.satisfies(7, Level.LEVEL_STALE))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
