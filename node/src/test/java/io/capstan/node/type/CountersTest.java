package io.capstan.node.type;

import static io.capstan.node.type.TypedReplica.operation;
import static org.assertj.core.api.Assertions.assertThat;

import io.capstan.node.version.Dot;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A counter")
final class CountersTest {

  private final TypedReplica a = new TypedReplica("a");
  private final TypedReplica b = new TypedReplica("b");

  @Test
  @DisplayName("counts an operation once that two coordinators executed")
  void countsOnce() {
    a.add(operation(1, 1), 5);
    b.add(operation(1, 1), 5);
    a.takes(b);
    assertThat(a.sum()).isEqualTo(5);
  }

  @Test
  @DisplayName("folds what is stable and nothing else")
  void foldsWhatIsStable() {
    a.add(operation(1, 1), 5);
    Dot stable = a.lastDot();
    a.add(operation(1, 2), 7);
    assertThat(a.fold(Set.of(stable)::contains)).isTrue();
    assertThat(a.held().siblings()).hasSize(2);
    assertThat(a.sum()).isEqualTo(12);
  }

  @Test
  @DisplayName("does not fold what another coordinator executed too: the larger dot leaves first")
  void waitsForTheLargerDot() {
    a.add(operation(1, 1), 5);
    b.add(operation(1, 1), 5);
    a.takes(b);
    b.takes(a);
    // given both see both: a, with the smaller dot, waits even where all is stable
    assertThat(a.fold(dot -> true)).isFalse();
    // when b drops its own, uncounted
    assertThat(b.fold(dot -> false)).isTrue();
    a.takes(b);
    // then a may fold
    assertThat(a.fold(dot -> true)).isTrue();
    b.takes(a);
    assertThat(b.sum()).isEqualTo(5);
    assertThat(b.held().siblings()).hasSize(2);
  }

  @Test
  @DisplayName("does not count again what was executed once more after a disk was lost")
  void reexecutedAfterDiskLoss() {
    // given b has seen the increment, so that a may fold it, and then loses its disk
    a.add(operation(1, 1), 5);
    a.fold(dot -> true);
    TypedReplica newB = new TypedReplica("b2");
    // when the client repeats it there
    newB.add(operation(1, 1), 5);
    newB.takes(a);
    a.takes(newB);
    // then it counts once, and its owner takes it away
    assertThat(newB.sum()).isEqualTo(5);
    assertThat(a.sum()).isEqualTo(5);
    assertThat(newB.fold(dot -> true)).isTrue();
    a.takes(newB);
    assertThat(a.sum()).isEqualTo(5);
    assertThat(Counters.unfolded(a.held(), newB.lastDot().actor())).isZero();
  }

  @Test
  @DisplayName(
      "remembers folded operations of a session up to its window, then says that it forgot")
  void remembersUpToTheWindow() {
    int operations = TypeLimits.MARKED_OPERATIONS_MAX + 1;
    for (int i = 1; i <= operations; i++) {
      a.add(operation(1, i), 1);
    }
    a.fold(dot -> true);
    assertThat(a.add(operation(1, 2), 1)).isInstanceOf(TypedChange.Repeated.class);
    assertThat(a.add(operation(1, 1), 1)).isInstanceOf(TypedChange.BeyondWindow.class);
    assertThat(a.sum()).isEqualTo(operations);
  }

  @Test
  @DisplayName("has a bounded memory of sessions and folds no more than it has room for")
  void boundedSessions() {
    for (int i = 1; i <= TypeLimits.MARKED_SESSIONS_MAX; i++) {
      a.add(operation(i, 1), 1);
      a.fold(dot -> true);
    }
    long folded = a.held().sizeBytes();
    // when one more comes at once, it stays unfolded
    a.add(operation(100_000, 1), 1);
    assertThat(a.fold(dot -> true)).isFalse();
    // and later the one that was used longest ago makes room
    a.passMillis(TypeLimits.MARKED_SESSION_MIN_MILLIS + 1);
    assertThat(a.fold(dot -> true)).isTrue();
    assertThat(a.held().sizeBytes()).isLessThanOrEqualTo(folded + 16);
    // and after the time to live all of them are gone
    a.passMillis(TypeLimits.MARKED_SESSION_TTL_MILLIS + 1);
    a.add(operation(7, 2), 1);
    a.fold(dot -> true);
    assertThat(a.held().sizeBytes()).isLessThan(200);
    assertThat(a.sum()).isEqualTo(TypeLimits.MARKED_SESSIONS_MAX + 2);
  }

  @Test
  @DisplayName("is the sum of distinct operations in whatever order rows are exchanged")
  void anyOrder() {
    for (int seed = 0; seed < 300; seed++) {
      anyOrder(new SplittableRandom(seed), seed);
    }
  }

  /** Three replicas that know of each other's state what the test knows: who has seen what. */
  private static void anyOrder(SplittableRandom random, int seed) {
    List<TypedReplica> replicas =
        List.of(new TypedReplica("a"), new TypedReplica("b"), new TypedReplica("c"));
    List<Long> deltas = new ArrayList<>();
    for (int step = 0; step < 120; step++) {
      TypedReplica one = replicas.get(random.nextInt(3));
      switch (random.nextInt(4)) {
        case 0 -> {
          deltas.add(random.nextLong(-1_000, 1_000));
          one.add(operation(1, deltas.size()), deltas.get(deltas.size() - 1));
        }
        case 1 -> {
          if (!deltas.isEmpty()) {
            int repeated = random.nextInt(deltas.size());
            one.add(operation(1, repeated + 1), deltas.get(repeated));
          }
        }
        case 2 -> one.takes(replicas.get(random.nextInt(3)));
        default -> one.fold(dot -> replicas.stream().allMatch(r -> knows(r, dot, one)));
      }
    }
    for (int round = 0; round < 4; round++) {
      for (TypedReplica one : replicas) {
        replicas.forEach(one::takes);
        one.fold(dot -> replicas.stream().allMatch(r -> knows(r, dot, one)));
      }
    }
    replicas.forEach(one -> replicas.forEach(one::takes));
    long sum = deltas.stream().mapToLong(d -> d).sum();
    for (TypedReplica one : replicas) {
      assertThat(one.sum()).as("seed %s", seed).isEqualTo(sum);
      assertThat(one.held().siblings()).as("seed %s", seed).hasSizeLessThanOrEqualTo(3);
    }
  }

  private static boolean knows(TypedReplica replica, Dot dot, TypedReplica folder) {
    return replica.held().covers(dot) && folder.held().context().covers(replica.held().context());
  }
}
